use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::Timestamp;
use repass_core::{
    AccessToken, Account, AccountBatch, AccountError, AccountFilter, AccountId,
    AccountWithCredential, AdministrationStore, AttemptKey, AttemptState, AuditFilter, AuditRecord,
    Backlog, Claim, ClaimEvents, ClaimedEvent, Commit, CommitOutcome, CredentialStore,
    DeliveryOutcome, FinishAttempt, HashedPassword, HeldToken, Imported, Key, KeyId, KeyStore,
    NameKind, OlderTokens, OtpEnrollment, OutboxEntry, OutboxEvent, OutboxFilter, OutboxStore,
    PruneCutoffs, Pruned, Realm, Rehash, ReserveAttempt, ReserveOutcome, ResetToken, StoreError,
    Subject, TokenDigest, TokenId, TokenStore,
};
use uuid::Uuid;

use crate::MemoryStore;

/// How a [`FailingStore`] fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreFailure {
    /// By [`StoreError::Unavailable`].
    Unavailable,
    /// By [`StoreError::Failed`].
    Failed,
    /// By a panic.
    Panics,
}

/// A store that finds keys in `keys`. Every other method fails.
#[derive(Debug)]
pub struct FailingStore {
    /// The keys.
    pub keys: MemoryStore,
    /// How the other methods fail.
    pub failure: StoreFailure,
}

#[allow(clippy::panic, reason = "a panic is one of the failures")]
impl FailingStore {
    /// The text of errors and panics, which no answer may contain.
    pub const DETAIL: &str = "the disk of db-7 is full";

    fn fail<T, E: From<StoreError>>(&self) -> Result<T, E> {
        Err(E::from(match self.failure {
            StoreFailure::Unavailable => StoreError::Unavailable(Self::DETAIL.into()),
            StoreFailure::Failed => StoreError::Failed(Self::DETAIL.into()),
            StoreFailure::Panics => panic!("{}", Self::DETAIL),
        }))
    }
}

#[async_trait]
impl CredentialStore for FailingStore {
    async fn find(&self, _: &Subject) -> Result<Option<AccountWithCredential>, StoreError> {
        self.fail()
    }

    async fn find_by_name(
        &self,
        _: &Realm,
        _: NameKind,
        _: &str,
    ) -> Result<Vec<AccountWithCredential>, StoreError> {
        self.fail()
    }

    async fn history(&self, _: AccountId, _: usize) -> Result<Vec<HashedPassword>, StoreError> {
        self.fail()
    }

    async fn reserve_attempt(&self, _: &ReserveAttempt<'_>) -> Result<ReserveOutcome, StoreError> {
        self.fail()
    }

    async fn finish_attempt(&self, _: &FinishAttempt) -> Result<bool, StoreError> {
        self.fail()
    }

    async fn delete_expired_attempts(&self, _: Timestamp, _: usize) -> Result<(), StoreError> {
        self.fail()
    }

    async fn commit(&self, _: &Commit) -> Result<CommitOutcome, StoreError> {
        self.fail()
    }

    async fn rehash(&self, _: &Rehash) -> Result<bool, StoreError> {
        self.fail()
    }
}

#[async_trait]
impl TokenStore for FailingStore {
    async fn reset_token(&self, _: &TokenDigest) -> Result<Option<ResetToken>, StoreError> {
        self.fail()
    }

    async fn otp(&self, _: AccountId) -> Result<OtpEnrollment, StoreError> {
        self.fail()
    }
}

#[async_trait]
impl KeyStore for FailingStore {
    async fn key(&self, digest: &TokenDigest) -> Result<Option<Key>, StoreError> {
        self.keys.key(digest).await
    }

    async fn access_token(&self, _: &TokenDigest) -> Result<Option<HeldToken>, StoreError> {
        self.fail()
    }

    async fn record_token_use(&self, _: TokenId, _: Timestamp) -> Result<(), StoreError> {
        self.fail()
    }
}

#[async_trait]
impl OutboxStore for FailingStore {
    async fn claim(&self, _: &ClaimEvents<'_>) -> Result<Vec<ClaimedEvent>, StoreError> {
        self.fail()
    }

    async fn finish_delivery(
        &self,
        _: &Claim,
        _: &DeliveryOutcome,
        _: &[&str],
    ) -> Result<(), StoreError> {
        self.fail()
    }

    async fn entries(&self, _: &OutboxFilter) -> Result<Vec<OutboxEntry>, StoreError> {
        self.fail()
    }

    async fn backlog(&self) -> Result<Backlog, StoreError> {
        self.fail()
    }

    async fn entry(&self, _: Uuid) -> Result<Option<OutboxEntry>, StoreError> {
        self.fail()
    }

    async fn retry_event(&self, _: Uuid, _: &AuditRecord) -> Result<bool, StoreError> {
        self.fail()
    }

