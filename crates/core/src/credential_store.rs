use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    Account, AccountId, AttemptKey, AttemptPath, AttemptReservation, AuditRecord,
    DeferredLockoutEvent, FindAndReserve, FoundAndReserved, HashedPassword, LockedOut,
    LockoutPolicy, NameKind, OtpEnrollment, OtpSpend, OutboxEvent, Realm, StoreError, Subject,
    TokenDigest, TokenId, UserId,
};

/// An account with its stored hash.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountWithCredential {
    /// The account.
    pub account: Account,
    /// Its credential; `None` if no password was set yet, so that only a reset can set one.
    pub credential: Option<Credential>,
    /// Access tokens of the account that were issued up to this time are invalid; see
    /// [`HeldToken::valid_after`](crate::HeldToken::valid_after). `None` in a store without access
    /// tokens. An import ignores it.
    pub valid_after: Option<Timestamp>,
    /// What its one-time passwords are verified with. `None` in a store that keeps them apart: the
    /// engine asks [`TokenStore::otp`](crate::TokenStore::otp) then. An import ignores it.
    pub otp: Option<OtpEnrollment>,
}

impl AccountWithCredential {
    /// Creates an account whose access tokens were never invalidated.
    pub const fn new(account: Account, credential: Option<Credential>) -> Self {
        Self { account, credential, valid_after: None, otp: None }
    }
}

/// The stored hash of an account's password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// The hash.
    pub hash: HashedPassword,
    /// The number of the password, counted from 1.
    pub version: i64,
    /// When the password was set; the Unix epoch if that is unknown.
    pub changed_at: Timestamp,
}

/// The most accounts of one e-mail address or user name that
/// [`find_by_name`](CredentialStore::find_by_name) returns.
pub const MAX_SAME_NAME: usize = 10;

/// The port for accounts, their credentials and their failed attempts.
#[async_trait]
pub trait CredentialStore: Send + Sync {
    /// Returns the account of this realm and user id, active or not. The e-mail address of
    /// `subject` is ignored.
    ///
    /// # Errors
    /// When the store fails.
    async fn find(&self, subject: &Subject) -> Result<Option<AccountWithCredential>, StoreError>;

    /// Returns the accounts of this realm with this name, active or not, at most
    /// [`MAX_SAME_NAME`](crate::MAX_SAME_NAME) of them. Names are compared as
    /// [`fold_name`](crate::fold_name) returns them; `name` has this form already.
    ///
    /// # Errors
    /// When the store fails.
    async fn find_by_name(
        &self,
        realm: &Realm,
        kind: NameKind,
        name: &str,
    ) -> Result<Vec<AccountWithCredential>, StoreError>;

    /// Returns at most `depth` earlier hashes of the account, newest first.
    ///
    /// # Errors
    /// When the store fails.
    async fn history(
        &self,
        account: AccountId,
        depth: usize,
    ) -> Result<Vec<HashedPassword>, StoreError>;

    /// Reserves an attempt: reads the row of `attempt.key`, applies
    /// [`AttemptState::reserve`](crate::AttemptState::reserve) and writes the row back, atomically.
    /// If the reservation raises `attempt.event` ([`DeferredLockoutEvent::raised_by`]), the store
    /// writes the event in the same transaction and puts its id into the reservation. A store
    /// without an outbox ignores the event.
    ///
    /// # Errors
    /// When the store fails.
    async fn reserve_attempt(
        &self,
        attempt: &ReserveAttempt<'_>,
    ) -> Result<ReserveOutcome, StoreError>;

    /// Finds the account of an attempt, and [reserves](Self::reserve_attempt) the attempt at it, or
    /// at the identifier if there is no account. A store can override this to do both at once.
    ///
    /// # Errors
    /// When the store fails.
    async fn find_and_reserve(
        &self,
        attempt: &FindAndReserve,
    ) -> Result<FoundAndReserved, StoreError> {
        attempt.in_two_steps(self).await
    }

    /// Finishes an attempt that did not change the password: writes its audit record, keeps,
    /// releases or clears its reservation, and spends its one-time password, in one transaction;
    /// see [`FinishAttempt`]. Returns whether the attempt is finished: if its one-time password is
    /// used already, nothing is written. A spent one-time password must survive a power failure. An
    /// attempt without one need not, like its reservation.
    ///
    /// # Errors
    /// When the store fails. Then nothing is written, except that a store should still release a
    /// reservation if it can.
    async fn finish_attempt(&self, attempt: &FinishAttempt) -> Result<bool, StoreError>;

