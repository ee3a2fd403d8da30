use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{
    AccessToken, Account, AccountBatch, AccountId, AttemptKey, AttemptState, AuditFilter,
    AuditRecord, CredentialStore, HashedPassword, HeldToken, Imported, Key, KeyId, KeyStore,
    OtpEnrollment, OutboxEvent, OutboxStore, Realm, ResetToken, StoreError, TokenDigest, TokenId,
    TokenStore, UserId,
};

/// What an operator does: accounts, keys, tokens. Every call that changes something takes the audit
/// record that is written in the same transaction.
#[async_trait]
pub trait AdministrationStore: CredentialStore + TokenStore + KeyStore + OutboxStore {
    /// Has the store know an account that [`find`](CredentialStore::find) or
    /// [`accounts`](Self::accounts) gave by its id alone, as the calls below name it. A store that
    /// keeps its accounts itself knows them all, and has nothing to do.
    ///
    /// # Errors
    /// [`AccountError::Unknown`] when there is no such account any more.
    async fn register(&self, _account: &Account) -> Result<(), AccountError> {
        Ok(())
    }

    /// Adds an account, with its first credential (version 1) when `hash` is given.
    ///
    /// # Errors
    /// [`AccountError::Exists`] when the realm has that user id already,
    /// [`AccountError::KeptElsewhere`] when the store adds none at all.
    async fn add_account(
        &self,
        account: &Account,
        hash: Option<&HashedPassword>,
        audit: &AuditRecord,
    ) -> Result<(), AccountError>;

    /// Accounts by realm and user id in ascending order.
    ///
    /// # Errors
    /// When the store fails.
    async fn accounts(&self, filter: &AccountFilter) -> Result<Vec<Account>, StoreError>;

    /// The account of this id, if the store knows it by that: see [`register`](Self::register).
    ///
    /// # Errors
    /// When the store fails.
    async fn account(&self, account: AccountId) -> Result<Option<Account>, StoreError>;

    /// Activates or deactivates an account. Deactivating revokes its access tokens, cuts off those
    /// that were issued up to `audit.at` ([`HeldToken::valid_after`]) and voids its reset tokens.
    /// `audit.at` becomes its `updated_at`.
    ///
    /// # Errors
    /// [`AccountError::Unknown`] when there is no such account, [`AccountError::NotMapped`] when the
    /// store has no place to write it.
    async fn set_active(
        &self,
        account: AccountId,
        active: bool,
        audit: &AuditRecord,
    ) -> Result<(), AccountError>;

    /// The ids of the pepper keys that stored hashes name ([`HashedPassword::pepper`]), those of the
    /// history, too: without these keys they cannot be verified.
    ///
    /// # Errors
    /// When the store fails.
    async fn peppers(&self) -> Result<BTreeSet<String>, StoreError>;

    /// How the row of `key` stands; the default state when there is none.
    ///
    /// # Errors
    /// When the store fails.
    async fn attempts(&self, key: &AttemptKey) -> Result<AttemptState, StoreError>;

    /// Clears the account's failures, so that it is no longer locked out.
    ///
    /// # Errors
    /// [`AccountError::Unknown`] when there is no such account.
    async fn unlock(&self, account: AccountId, audit: &AuditRecord) -> Result<(), AccountError>;

    /// Adds a key.
    ///
    /// # Errors
    /// When the store fails.
    async fn add_key(&self, key: &Key, audit: &AuditRecord) -> Result<(), StoreError>;

    /// All keys, revoked ones too, oldest first; of one realm or all.
    ///
    /// # Errors
    /// When the store fails.
    async fn keys(&self, realm: Option<&Realm>) -> Result<Vec<Key>, StoreError>;

    /// Revokes a key at `audit.at`. Says whether there is such a key that was not revoked before.
    ///
    /// # Errors
    /// When the store fails.
    async fn revoke_key(&self, key: KeyId, audit: &AuditRecord) -> Result<bool, StoreError>;

    /// Adds an access token.
    ///
    /// # Errors
    /// [`AccountError::Unknown`] when there is no such account.
    async fn add_access_token(
        &self,
        token: &AccessToken,
        audit: &AuditRecord,
    ) -> Result<(), AccountError>;

    /// Revokes an access token at `audit.at`. Says whether there is such a token that was not revoked
    /// before.
    ///
    /// # Errors
    /// When the store fails.
    async fn revoke_access_token(
        &self,
        token: TokenId,
        audit: &AuditRecord,
    ) -> Result<bool, StoreError>;

    /// The key of this id.
    ///
    /// # Errors
    /// When the store fails.
    async fn key_by_id(&self, key: KeyId) -> Result<Option<Key>, StoreError>;

    /// The access token of this id with its holder.
    ///
    /// # Errors
    /// When the store fails.
    async fn access_token_by_id(&self, token: TokenId) -> Result<Option<HeldToken>, StoreError>;

