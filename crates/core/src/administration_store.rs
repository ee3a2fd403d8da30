use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{
    AccessToken, Account, AccountBatch, AccountId, AccountWithCredential, AttemptKey, AttemptState,
    AuditFilter, AuditRecord, CredentialStore, HashedPassword, HeldToken, Imported, Key, KeyId,
    KeyStore, NameKind, OtpEnrollment, OutboxEvent, OutboxStore, Realm, ResetToken, StoreError,
    TokenDigest, TokenId, TokenStore, UserId,
};

/// The port for operators: accounts, keys and tokens. Every call that writes takes the audit record
/// that is written in the same transaction.
#[async_trait]
pub trait AdministrationStore: CredentialStore + TokenStore + KeyStore + OutboxStore {
    /// Registers the id of an account that [`find`](CredentialStore::find) or
    /// [`accounts`](Self::accounts) returned, so that the methods below can name the account by its
    /// id. A store with its own table of accounts has nothing to do.
    ///
    /// # Errors
    /// [`AccountError::Unknown`] when the account does not exist any more.
    async fn register(&self, _account: &Account) -> Result<(), AccountError> {
        Ok(())
    }

    /// Adds an account, with its first credential (version 1) when `hash` is given.
    ///
    /// # Errors
    /// [`AccountError::Exists`] when the realm has that user id already,
    /// [`AccountError::NameTaken`] when it has an account with this e-mail address or user name in
    /// the form of [`fold_name`](crate::fold_name), [`AccountError::KeptElsewhere`] when the store
    /// cannot add accounts.
    async fn add_account(
        &self,
        account: &Account,
        hash: Option<&HashedPassword>,
        audit: &AuditRecord,
    ) -> Result<(), AccountError>;

    /// Lists accounts with their credentials by realm and user id in ascending order.
    ///
    /// # Errors
    /// When the store fails.
    async fn accounts(
        &self,
        filter: &AccountFilter,
    ) -> Result<Vec<AccountWithCredential>, StoreError>;

    /// Returns the account of this id, if the id is registered: see [`register`](Self::register).
    ///
    /// # Errors
    /// When the store fails.
    async fn account(&self, account: AccountId) -> Result<Option<Account>, StoreError>;

    /// Activates or deactivates an account, and sets its `updated_at` to `audit.at`. Deactivating
    /// revokes its access tokens, invalidates those issued up to `audit.at`
    /// ([`HeldToken::valid_after`]), and voids its reset tokens.
    ///
    /// # Errors
    /// [`AccountError::Unknown`] when there is no such account, [`AccountError::NotMapped`] when no
    /// column is mapped for it.
    async fn set_active(
        &self,
        account: AccountId,
        active: bool,
        audit: &AuditRecord,
    ) -> Result<(), AccountError>;

    /// Sets e-mail address, user name, profile and `active` of the account `old` to those of `new`,
    /// and its `updated_at` to `audit.at`, if `updated_at` is still that of `old`. The time never
    /// moves back; if it would not move, it moves by a microsecond. If `old` is active and `new` is
    /// not, the account is deactivated as by [`set_active`](Self::set_active).
    ///
    /// # Errors
    /// [`AccountError::Unknown`] when there is no such account, [`AccountError::Changed`] when it
    /// was changed since, [`AccountError::NameTaken`] when a name that changes is that of another
    /// account, [`AccountError::KeptElsewhere`] when the store cannot edit accounts.
    async fn update_account(
        &self,
        old: &Account,
        new: &Account,
        audit: &AuditRecord,
    ) -> Result<(), AccountError>;

    /// Deletes an account with its passwords, failures, tokens, one-time password enrollment and
    /// events. Its audit records stay. With `unchanged_since`, the account's `updated_at` must be
    /// that time.
    ///
    /// # Errors
    /// [`AccountError::Unknown`] when there is no such account, [`AccountError::Changed`] when it
    /// was changed since, [`AccountError::KeptElsewhere`] when the store cannot delete accounts.
    async fn delete_account(
        &self,
        account: AccountId,
        unchanged_since: Option<Timestamp>,
        audit: &AuditRecord,
    ) -> Result<(), AccountError>;