    /// Deletes the expired rows of attempts, at most `limit` of them. A row has expired when its
    /// [`AttemptState::expires_at`](crate::AttemptState::expires_at) is at or before `now`. The
    /// engine calls this from time to time.
    ///
    /// # Errors
    /// When the store fails.
    async fn delete_expired_attempts(&self, now: Timestamp, limit: usize)
    -> Result<(), StoreError>;

    /// Makes the change in one transaction; see [`Commit`]. When it returns
    /// [`CommitOutcome::Done`], the change is durable.
    ///
    /// # Errors
    /// When the store fails. Then the change was not made, unless the connection was lost during
    /// the commit.
    async fn commit(&self, commit: &Commit) -> Result<CommitOutcome, StoreError>;

    /// Replaces the stored hash by another hash of the same password, in one transaction with the
    /// audit record; see [`Rehash`]. Returns whether the hash was replaced; otherwise nothing is
    /// written.
    ///
    /// # Errors
    /// When the store fails, as for [`commit`](Self::commit).
    async fn rehash(&self, rehash: &Rehash) -> Result<bool, StoreError>;
}

/// Parameters of [`CredentialStore::reserve_attempt`].
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ReserveAttempt<'a> {
    /// The key of the row.
    pub key: &'a AttemptKey,
    /// The kind of proof.
    pub path: AttemptPath,
    /// When failures lock the account out.
    pub policy: &'a LockoutPolicy,
    /// The time of the attempt.
    pub now: Timestamp,
    /// The event to write if this attempt locks the account out.
    pub event: Option<&'a DeferredLockoutEvent>,
}

impl<'a> ReserveAttempt<'a> {
    /// Creates the parameters without a lockout event.
    pub const fn new(
        key: &'a AttemptKey,
        path: AttemptPath,
        policy: &'a LockoutPolicy,
        now: Timestamp,
    ) -> Self {
        Self { key, path, policy, now, event: None }
    }

    /// Sets the lockout event.
    #[must_use]
    pub const fn with_event(self, event: Option<&'a DeferredLockoutEvent>) -> Self {
        Self { event, ..self }
    }
}

/// The outcome of [`CredentialStore::reserve_attempt`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum ReserveOutcome {
    /// The attempt is reserved, and its proof may be verified.
    Reserved(AttemptReservation),
    /// The account is locked out for this kind of proof. Nothing was written.
    LockedOut(LockedOut),
}

/// An attempt that did not change the password; see [`CredentialStore::finish_attempt`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FinishAttempt {
    /// The reservation, if the attempt has one.
    pub reservation: Option<AttemptReservation>,
    /// The outcome, which decides whether the reservation is kept.
    pub outcome: AttemptOutcome,
    /// The one-time password to spend, which must be unused, and its account. A store without
    /// one-time passwords gets none.
    pub otp: Option<(AccountId, OtpSpend)>,
    /// The audit record.
    pub audit: AuditRecord,
}

/// The outcome of a reserved attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The proof was wrong. The reservation stays as a failure, and its deferred event, if it still
    /// exists, becomes due at the time of the audit record.
    Failed,
    /// The proof was right or was not verified, or was a password alone although the account has
    /// one-time passwords. The reservation is released by
    /// [`AttemptState::release`](crate::AttemptState::release), if its row still exists, and its
    /// deferred event is deleted.
    Released,
    /// The proof was right, and nothing was to be changed. The row is deleted, which clears all
    /// failures of the account, and the deferred event of the reservation is deleted.
    Succeeded,
}

impl FinishAttempt {
    /// Finishes an attempt without a reservation.
    pub const fn unreserved(audit: AuditRecord) -> Self {
        Self { reservation: None, outcome: AttemptOutcome::Released, otp: None, audit }
    }

    /// Finishes an attempt with a reservation.
    pub const fn reserved(
        reservation: AttemptReservation,
        outcome: AttemptOutcome,
        audit: AuditRecord,
    ) -> Self {
        Self { reservation: Some(reservation), outcome, otp: None, audit }
    }

    /// Sets the one-time password to spend.
    #[must_use]
    pub fn with_otp(self, otp: Option<(AccountId, OtpSpend)>) -> Self {
        Self { otp, ..self }
    }
}

