//! Administration of accounts, keys, tokens and one-time passwords, with validation and audit
//! records.

mod accounts;
mod import;
mod outbox;
mod resets;
mod retention;
mod secrets;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use accounts::{FirstPassword, NewAccount, check_username};
pub use import::{ImportOutcome, ImportedPassword, NewImport};
pub use retention::Retention;
pub use secrets::check_key_name;

use jiff::Timestamp;
use uuid::Uuid;

use crate::password_change::PasswordChangeService;
use crate::{
    Account, AccountError, AccountId, AccountWithCredential, AdministrationStore, AuditRecord,
    ChangeError, CompromisedUnavailable, Context, HashError, NameKind, OtpError, Policy,
    Randomness, RandomnessError, Realm, StoreError, Subject, Violation, random_uuid,
};

/// Administers a store; returned by [`Engine::administration`](crate::Engine::administration).
#[derive(Clone)]
pub struct Administration {
    store: Arc<dyn AdministrationStore>,
    changes: PasswordChangeService,
    /// The caller in audit records.
    caller: Arc<str>,
    /// The origin of the request in audit records.
    context: Context,
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
    /// Another account of the realm has the e-mail address or user name.
    #[error("the account {by} has this {kind} already")]
    NameTaken {
        /// The kind of the name.
        kind: NameKind,
        /// The account that has it.
        by: AccountId,
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
    /// The account was changed since it was read.
    #[error("the account was changed meanwhile; read it again")]
    Changed,
    /// The account is inactive.
    #[error("the account is not active; activate it first")]
    Inactive,
    /// The hasher is overloaded.
    #[error("too busy; try again in {} s", .retry_after.as_secs())]
    Busy {
        /// The recommended delay before a retry.
        retry_after: Duration,
    },
    /// Whether the password is known from breaches cannot be looked up.
    #[error("the compromised passwords cannot be looked up")]
    CompromisedUnavailable(#[from] CompromisedUnavailable),
    /// The policy refuses the password. Contains all violations.
    #[error("the policy refuses the password")]
    Rejected(Vec<Violation>),
    /// Hashing failed.
    #[error("the password could not be hashed")]
    Hash(#[source] HashError),
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
        let context = Context::new("administration");
        Self { store, changes: changes.clone(), caller: "operator".into(), context }
    }

    /// Sets the policy for passwords.
    #[must_use]
    pub fn with_policy(self, policy: Policy) -> Self {
        Self { changes: PasswordChangeService { policy, ..self.changes }, ..self }
    }

    /// Sets the caller in audit records, such as `operator:root@db1`, and the origin of the
    /// request. Without them, the caller is `operator`.
    #[must_use]
    pub fn acting_for(self, caller: &str, context: Context) -> Self {
        Self { caller: caller.into(), context: context.bounded(), ..self }
    }

    /// Returns the store, for listing.
    pub fn store(&self) -> &dyn AdministrationStore {
        &*self.store
    }

    /// Finds the account and its credential.
    async fn find_account(
        &self,
        realm: &Realm,
        user_id: &str,
    ) -> Result<AccountWithCredential, AdministrationError> {
        let subject = Subject::new(realm.clone(), user_id);
        self.store.find(&subject).await?.ok_or_else(|| no_such_account(realm, user_id))
    }

    /// Finds the account and registers its id with the store, before a write.
    async fn registered_account(
        &self,
        realm: &Realm,
        user_id: &str,
    ) -> Result<Account, AdministrationError> {
        let account = self.find_account(realm, user_id).await?.account;
        self.register(&account).await?;
        Ok(account)
    }

    /// Registers the id of an account that the store returned, so that it can be found by its id.
    ///
    /// # Errors
    /// When the account does not exist any more.
    pub async fn register(&self, account: &Account) -> Result<(), AdministrationError> {
        let registered = self.store.register(account).await;
        registered.map_err(|error| with_account(error, account))
    }

    fn audit(
        &self,
        realm: &Realm,
        account: Option<AccountId>,
        action: &str,
        detail: Option<String>,
    ) -> Result<AuditRecord, RandomnessError> {
        Ok(AuditRecord {
            id: random_uuid(&*self.changes.randomness)?,
            at: self.now(),
            realm: realm.clone(),
            account,
            action: action.to_owned(),
            outcome: "ok".to_owned(),
            detail,
            caller: self.caller.to_string(),
            context: self.context.clone(),
        })
    }

    /// Returns the time of the engine's clock, in microseconds.
    pub fn now(&self) -> Timestamp {
        self.changes.now_in_store_precision()
    }

    fn randomness(&self) -> &dyn Randomness {
        &*self.changes.randomness
    }
}

fn invalid(reason: &str) -> AdministrationError {
    AdministrationError::Invalid(reason.to_owned())
}

fn no_such_account(realm: &Realm, user_id: &str) -> AdministrationError {
    AdministrationError::NoSuchAccount { realm: realm.clone(), user_id: user_id.to_owned() }
}

/// Adds the account to an error of a store.
fn with_account(error: AccountError, account: &Account) -> AdministrationError {
    let (realm, user_id) = (account.realm.clone(), account.user_id.to_string());
    match error {
        AccountError::Exists => AdministrationError::AccountExists { realm, user_id },
        AccountError::NameTaken { kind, by } => AdministrationError::NameTaken { kind, by },
        AccountError::Unknown => AdministrationError::NoSuchAccount { realm, user_id },
        AccountError::KeptElsewhere => AdministrationError::KeptElsewhere,
        AccountError::Changed => AdministrationError::Changed,
        AccountError::NotMapped(what) => AdministrationError::NotMapped(what),
        AccountError::Store(store) => AdministrationError::Store(store),
    }
}

impl From<HashError> for AdministrationError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy { retry_after } => Self::Busy { retry_after },
            other => Self::Hash(other),
        }
    }
}

impl From<ChangeError> for AdministrationError {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Inactive => Self::Inactive,
            ChangeError::Rejected(violations) => Self::Rejected(violations),
            ChangeError::Busy { retry_after } => Self::Busy { retry_after },
            ChangeError::CompromisedUnavailable(error) => Self::CompromisedUnavailable(error),
            ChangeError::Store(error) => Self::Store(error),
            ChangeError::Hash(error) => Self::Hash(error),
            ChangeError::Randomness(error) => Self::Randomness(error),
            // `Conflict`: a password that is set has no proof, so no other error occurs.
            _ => Self::Changed,
        }
    }
}

impl fmt::Debug for Administration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Administration(..)")
    }
}
