//! The parameters and the outcome of the first steps of an attempt.

use jiff::Timestamp;

use crate::{
    Account, AccountWithCredential, AttemptKey, AttemptPath, CredentialStore, DeferredLockoutEvent,
    LockoutEventTemplate, LockoutPolicy, NameKind, Realm, ReserveAttempt, ReserveOutcome,
    StoreError, Subject,
};

/// Parameters of [`CredentialStore::find_and_reserve`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FindAndReserve {
    /// What the request calls the account.
    pub account: AccountReference,
    /// The key of the row of attempts if there is no such account.
    pub unknown: AttemptKey,
    /// The kind of proof.
    pub path: AttemptPath,
    /// When failures lock the account out.
    pub policy: LockoutPolicy,
    /// The time of the attempt.
    pub now: Timestamp,
    /// The event to write if this attempt locks the account out.
    pub event: LockoutEventTemplate,
}

/// What a request calls an account.
#[derive(Debug, Clone)]
pub enum AccountReference {
    /// By user id. If there is an e-mail address too, it must be the one of the account.
    UserId(Subject),
    /// By a name in the form of [`fold_name`](crate::fold_name). The name of several accounts is
    /// that of none.
    Name {
        /// The realm.
        realm: Realm,
        /// The kind of the name.
        kind: NameKind,
        /// The name.
        name: String,
    },
}

/// The outcome of [`CredentialStore::find_and_reserve`].
#[derive(Debug, Clone)]
pub struct FoundAndReserved {
    /// The account, active or not, if there is one.
    pub found: Option<AccountWithCredential>,
    /// Whether the attempt is reserved.
    pub outcome: ReserveOutcome,
}

impl FindAndReserve {
    /// Creates the parameters of an attempt at the time of `event`.
    pub const fn new(
        account: AccountReference,
        unknown: AttemptKey,
        path: AttemptPath,
        policy: LockoutPolicy,
        event: LockoutEventTemplate,
    ) -> Self {
        Self { account, unknown, path, policy, now: event.at, event }
    }

    /// Finds and then reserves, for a store that cannot do both at once.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn in_two_steps<S: CredentialStore + ?Sized>(
        &self,
        store: &S,
    ) -> Result<FoundAndReserved, StoreError> {
        let found = match &self.account {
            AccountReference::UserId(subject) => store.find(subject).await?.into_iter().collect(),
            AccountReference::Name { realm, kind, name } => {
                store.find_by_name(realm, *kind, name).await?
            }
        };
        let found = self.account.only(found);
        let (key, event) = self.target(found.as_ref().map(|found| &found.account));
        let outcome = store.reserve_attempt(&self.reservation(&key, event.as_ref())).await?;
        Ok(FoundAndReserved { found, outcome })
    }

    /// Returns the key of the row of attempts, and the event if a failure locks the account out.
    pub fn target(&self, account: Option<&Account>) -> (AttemptKey, Option<DeferredLockoutEvent>) {
        match account {
            Some(account) => {
                (AttemptKey::account(account.id), Some(self.event.at_account(account)))
            }
            None => (self.unknown.clone(), None),
        }
    }

    /// Returns the parameters of the reservation at its [target](Self::target).
    pub const fn reservation<'a>(
        &'a self,
        key: &'a AttemptKey,
        event: Option<&'a DeferredLockoutEvent>,
    ) -> ReserveAttempt<'a> {
        ReserveAttempt::new(key, self.path, &self.policy, self.now).with_event(event)
    }
}

impl AccountReference {
    /// Returns the account that is meant, of those that the look-up has found. A name of several
    /// accounts is that of none, since it does not say whose password is meant.
    pub fn only(&self, mut found: Vec<AccountWithCredential>) -> Option<AccountWithCredential> {
        let first = found.pop()?;
        if let Some(other) = found.first() {
            tracing::warn!(
                account = %first.account.id,
                other = %other.account.id,
                "several accounts have this e-mail address or user name; none can sign in with it"
            );
            return None;
        }
        match self {
            Self::UserId(Subject { email: Some(email), .. }) => {
                Some(first).filter(|first| first.account.has_email(email))
            }
            _ => Some(first),
        }
    }

    /// Returns the identifier whose attempts are counted if there is no such account.
    pub(crate) fn subject(&self) -> Subject {
        match self {
            Self::UserId(subject) => subject.clone(),
            Self::Name { realm, kind: NameKind::Email, name } => {
                Subject::new(realm.clone(), "").with_email(name)
            }
            Self::Name { realm, kind: NameKind::Username, name } => {
                Subject::new(realm.clone(), name)
            }
        }
    }
}
