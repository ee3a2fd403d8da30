//! Accounts to change the passwords of.

use std::sync::Arc;
use std::time::Duration;

use repass_core::{
    Argon2idHasher, Engine, HasherOptions, KeyKind, NewAccount, Plaintext, Profile, Realm,
    SystemRandomness,
};
use repass_store::{Store, StoreOptions};

/// What one connection needs to change the password of its own account.
#[derive(Debug, Clone)]
pub(crate) struct Holder {
    pub(crate) app_key: String,
    pub(crate) token: String,
    /// The password that the account was made with, unlike any other's.
    pub(crate) first_password: String,
}

/// So many accounts, each with a token, in the database of that URL.
pub(crate) async fn add(url: &str, options: &HasherOptions, count: usize) -> Vec<Holder> {
    let store = Store::open(url, &StoreOptions::default()).await.unwrap();
    let key = store.installation_key(None, &SystemRandomness).await.unwrap().key;
    let hasher = Arc::new(Argon2idHasher::start(options, Arc::new(SystemRandomness)).unwrap());
    let engine = Engine::builder(store.ports(), hasher, key).build();
    let holders = add_to(&engine, count).await;
    store.close().await.unwrap();
    holders
}

/// The same over an engine.
pub(crate) async fn add_to(engine: &Engine, count: usize) -> Vec<Holder> {
    let administration = engine.administration();
    let realm: Realm = "etna".parse().unwrap();
    let (_, app_key) = administration.issue_key(&realm, KeyKind::App, "load").await.unwrap();
    let mut holders = Vec::with_capacity(count);
    for number in 0..count {
        // In letters, for a password that holds the user id is refused.
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
        holders.push(Holder {
            app_key: app_key.expose().to_owned(),
            token,
            first_password: password,
        });
    }
    holders
}
