//! An engine on a store, with a manual clock.

use std::sync::Arc;
use std::time::Duration;

use repass_core::{
    Account, AccountWithCredential, Administration, AdministrationStore, Argon2idHasher,
    Authorization, CallerAuthenticator, Change, ChangeError, Changed, Context, Engine,
    HashedPassword, Hasher, InstallationKey, NewPassword, Plaintext, Policy, PolicyContext,
    PolicyRules, Proof,
};
use repass_testkit::{ManualClock, fixtures};

use crate::application::{Application, User};

pub(crate) const OLD: &str = "the password from before repass";
pub(crate) const NEW: &str = "a second one, quite different";

pub(crate) struct TestContext {
    pub(crate) application: Application,
    pub(crate) store: Arc<dyn AdministrationStore>,
    pub(crate) engine: Engine,
    pub(crate) administration: Administration,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) hasher: Arc<Argon2idHasher>,
}

impl TestContext {
    pub(crate) async fn new(application: Application) -> Self {
        let store = application.open().await;
        Self::with_store(application, store)
    }

    pub(crate) fn with_store(
        application: Application,
        store: Arc<dyn AdministrationStore>,
    ) -> Self {
        let moment = jiff::Timestamp::from_second(1_800_000_000).unwrap();
        let clock = Arc::new(ManualClock::new(moment));
        let hasher = Arc::new(fixtures::hasher());
        let key = Arc::new(InstallationKey::from_bytes([3; 32]));
        let mut rules = PolicyRules::default();
        rules.history = 3;
        let engine = Engine::builder(store.clone(), hasher.clone(), key)
            .policy(Policy::new(rules).unwrap())
            .clock(clock.clone())
            .build();
        let administration = engine.administration().clone();
        Self { application, store, engine, administration, clock, hasher }
    }

    /// Inserts a user with the password [`OLD`], hashed by repass.
    pub(crate) async fn user(&self) -> User {
        let user = User::new(self.hash(OLD).await.as_str());
        assert!(self.application.insert(&user).await);
        user
    }

    pub(crate) fn accepted(&self, password: &str) -> NewPassword {
        let password = Arc::new(Plaintext::from(password));
        self.engine.policy().accept(password, &PolicyContext::default()).unwrap()
    }

    pub(crate) async fn hash(&self, password: &str) -> HashedPassword {
        self.hasher.hash(self.accepted(password)).await.unwrap()
    }

    pub(crate) async fn change(
        &self,
        user: &User,
        old: &str,
        new: &str,
    ) -> Result<Changed, ChangeError> {
        self.prove(user, Proof::OldPassword(Plaintext::from(old)), new).await
    }

    pub(crate) async fn prove(
        &self,
        user: &User,
        proof: Proof,
        new: &str,
    ) -> Result<Changed, ChangeError> {
        let change =
            Change::new(Authorization::by_proof(user.subject()), proof, Plaintext::from(new))
                .with_context(Context::new("test"));
        self.engine.change(change).await
    }

    pub(crate) async fn find(&self, user: &User) -> Option<AccountWithCredential> {
        self.store.find(&user.subject()).await.unwrap()
    }

    pub(crate) async fn account(&self, user: &User) -> Account {
        self.find(user).await.unwrap().account
    }

    pub(crate) async fn version(&self, user: &User) -> i64 {
        self.find(user).await.unwrap().credential.unwrap().version
    }

    pub(crate) async fn history(&self, user: &User) -> Vec<String> {
        let history = self.store.history(user.account(), 10).await.unwrap();
        history.iter().map(|hash| hash.as_str().to_owned()).collect()
    }

    pub(crate) async fn token(&self, user: &User) -> Plaintext {
        let hour = Duration::from_secs(3600);
        self.administration.issue_token(&user.realm(), &user.login, vec![], hour).await.unwrap().1
    }

    pub(crate) async fn is_valid(&self, user: &User, token: &Plaintext) -> bool {
        self.engine.access_token(&user.realm(), token).await.unwrap().is_some()
    }
}