    /// Returns the ids of the pepper keys ([`HashedPassword::pepper`]) that are needed to verify
    /// the stored hashes, the history included.
    ///
    /// # Errors
    /// When the store fails.
    async fn peppers(&self) -> Result<BTreeSet<String>, StoreError>;

    /// Returns the failures of `key`; the default state if there is no row.
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

    /// Lists the keys of one realm or of all realms, oldest first, including revoked keys.
    ///
    /// # Errors
    /// When the store fails.
    async fn keys(&self, realm: Option<&Realm>) -> Result<Vec<Key>, StoreError>;

    /// Revokes a key at `audit.at`. Returns whether there was an active key of this id.
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

    /// Revokes an access token at `audit.at`. Returns whether there was an unrevoked token of this
    /// id.
    ///
    /// # Errors
    /// When the store fails.
    async fn revoke_access_token(
        &self,
        token: TokenId,
        audit: &AuditRecord,
    ) -> Result<bool, StoreError>;

    /// Revokes all access tokens of an account at `audit.at`, and invalidates those issued up to
    /// then ([`HeldToken::valid_after`]). `updated_at` of the account is then not before this time,
    /// by which later tokens are dated.
    ///
    /// # Errors
    /// [`AccountError::Unknown`] when there is no such account.
    async fn revoke_access_tokens(
        &self,
        account: AccountId,
        audit: &AuditRecord,
    ) -> Result<(), AccountError>;

    /// Returns the key of this id.
    ///
    /// # Errors
    /// When the store fails.
    async fn key_by_id(&self, key: KeyId) -> Result<Option<Key>, StoreError>;

    /// Returns the access token of this id with its holder.
    ///
    /// # Errors
    /// When the store fails.
    async fn access_token_by_id(&self, token: TokenId) -> Result<Option<HeldToken>, StoreError>;

    /// Lists the access tokens of an account, at most `limit`, by time of issue and id in descending
    /// order; with `after`, only those that are listed after the token of this time and id.
    ///
    /// # Errors
    /// When the store fails.
    async fn access_tokens(
        &self,
        account: AccountId,
        after: Option<(Timestamp, TokenId)>,
        limit: u32,
    ) -> Result<Vec<HeldToken>, StoreError>;

    /// Lists the reset tokens of an account, at most `limit`, by time of issue and digest in
    /// descending order; with `after`, only those that are listed after the token of this time and
    /// digest.
    ///
    /// # Errors
    /// When the store fails.
    async fn reset_tokens(
        &self,
        account: AccountId,
        after: Option<(Timestamp, TokenDigest)>,
        limit: u32,
    ) -> Result<Vec<ResetToken>, StoreError>;

    /// Voids the reset tokens of an account at `audit.at`.
    ///
    /// # Errors
    /// [`AccountError::Unknown`] when there is no such account.
    async fn void_reset_tokens(
        &self,
        account: AccountId,
        audit: &AuditRecord,
    ) -> Result<(), AccountError>;

    /// Adds a reset token, voids (marks as spent) every other one of the account if `older` says
    /// so, and writes the event to the outbox, in one transaction.
    ///
    /// # Errors
    /// [`AccountError::Unknown`] when there is no such account.
    async fn add_reset_token(
        &self,
        token: &ResetToken,
        older: OlderTokens,
        audit: &AuditRecord,
        event: &OutboxEvent,
    ) -> Result<(), AccountError>;

    /// Replaces the account's one-time password enrollment.
    ///
    /// # Errors
    /// [`AccountError::Unknown`] when there is no such account.
    async fn set_otp(
        &self,
        account: AccountId,
        enrollment: &OtpEnrollment,
        audit: &AuditRecord,
    ) -> Result<(), AccountError>;

    /// Replaces the one-time code of the account's enrollment, and keeps the rest of the
    /// enrollment.
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

    /// Lists audit records, newest first, or [oldest first](AuditFilter::oldest_first). The store
    /// chooses a stable order for records of the same time.
    ///
    /// # Errors
    /// When the store fails.
    async fn audit(&self, filter: &AuditFilter) -> Result<Vec<AuditRecord>, StoreError>;

