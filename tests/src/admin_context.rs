use std::sync::Arc;
use std::time::Duration;

use repass_core::{
    Account, Administration, AdministrationStore, Argon2idHasher, AuditFilter, AuditRecord, Engine,
    EngineBuilder, Hasher, InstallationKey, KeyKind, NewAccount, Plaintext, Policy, PolicyRules,
    Profile, Realm, Scope, Subject,
};
use repass_store::{Store, StoreOptions};
use repass_testkit::fixtures;

use crate::Database;

/// The password that every account is made with.
pub const FIRST_PASSWORD: &str = "the very first password";

/// The operator's administration on the database of a running server.
pub struct AdminContext {
    /// The administration.
    pub administration: Administration,
    /// The store.
    pub store: Arc<dyn AdministrationStore>,
    hasher: Arc<Argon2idHasher>,
    /// Keeps the database after the server has ended.
    database: Database,
}

/// An account for a test.
#[derive(Debug, Clone)]
pub struct TestAccount {
    /// The account.
    pub account: Account,
    /// Its user id.
    pub user_id: String,
    /// Its e-mail address.
    pub email: String,
}

impl AdminContext {
    /// Opens the admin context on a database.
    pub(crate) async fn open(database: Database) -> Self {
        let mut options = StoreOptions::default();
        options.migrate = false;
        let store = Store::open(&database.url(), &options).await.unwrap().ports();
        let key = database.key();
        let hasher = Arc::new(fixtures::hasher());
        // The tests may give accounts any password.
        let policy = Policy::new(PolicyRules::length(1, 256)).unwrap();
        let engine = Engine::builder(Arc::clone(&store), hasher.clone(), key);
        let administration = engine.policy(policy).build().administration().clone();
        Self { administration, store, hasher, database }
    }

    /// Another engine on the same database, to be finished.
    pub fn engine(&self, key: InstallationKey) -> EngineBuilder<Arc<dyn AdministrationStore>> {
        Engine::builder(Arc::clone(&self.store), self.hasher.clone(), key)
    }

    /// The database.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Adds an account with [`FIRST_PASSWORD`].
    pub async fn add(&self, realm: &str, user_id: &str) -> TestAccount {
        self.add_with(realm, user_id, Profile::default()).await
    }

    /// Adds an account with [`FIRST_PASSWORD`] and a profile.
    pub async fn add_with(&self, realm: &str, user_id: &str, profile: Profile) -> TestAccount {
        let digits: String = user_id.chars().filter(char::is_ascii_alphanumeric).collect();
        let email = format!("{digits}@example.org");
        let new = NewAccount {
            realm: self.realm(realm),
            user_id: user_id.parse().unwrap(),
            email: email.parse().ok(),
            username: None,
            profile,
        };
        let password = Some(Plaintext::from(FIRST_PASSWORD));
        let account = self.administration.add_account(new, password).await.unwrap();
        TestAccount { account, user_id: user_id.to_owned(), email }
    }

    /// Issues a key.
    pub async fn key(&self, realm: &str, kind: KeyKind) -> String {
        let realm = self.realm(realm);
        let (_, secret) = self.administration.issue_key(&realm, kind, "test").await.unwrap();
        secret.expose().to_owned()
    }

    /// Issues a key for the admin API of all realms, with all scopes.
    pub async fn admin_key(&self) -> String {
        let (realm, scopes) = (self.realm("zap"), Scope::ALL.into_iter().collect());
        let issued = self.administration.issue_admin_key(&realm, "back end", scopes, true).await;
        issued.unwrap().1.expose().to_owned()
    }

    /// Issues an access token for an hour.
    pub async fn token(&self, realm: &str, user_id: &str, roles: &[&str]) -> String {
        let roles = roles.iter().map(|role| (*role).to_owned()).collect();
        let hour = Duration::from_secs(3600);
        let realm = self.realm(realm);
        let issued = self.administration.issue_token(&realm, user_id, roles, hour).await;
        issued.unwrap().1.expose().to_owned()
    }

    /// Issues a reset token.
    pub async fn reset_token(&self, realm: &str, user_id: &str, lifetime: Duration) -> String {
        let realm = self.realm(realm);
        let issued = self.administration.issue_reset(&realm, user_id, lifetime).await;
        issued.unwrap().1.expose().to_owned()
    }

    /// Returns whether the stored hash is of this password.
    pub async fn is_password(&self, realm: &str, user_id: &str, password: &str) -> bool {
        let subject = Subject::new(self.realm(realm), user_id);
        let found = self.store.find(&subject).await.unwrap().expect("the account exists");
        let hash = found.credential.expect("the account has a password").hash;
        self.hasher.verify(Arc::new(Plaintext::from(password)), &hash).await.unwrap()
    }

    /// The audit trail, newest first.
    pub async fn audit(&self) -> Vec<AuditRecord> {
        let filter = AuditFilter { limit: 10_000, ..AuditFilter::default() };
        self.store.audit(&filter).await.unwrap()
    }

    /// The realm of that name.
    pub fn realm(&self, name: &str) -> Realm {
        name.parse().unwrap()
    }
}