    async fn drop_event(&self, _: Uuid, _: &AuditRecord) -> Result<bool, StoreError> {
        self.fail()
    }
}

#[async_trait]
impl AdministrationStore for FailingStore {
    async fn add_account(
        &self,
        _: &Account,
        _: Option<&HashedPassword>,
        _: &AuditRecord,
    ) -> Result<(), AccountError> {
        self.fail()
    }

    async fn accounts(&self, _: &AccountFilter) -> Result<Vec<AccountWithCredential>, StoreError> {
        self.fail()
    }

    async fn account(&self, _: AccountId) -> Result<Option<Account>, StoreError> {
        self.fail()
    }

    async fn set_active(&self, _: AccountId, _: bool, _: &AuditRecord) -> Result<(), AccountError> {
        self.fail()
    }

    async fn update_account(
        &self,
        _: &Account,
        _: &Account,
        _: &AuditRecord,
    ) -> Result<(), AccountError> {
        self.fail()
    }

    async fn delete_account(
        &self,
        _: AccountId,
        _: Option<Timestamp>,
        _: &AuditRecord,
    ) -> Result<(), AccountError> {
        self.fail()
    }

    async fn peppers(&self) -> Result<BTreeSet<String>, StoreError> {
        self.fail()
    }

    async fn attempts(&self, _: &AttemptKey) -> Result<AttemptState, StoreError> {
        self.fail()
    }

    async fn unlock(&self, _: AccountId, _: &AuditRecord) -> Result<(), AccountError> {
        self.fail()
    }

    async fn add_key(&self, _: &Key, _: &AuditRecord) -> Result<(), StoreError> {
        self.fail()
    }

    async fn keys(&self, _: Option<&Realm>) -> Result<Vec<Key>, StoreError> {
        self.fail()
    }

    async fn revoke_key(&self, _: KeyId, _: &AuditRecord) -> Result<bool, StoreError> {
        self.fail()
    }

    async fn add_access_token(&self, _: &AccessToken, _: &AuditRecord) -> Result<(), AccountError> {
        self.fail()
    }

    async fn revoke_access_token(&self, _: TokenId, _: &AuditRecord) -> Result<bool, StoreError> {
        self.fail()
    }

    async fn revoke_access_tokens(
        &self,
        _: AccountId,
        _: &AuditRecord,
    ) -> Result<(), AccountError> {
        self.fail()
    }

    async fn key_by_id(&self, _: KeyId) -> Result<Option<Key>, StoreError> {
        self.fail()
    }

    async fn access_token_by_id(&self, _: TokenId) -> Result<Option<HeldToken>, StoreError> {
        self.fail()
    }

    async fn access_tokens(
        &self,
        _: AccountId,
        _: Option<(Timestamp, TokenId)>,
        _: u32,
    ) -> Result<Vec<HeldToken>, StoreError> {
        self.fail()
    }

    async fn reset_tokens(
        &self,
        _: AccountId,
        _: Option<(Timestamp, TokenDigest)>,
        _: u32,
    ) -> Result<Vec<ResetToken>, StoreError> {
        self.fail()
    }

    async fn void_reset_tokens(&self, _: AccountId, _: &AuditRecord) -> Result<(), AccountError> {
        self.fail()
    }

    async fn add_reset_token(
        &self,
        _: &ResetToken,
        _: OlderTokens,
        _: &AuditRecord,
        _: &OutboxEvent,
    ) -> Result<(), AccountError> {
        self.fail()
    }

    async fn set_otp(
        &self,
        _: AccountId,
        _: &OtpEnrollment,
        _: &AuditRecord,
    ) -> Result<(), AccountError> {
        self.fail()
    }

    async fn set_otp_code(
        &self,
        _: AccountId,
        _: &TokenDigest,
        _: Timestamp,
        _: &AuditRecord,
    ) -> Result<(), AccountError> {
        self.fail()
    }

    async fn audit(&self, _: &AuditFilter) -> Result<Vec<AuditRecord>, StoreError> {
        self.fail()
    }

    async fn prune(&self, _: &PruneCutoffs, _: u32) -> Result<Pruned, StoreError> {
        self.fail()
    }

    async fn key_checks(&self) -> Result<BTreeMap<String, [u8; 32]>, StoreError> {
        self.fail()
    }

    async fn add_key_check(&self, _: &str, _: &[u8; 32]) -> Result<[u8; 32], StoreError> {
        self.fail()
    }

    async fn replace_key_check(&self, _: &str, _: &[u8; 32]) -> Result<(), StoreError> {
        self.fail()
    }

    async fn import_accounts(&self, _: &AccountBatch) -> Result<Vec<Imported>, AccountError> {
        self.fail()
    }
}
