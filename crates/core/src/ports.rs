//! What the engine asks of a store. Each port is small and object-safe; a store implements those
//! that it can.

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    Account, AccountId, AttemptKey, AttemptPath, AttemptReservation, AuditRecord,
    DeferredLockoutEvent, HashedPassword, HeldToken, Key, LockedOut, LockoutPolicy, OtpEnrollment,
    OtpSpend, OutboxEvent, Realm, Subject, TokenDigest, TokenId, UserId,
};

/// A store failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It cannot be reached, or has no room; trying again can help.
    #[error("the database cannot be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It holds something that cannot be.
    #[error("the database holds damaged data: {0}")]
    Damaged(String),
    /// Anything else.
    #[error("the database failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// An account with its stored hash.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountWithCredential {
    /// The account.
    pub account: Account,
    /// Its credential; `None` when no password was ever set, so that only a reset can set one.
    pub credential: Option<Credential>,
}

/// The stored hash of an account's password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// The hash.
    pub hash: HashedPassword,
    /// Counts the changes; 1 is the first password.
    pub version: i64,
    /// When it was set.
    pub changed_at: Timestamp,
}

/// Accounts, their credentials, and what guards them.
#[async_trait]
pub trait CredentialStore: Send + Sync {
    /// The account that `subject` names by realm and user id, active or not. The e-mail address is
    /// not looked at.
    ///
    /// # Errors
    /// When the store fails.
    async fn find(&self, subject: &Subject) -> Result<Option<AccountWithCredential>, StoreError>;

    /// The account's earlier hashes, newest first, at most `depth`.
    ///
    /// # Errors
    /// When the store fails.
    async fn history(
        &self,
        account: AccountId,
        depth: usize,
    ) -> Result<Vec<HashedPassword>, StoreError>;

    /// Reserves an attempt atomically: reads the row of `attempt.key`, applies
    /// [`AttemptState::reserve`](crate::AttemptState::reserve) and writes it back, as one step for all
    /// that arrive at once. Where there is an `attempt.event` and the reservation raises it
    /// ([`DeferredLockoutEvent::raised_by`]), the event is written in the same transaction, and its id
    /// goes into the reservation. A store without an outbox ignores it.
    ///
    /// # Errors
    /// When the store fails.
    async fn reserve_attempt(
        &self,
        attempt: &ReserveAttempt<'_>,
    ) -> Result<ReserveOutcome, StoreError>;

    /// Finishes an attempt that changed nothing, in one transaction: writes its audit record and
    /// concludes its reservation; see [`FinishAttempt`].
    ///
    /// # Errors
    /// When the store fails. Then nothing was written, but for a reservation to be released, which a store
    /// should release all the same where it can.
    async fn finish_attempt(&self, attempt: &FinishAttempt) -> Result<(), StoreError>;

    /// Deletes at most `limit` rows of attempts that have expired at `now`, whose
    /// [`AttemptState::expires_at`](crate::AttemptState::expires_at) is no later; all of them, if
    /// they are no more than that. When to forget is decided by the engine, which calls this.
    ///
    /// # Errors
    /// When the store fails.
    async fn delete_expired_attempts(&self, now: Timestamp, limit: usize)
    -> Result<(), StoreError>;

    /// Makes the change in one transaction, all or nothing; see [`Commit`]. When it returns
    /// [`CommitOutcome::Done`] the change is durable.
    ///
    /// # Errors
    /// When the store fails. Then the change was not made, unless the connection was lost in the
    /// very moment of committing.
    async fn commit(&self, commit: &Commit) -> Result<CommitOutcome, StoreError>;

    /// Puts another hash of the same password in the place of the present one, in one transaction
    /// with its audit record, and says whether it did; see [`Rehash`]. Where it did not, nothing was
    /// written.
    ///
    /// # Errors
    /// When the store fails, as for [`commit`](Self::commit).
    async fn rehash(&self, rehash: &Rehash) -> Result<bool, StoreError>;
}

/// An attempt to be reserved.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ReserveAttempt<'a> {
    /// The row.
    pub key: &'a AttemptKey,
    /// Which proof is tried.
    pub path: AttemptPath,
    /// When failures lock the account out.
    pub policy: &'a LockoutPolicy,
    /// The time of the attempt.
    pub now: Timestamp,
    /// The event to write if this attempt locks the account out.
    pub event: Option<&'a DeferredLockoutEvent>,
}

impl<'a> ReserveAttempt<'a> {
    /// An attempt that tells nobody when it locks the account out.
    pub const fn new(
        key: &'a AttemptKey,
        path: AttemptPath,
        policy: &'a LockoutPolicy,
        now: Timestamp,
    ) -> Self {
        Self { key, path, policy, now, event: None }
    }

    /// The same with an event, where there is one.
    #[must_use]
    pub const fn with_event(self, event: Option<&'a DeferredLockoutEvent>) -> Self {
        Self { event, ..self }
    }
}

/// What became of an attempt to reserve.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum ReserveOutcome {
    /// It is reserved, and its proof may be verified.
    Reserved(AttemptReservation),
    /// The account is locked out for this path; nothing was written.
    LockedOut(LockedOut),
}

/// An attempt that changed nothing.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FinishAttempt {
    /// What was reserved for it, if anything.
    pub reservation: Option<AttemptReservation>,
    /// What becomes of the reservation.
    pub outcome: AttemptOutcome,
    /// Goes to the audit trail.
    pub audit: AuditRecord,
}

/// What becomes of a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The proof was wrong: the reservation stays as a failure, and its deferred event, if it is there
    /// still, becomes due at the time of the audit record.
    Failed,
    /// The proof was right, or was never verified: the reservation is released by
    /// [`AttemptState::release`](crate::AttemptState::release), if its row is there still, and its
    /// deferred event is withdrawn.
    Released,
}

