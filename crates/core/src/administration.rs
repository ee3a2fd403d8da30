//! Administration of accounts, keys, tokens and one-time passwords, with validation and audit
//! records.

mod accounts;
mod import;
mod outbox;
mod retention;
mod secrets;

use std::fmt;
use std::sync::Arc;

pub use accounts::NewAccount;
pub use import::{ImportOutcome, ImportedPassword, NewImport};
pub use retention::Retention;

use uuid::Uuid;

use crate::password_change::PasswordChangeService;
use crate::{
    Account, AccountError, AccountId, AdministrationStore, AuditRecord, Clock, Context, Hasher,
    InstallationKey, OtpError, Policy, Randomness, RandomnessError, Realm, StoreError, Subject,
    Violation, random_uuid,
};

/// Administers a store; returned by [`Engine::administration`](crate::Engine::administration).
#[derive(Clone)]
pub struct Administration {
    store: Arc<dyn AdministrationStore>,
    hasher: Arc<dyn Hasher>,
    policy: Policy,
    key: Arc<InstallationKey>,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
    /// The caller in audit records.
    operator: Arc<str>,
}

/// An error of [`Administration`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdministrationError {
    /// The realm has an account of that user id already.
    #[error("realm {realm} has an account {user_id} already")]
    AccountExists {
        /// The realm.
        realm: Realm,
        /// The user id.
        user_id: String,
    },
    /// The account does not exist.
    #[error("realm {realm} has no account {user_id}")]
    NoSuchAccount {
        /// The realm.
        realm: Realm,
        /// The user id.
        user_id: String,
    },
    /// The accounts are in a table of another application, which must add, edit and delete them.
    #[error("accounts are kept in a table of another application; add, edit and delete them there")]
    KeptElsewhere,
    /// The accounts are in a table of another application, and no column is mapped for this value.
    #[error("the accounts table has no column for {0}")]
    NotMapped(&'static str),
    /// The key or token does not exist, or is revoked already.
    #[error("no active {0} has this id")]
    NothingToRevoke(&'static str),
    /// The event does not exist, or is delivered already.
    #[error("the outbox has no event {0}, or it is delivered already")]
    NoSuchEvent(Uuid),
    /// A value is out of bounds.
    #[error("{0}")]
    Invalid(String),
    /// The policy refuses the first password. Contains all violations.
    #[error("the policy refuses the password")]
    Rejected(Vec<Violation>),
    /// Hashing failed.
    #[error("the password could not be hashed")]
    Hash(#[source] crate::HashError),
    /// The one-time password could not be set up.
    #[error("the one-time password could not be set up")]
    Otp(#[from] OtpError),
    /// The random source failed.
    #[error("the random source failed")]
    Randomness(#[from] RandomnessError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl Administration {
    pub(crate) fn new(
        store: Arc<dyn AdministrationStore>,
        changes: &PasswordChangeService,
    ) -> Self {
        Self {
            store,
            hasher: changes.hasher.clone(),
            policy: changes.policy.clone(),
            key: changes.key.clone(),
            clock: changes.clock.clone(),
            randomness: changes.randomness.clone(),
            operator: "operator".into(),
        }
    }

    pub(crate) fn with_policy(self, policy: Policy) -> Self {
        Self { policy, ..self }
    }

    /// Sets the operator, such as `root@db1`, who is the caller `operator:<name>` in audit records.
    /// Without one, the caller is `operator`.
    #[must_use]
    pub fn with_operator(self, name: &str) -> Self {
        Self { operator: format!("operator:{name}").into(), ..self }
    }

    /// Returns the store, for listing.
    pub fn store(&self) -> &dyn AdministrationStore {
        &*self.store
    }

    /// Finds the account.
    async fn find_account(
        &self,
        realm: &Realm,
        user_id: &str,
    ) -> Result<Account, AdministrationError> {
        let subject = Subject::new(realm.clone(), user_id);
        let found = self.store.find(&subject).await?;
        found.map(|found| found.account).ok_or_else(|| no_such_account(realm, user_id))
    }

    /// Finds the account and registers its id with the store, before a write.
    async fn registered_account(
        &self,
        realm: &Realm,
        user_id: &str,
    ) -> Result<Account, AdministrationError> {
        let account = self.find_account(realm, user_id).await?;
        let registered = self.store.register(&account).await;
        registered.map_err(|error| with_account(error, &account))?;
        Ok(account)
    }

    fn audit(
        &self,
        realm: &Realm,
        account: Option<AccountId>,
        action: &str,
        detail: Option<String>,
    ) -> Result<AuditRecord, RandomnessError> {
        Ok(AuditRecord {
            id: random_uuid(&*self.randomness)?,
            at: self.clock.now(),
            realm: realm.clone(),
            account,
            action: action.to_owned(),
            outcome: "ok".to_owned(),
            detail,
            caller: self.operator.to_string(),
            context: Context::new("administration"),
        })
    }
}

fn no_such_account(realm: &Realm, user_id: &str) -> AdministrationError {
    AdministrationError::NoSuchAccount { realm: realm.clone(), user_id: user_id.to_owned() }
}

/// Adds the account to an error of a store.
fn with_account(error: AccountError, account: &Account) -> AdministrationError {
    let (realm, user_id) = (account.realm.clone(), account.user_id.to_string());
    match error {
        AccountError::Exists => AdministrationError::AccountExists { realm, user_id },
        AccountError::Unknown => AdministrationError::NoSuchAccount { realm, user_id },
        AccountError::KeptElsewhere => AdministrationError::KeptElsewhere,
        AccountError::NotMapped(what) => AdministrationError::NotMapped(what),
        AccountError::Store(store) => AdministrationError::Store(store),
    }
}

impl fmt::Debug for Administration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Administration(..)")
    }
}
