//! Accounts for the measured changes.

use std::sync::Arc;
use std::time::Duration;

use repass_core::{
    Argon2idHasher, Engine, HasherOptions, KeyKind, NewAccount, Plaintext, Profile, Realm, Scope,
    SystemRandomness,
};
use repass_store::{Store, StoreOptions};

/// The credentials of a connection for changing the password of its account.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    pub(crate) app_key: String,
    pub(crate) token: String,
    /// The initial password, which is different for each account.
    pub(crate) first_password: String,
}

/// Adds `count` accounts, each with a token, to the database at `url`.
pub(crate) async fn add(url: &str, options: &HasherOptions, count: usize) -> Vec<Credentials> {
    let (store, engine) = open(url, options).await;
    let all_credentials = add_to(&engine, count).await;
    store.close().await.unwrap();
    all_credentials
}

/// Opens the database at `url`.
pub(crate) async fn open(url: &str, options: &HasherOptions) -> (Store, Engine) {
    let store = Store::open(url, &StoreOptions::default()).await.unwrap();
    let key = store.installation_key(None, &SystemRandomness).await.unwrap().key;
    let hasher = Arc::new(Argon2idHasher::start(options, Arc::new(SystemRandomness)).unwrap());
    let engine = Engine::builder(store.ports(), hasher, key).build();
    (store, engine)
}

/// Issues an admin key of all scopes. Returns its secret.
pub(crate) async fn issue_admin_key(engine: &Engine) -> String {
    let (realm, scopes) = ("etna".parse().unwrap(), Scope::ALL.into());
    let issued = engine.administration().issue_admin_key(&realm, "load", scopes, false).await;
    issued.unwrap().1.expose().to_owned()
}

/// Adds `count` accounts, each with a token.
pub(crate) async fn add_to(engine: &Engine, count: usize) -> Vec<Credentials> {
    let administration = engine.administration();
    let realm: Realm = "etna".parse().unwrap();
    let (_, app_key) = administration.issue_key(&realm, KeyKind::App, "load").await.unwrap();
    let mut all_credentials = Vec::with_capacity(count);
    for number in 0..count {
        // In letters, since a password that contains the user id is refused.
        let letters: String =
            number.to_string().bytes().map(|digit| char::from(digit - b'0' + b'a')).collect();
        let password = format!("the first password of account {letters}");
        let new = NewAccount {
            realm: realm.clone(),
            user_id: number.to_string().parse().unwrap(),
            email: None,
            username: None,
            profile: Profile::default(),
        };
        let first = Some(Plaintext::from(password.as_str()));
        administration.add_account(new, first).await.unwrap();
        let day = Duration::from_secs(24 * 60 * 60);
        let issued = administration.issue_token(&realm, &number.to_string(), Vec::new(), day).await;
        let token = issued.unwrap().1.expose().to_owned();
        all_credentials.push(Credentials {
            app_key: app_key.expose().to_owned(),
            token,
            first_password: password,
        });
    }
    all_credentials
}