impl FinishAttempt {
    /// An attempt for which nothing was reserved.
    pub const fn unreserved(audit: AuditRecord) -> Self {
        Self { reservation: None, outcome: AttemptOutcome::Released, audit }
    }

    /// An attempt whose reservation ends so.
    pub const fn reserved(
        reservation: AttemptReservation,
        outcome: AttemptOutcome,
        audit: AuditRecord,
    ) -> Self {
        Self { reservation: Some(reservation), outcome, audit }
    }
}

/// A hash that takes the place of another one of the same password. Nothing else changes: neither the
/// credential's version and `changed_at`, nor the history, the tokens, or the account.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Rehash {
    /// Whose hash. The account must still exist and be active.
    pub account: AccountId,
    /// As in [`Commit`].
    pub realm: Realm,
    /// As in [`Commit`].
    pub user_id: UserId,
    /// The version of the credential; it must still be that.
    pub expected_version: i64,
    /// The hash to replace; it must still be that, since a rehash leaves the version alone.
    pub expected_hash: HashedPassword,
    /// The new hash.
    pub hash: HashedPassword,
    /// Goes to the audit trail.
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

/// Everything that one change writes.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Commit {
    /// Whose password. The account must still exist and be active.
    pub account: AccountId,
    /// The account's realm, and how the vendor calls it there: for stores whose accounts stand in a
    /// table of somebody else's, which does not know `account`.
    pub realm: Realm,
    /// See `realm`.
    pub user_id: UserId,
    /// The credential's version that was proved against, 0 for none; it must still be that
    /// (compare-and-swap). The new version is one more.
    pub expected_version: i64,
    /// The hash that was proved against, `None` for none. A store that others write hashes to has to
    /// see that it is still that; to all others the version says as much.
    pub expected_hash: Option<HashedPassword>,
    /// The new hash.
    pub hash: HashedPassword,
    /// When. Also the account's new `updated_at`.
    pub at: Timestamp,
    /// How many earlier hashes are kept; the current one becomes the newest of them.
    pub history: usize,
    /// The reset token to spend. It must still be unspent. Every other reset token of the account is
    /// void after the change in any case.
    pub spend: Option<ResetSpend>,
    /// The one-time password to use up. It must still be unused.
    pub otp: Option<OtpSpend>,
    /// The row of attempts to clear.
    pub clear: AttemptKey,
    /// The one access token of the account that stays valid; all others are revoked. Those that
    /// were issued up to `at` and reach the store later do not count either: see
    /// [`HeldToken::valid_after`].
    pub keep_token: Option<TokenId>,
    /// Goes to the audit trail.
    pub audit: AuditRecord,
    /// Goes to the outbox.
    pub event: OutboxEvent,
    /// The deferred event that the reservation for this change wrote; the proof was right, so it is
    /// withdrawn.
    pub deferred_event: Option<Uuid>,
}

impl Commit {
    /// Replaces `credential`, which was proved against, by `hash` at the time of `audit`, clears the
    /// account's attempts, and revokes all its access tokens. It keeps no history and spends nothing.
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

/// Which reset token a change spends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetSpend {
    /// One that repass issued and stored.
    Issued(TokenDigest),
    /// One that somebody else signed: stored with its redemption, so that it counts once.
    Signed {
        /// Digest of issuer and token id.
        digest: TokenDigest,
        /// Until when it would count.
        expires_at: Timestamp,
    },
}

/// How a commit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitOutcome {
    /// The change is made and durable.
    Done {
        /// The credential's new version.
        version: i64,
    },
    /// Another change came first, or the account is gone or inactive. Nothing was written.
    Conflict,
    /// The reset token was spent meanwhile. Nothing was written.
    TokenSpent,
    /// The one-time password was used meanwhile. Nothing was written.
    OtpSpent,
}

/// A reset token as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResetToken {
    /// Digest of the secret.
    pub digest: TokenDigest,
    /// The one account it is for.
    pub account: AccountId,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// From when on it no longer counts.
    pub expires_at: Timestamp,
    /// When it was redeemed, or voided by a newer one.
    pub spent_at: Option<Timestamp>,
}

/// Reset tokens and one-time passwords.
#[async_trait]
pub trait TokenStore: Send + Sync {
    /// The reset token of this digest, spent and expired ones too.
    ///
    /// # Errors
    /// When the store fails.
    async fn reset_token(&self, digest: &TokenDigest) -> Result<Option<ResetToken>, StoreError>;

    /// What the account has to check one-time passwords with.
    ///
    /// # Errors
    /// When the store fails.
    async fn otp(&self, account: AccountId) -> Result<OtpEnrollment, StoreError>;
}

/// What callers present: keys of services, apps and gateways, and access tokens.
#[async_trait]
pub trait KeyStore: Send + Sync {
    /// The key of this digest, revoked ones too.
    ///
    /// # Errors
    /// When the store fails.
    async fn key(&self, digest: &TokenDigest) -> Result<Option<Key>, StoreError>;

    /// The access token of this digest with its holder, revoked and expired ones too.
    ///
    /// # Errors
    /// When the store fails.
    async fn access_token(&self, digest: &TokenDigest) -> Result<Option<HeldToken>, StoreError>;

    /// Both, for a caller that presents both. A store that can looks once; this looks twice.
    ///
    /// # Errors
    /// When the store fails.
    async fn key_and_access_token(
        &self,
        key: &TokenDigest,
        token: &TokenDigest,
    ) -> Result<(Option<Key>, Option<HeldToken>), StoreError> {
        Ok((self.key(key).await?, self.access_token(token).await?))
    }
}