/// The replacement of a stored hash by another hash of the same password. The credential's version
/// and `changed_at`, the history, the tokens and the account stay unchanged.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Rehash {
    /// The account. It must still exist and be active.
    pub account: AccountId,
    /// As in [`Commit`].
    pub realm: Realm,
    /// As in [`Commit`].
    pub user_id: UserId,
    /// The expected version of the credential.
    pub expected_version: i64,
    /// The expected stored hash; compared too, because a rehash does not change the version.
    pub expected_hash: HashedPassword,
    /// The new hash.
    pub hash: HashedPassword,
    /// The audit record.
    pub audit: AuditRecord,
}

impl Rehash {
    /// Replaces the hash of `credential`.
    pub fn new(
        account: &Account,
        credential: &Credential,
        hash: HashedPassword,
        audit: AuditRecord,
    ) -> Self {
        Self {
            account: account.id,
            realm: account.realm.clone(),
            user_id: account.user_id.clone(),
            expected_version: credential.version,
            expected_hash: credential.hash.clone(),
            hash,
            audit,
        }
    }
}

/// The writes of one change of a password.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Commit {
    /// The account. It must still exist and be active.
    pub account: AccountId,
    /// The account's realm: with `user_id` for stores whose accounts are in a table of another
    /// application, which does not contain the [`AccountId`].
    pub realm: Realm,
    /// The account's user id; see `realm`.
    pub user_id: UserId,
    /// The expected version of the credential, 0 for none (compare-and-swap). The new version is
    /// one more.
    pub expected_version: i64,
    /// The expected stored hash, `None` for none. A store whose hashes other programs write as well
    /// must compare it; for other stores the version is enough.
    pub expected_hash: Option<HashedPassword>,
    /// The expected `updated_at` of the account; `None` for any.
    pub unchanged_since: Option<Timestamp>,
    /// The new hash.
    pub hash: HashedPassword,
    /// The time of the change, and the account's new `updated_at`.
    pub at: Timestamp,
    /// The number of earlier hashes to keep; the replaced hash becomes the newest of them.
    pub history: usize,
    /// The reset token to spend, which must be unspent. Every change also voids all other reset
    /// tokens of the account.
    pub spend: Option<ResetSpend>,
    /// The one-time password to spend, which must be unused.
    pub otp: Option<OtpSpend>,
    /// The key of the row of attempts to clear.
    pub clear: AttemptKey,
    /// The only access token of the account that stays valid. All others are revoked, and tokens
    /// issued up to `at` are invalid even if they reach the store later; see
    /// [`HeldToken::valid_after`](crate::HeldToken::valid_after).
    pub keep_token: Option<TokenId>,
    /// The audit record.
    pub audit: AuditRecord,
    /// The event for the outbox.
    pub event: OutboxEvent,
    /// The deferred event of the reservation; it is deleted, because the proof was right.
    pub deferred_event: Option<Uuid>,
}

impl Commit {
    /// Replaces `credential` by `hash` at the time of `audit`, clears the account's attempts, and
    /// revokes all its access tokens. Keeps no history, and spends no token.
    pub fn new(
        account: &Account,
        credential: Option<&Credential>,
        hash: HashedPassword,
        audit: AuditRecord,
        event: OutboxEvent,
    ) -> Self {
        Self {
            account: account.id,
            realm: account.realm.clone(),
            user_id: account.user_id.clone(),
            expected_version: credential.map_or(0, |own| own.version),
            expected_hash: credential.map(|own| own.hash.clone()),
            unchanged_since: None,
            hash,
            at: audit.at,
            history: 0,
            spend: None,
            otp: None,
            clear: AttemptKey::account(account.id),
            keep_token: None,
            audit,
            event,
            deferred_event: None,
        }
    }
}

/// The reset token that a change spends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetSpend {
    /// A token that repass issued and stored.
    Issued(TokenDigest),
    /// A token that another system signed; its redemption is stored, so that it can be used once.
    Signed {
        /// Digest of issuer and token id.
        digest: TokenDigest,
        /// When the token expires.
        expires_at: Timestamp,
    },
}

/// The outcome of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitOutcome {
    /// The change is made and durable.
    Done {
        /// The credential's new version.
        version: i64,
    },
    /// The password was changed concurrently, the account was deleted or deactivated, or it was
    /// changed since [`Commit::unchanged_since`]. Nothing was written.
    Conflict,
    /// The reset token is spent. Nothing was written.
    TokenSpent,
    /// The one-time password is used. Nothing was written.
    OtpSpent,
}