    /// Deletes the rows that are older than the cutoffs, at most `limit` of each kind, and skips
    /// locked rows. If a count is `limit`, more rows may remain.
    ///
    /// # Errors
    /// When the store fails.
    async fn prune(&self, cutoffs: &PruneCutoffs, limit: u32) -> Result<Pruned, StoreError>;

    /// Returns the check values of the keys that this database was used with, by the key's name;
    /// see [`add_key_check`](Self::add_key_check).
    ///
    /// # Errors
    /// When the store fails.
    async fn key_checks(&self) -> Result<BTreeMap<String, [u8; 32]>, StoreError>;

    /// Stores the check value of the key of this name, unless one is stored. Returns the stored
    /// value, so that nodes that start concurrently agree.
    ///
    /// # Errors
    /// When the store fails.
    async fn add_key_check(&self, name: &str, check: &[u8; 32]) -> Result<[u8; 32], StoreError>;

    /// Stores the check value of the key of this name, and replaces an older value.
    ///
    /// # Errors
    /// When the store fails.
    async fn replace_key_check(&self, name: &str, check: &[u8; 32]) -> Result<(), StoreError>;

    /// Adds the accounts whose user id does not exist in their realm, each with its credential, and
    /// [`AccountBatch::record`] if any was added, in one transaction. Existing accounts stay
    /// unchanged, because their passwords may have been changed since the export. If a user id
    /// occurs twice in the batch, the second account counts as present. Returns one outcome for
    /// each account, in their order.
    ///
    /// # Errors
    /// When the store fails, or cannot add accounts; then nothing was written. An existing account
    /// is no error.
    async fn import_accounts(&self, batch: &AccountBatch) -> Result<Vec<Imported>, AccountError>;
}

/// What happens to the older reset tokens of an account when a new one is added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OlderTokens {
    /// They are voided.
    Void,
    /// They stay valid until one is redeemed or they expire. A change of the password voids all.
    Keep,
}

/// The age limits of [`prune`](AdministrationStore::prune); `None` keeps the data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PruneCutoffs {
    /// Deletes audit records before this time.
    pub audit: Option<Timestamp>,
    /// Deletes events before this time in any state; without a configured channel, events stay
    /// pending.
    pub events: Option<Timestamp>,
    /// Deletes reset tokens that expired before this time, and access tokens that expired or were
    /// revoked before it. A spent reset token is kept until it expires, because its record prevents
    /// a second redemption of a signed token.
    pub tokens: Option<Timestamp>,
}

/// The numbers of deleted rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Audit records.
    pub audit: u64,
    /// Events.
    pub events: u64,
    /// The larger of the counts of reset tokens and access tokens.
    pub tokens: u64,
}

/// A filter for [`AdministrationStore::accounts`].
#[derive(Debug, Clone, Default)]
pub struct AccountFilter {
    /// Only accounts of this realm.
    pub realm: Option<Realm>,
    /// Only accounts after this realm and user id, for paging.
    pub after: Option<(Realm, UserId)>,
    /// Only active, or only inactive accounts.
    pub active: Option<bool>,
    /// Only accounts whose password was set before this time.
    pub changed_before: Option<Timestamp>,
    /// The most accounts to return.
    pub limit: u32,
}

/// Why an account could not be administered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// The realm has an account of that user id already.
    #[error("there is such an account already")]
    Exists,
    /// Another account of the realm has the e-mail address or user name.
    #[error("another account has this {kind}")]
    NameTaken {
        /// The kind of the name.
        kind: NameKind,
        /// The account that has it.
        by: AccountId,
    },
    /// The account does not exist.
    #[error("there is no such account")]
    Unknown,
    /// The account was changed since it was read.
    #[error("the account was changed meanwhile")]
    Changed,
    /// The accounts are in a table of another application, which must add, edit and delete them.
    #[error("accounts are kept in a table of another application; add, edit and delete them there")]
    KeptElsewhere,
    /// The accounts are in a table of another application, and no column is mapped for this value.
    #[error("the accounts table has no column for {0}")]
    NotMapped(&'static str),
    /// The store failed.
    #[error("the account store failed")]
    Store(#[from] StoreError),
}