    /// Adds a reset token and voids (marks as spent) every other one of the account. The event
    /// goes to the outbox in the same transaction.
    ///
    /// # Errors
    /// [`AccountError::Unknown`] when there is no such account.
    async fn add_reset_token(
        &self,
        token: &ResetToken,
        audit: &AuditRecord,
        event: &OutboxEvent,
    ) -> Result<(), AccountError>;

    /// Replaces what the account has to check one-time passwords with.
    ///
    /// # Errors
    /// [`AccountError::Unknown`] when there is no such account.
    async fn set_otp(
        &self,
        account: AccountId,
        enrollment: &OtpEnrollment,
        audit: &AuditRecord,
    ) -> Result<(), AccountError>;

    /// Gives the account a one-time code in place of any older one, and leaves the rest of its
    /// enrollment alone.
    ///
    /// # Errors
    /// [`AccountError::Unknown`] when there is no such account.
    async fn set_otp_code(
        &self,
        account: AccountId,
        code: &TokenDigest,
        expires_at: Timestamp,
        audit: &AuditRecord,
    ) -> Result<(), AccountError>;

    /// Audit records, newest first. Those of the same time stand in an order of the store's own, the
    /// same each time.
    ///
    /// # Errors
    /// When the store fails.
    async fn audit(&self, filter: &AuditFilter) -> Result<Vec<AuditRecord>, StoreError>;

    /// Deletes what the cutoffs say, at most `limit` rows of each kind, and passes over rows that are
    /// in use. Where a count is `limit`, there may be more.
    ///
    /// # Errors
    /// When the store fails.
    async fn prune(&self, cutoffs: &PruneCutoffs, limit: u32) -> Result<Pruned, StoreError>;

    /// The check values of the keys that this database was used with, by the key's name: see
    /// [`add_key_check`](Self::add_key_check).
    ///
    /// # Errors
    /// When the store fails.
    async fn key_checks(&self) -> Result<BTreeMap<String, [u8; 32]>, StoreError>;

    /// Keeps the check value of the key of this name, unless there is one. Returns the one that is
    /// kept, so that several nodes that start at once agree.
    ///
    /// # Errors
    /// When the store fails.
    async fn add_key_check(&self, name: &str, check: &[u8; 32]) -> Result<[u8; 32], StoreError>;

    /// Keeps the check value of the key of this name in place of any other.
    ///
    /// # Errors
    /// When the store fails.
    async fn replace_key_check(&self, name: &str, check: &[u8; 32]) -> Result<(), StoreError>;

    /// Adds, in one transaction, those accounts of another system whose user id their realm does
    /// not have yet, each with its credential, and [`AccountBatch::record`] if it was any. An
    /// account that is present stays as it is, its password above all, for that may have been
    /// changed since the other system was read. Of two of one user id in the batch, the second is
    /// present. Says of each what became of it, in their order.
    ///
    /// # Errors
    /// When the store fails, or adds no accounts at all; nothing was written then. That an account
    /// is present is no error.
    async fn import_accounts(&self, batch: &AccountBatch) -> Result<Vec<Imported>, AccountError>;
}

/// Up to when data that is no longer needed is deleted; `None` keeps it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PruneCutoffs {
    /// Audit records of a time before this.
    pub audit: Option<Timestamp>,
    /// Events of a time before this, whatever became of them: where no channel is configured, they are
    /// pending for ever.
    pub events: Option<Timestamp>,
    /// Reset tokens that expired before this, and access tokens that expired or were revoked before
    /// this. A spent reset token stays until it expires, since the redemption of a signed one is what
    /// keeps it from being redeemed again.
    pub tokens: Option<Timestamp>,
}

/// How many rows were deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Audit records.
    pub audit: u64,
    /// Events.
    pub events: u64,
    /// Reset tokens and access tokens, the larger count of the two.
    pub tokens: u64,
}

/// Which accounts to list.
#[derive(Debug, Clone, Default)]
pub struct AccountFilter {
    /// Only those of this realm.
    pub realm: Option<Realm>,
    /// Only those after this realm and user id, to page on.
    pub after: Option<(Realm, UserId)>,
    /// At most so many.
    pub limit: u32,
}

/// Why an account could not be administered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// The realm has an account of that user id already.
    #[error("there is such an account already")]
    Exists,
    /// There is no such account.
    #[error("there is no such account")]
    Unknown,
    /// The accounts stand in a table of another application, which alone adds any.
    #[error("accounts are kept in a table of another application; add them there")]
    KeptElsewhere,
    /// The accounts stand in a table of another application, of which no column is mapped for that.
    #[error("the accounts table has no column for {0}")]
    NotMapped(&'static str),
    /// The store failed.
    #[error("the account store failed")]
    Store(#[from] StoreError),
}
