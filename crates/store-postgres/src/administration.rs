//! Implements [`AdministrationStore`]. Each call is one transaction with its audit record.

mod accounts;
mod import;
mod keys;
mod prune;
mod secrets;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::Timestamp;
use repass_core::{
    AccessToken, Account, AccountBatch, AccountError, AccountFilter, AccountId,
    AccountWithCredential, AdministrationStore, AttemptKey, AttemptState, AuditFilter, AuditRecord,
    HashedPassword, HeldToken, Imported, Key, KeyId, OlderTokens, OtpEnrollment, OutboxEvent,
    PruneCutoffs, Pruned, Realm, ResetToken, StoreError, TokenDigest, TokenId,
};

pub(crate) use accounts::activation;

use crate::mapped::register;
use crate::store::PostgresStore;
use crate::transaction::Durability;

#[async_trait]
impl AdministrationStore for PostgresStore {
    async fn register(&self, account: &Account) -> Result<(), AccountError> {
        self.with_retries(|| async {
            let source = self.accounts();
            let Some(table) = &source.mapped else { return Ok(()) };
            let mut transaction = self.begin(Durability::Immediate).await?;
            let Account { id, realm, user_id, .. } = account;
            let found = register(&source, table, &mut transaction, *id, realm, user_id).await?;
            if found.is_none() {
                transaction.rollback().await?;
                return Err(AccountError::Unknown);
            }
            transaction.commit(&[], None).await?;
            Ok(())
        })
        .await
    }

    async fn add_account(
        &self,
        account: &Account,
        hash: Option<&HashedPassword>,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        self.with_retries(|| self.insert_account(account, hash, audit)).await
    }

    async fn accounts(
        &self,
        filter: &AccountFilter,
    ) -> Result<Vec<AccountWithCredential>, StoreError> {
        self.with_retries(|| self.list_accounts(filter)).await
    }

    async fn account(&self, account: AccountId) -> Result<Option<Account>, StoreError> {
        self.with_retries(|| async {
            let source = self.accounts();
            let found = self.row(&source.by_id(vec![account.0])).await?;
            found.map(|row| source.account(&row)).transpose()
        })
        .await
    }

    async fn set_active(
        &self,
        account: AccountId,
        active: bool,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        self.with_retries(|| self.activate(account, active, audit)).await
    }

    async fn update_account(
        &self,
        old: &Account,
        new: &Account,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        self.with_retries(|| self.edit_account(old, new, audit)).await
    }

    async fn delete_account(
        &self,
        account: AccountId,
        unchanged_since: Option<Timestamp>,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        self.with_retries(|| self.remove_account(account, unchanged_since, audit)).await
    }

    async fn peppers(&self) -> Result<BTreeSet<String>, StoreError> {
        self.with_retries(|| self.list_peppers()).await
    }

    async fn attempts(&self, key: &AttemptKey) -> Result<AttemptState, StoreError> {
        self.with_retries(|| self.attempt_state(key)).await
    }

    async fn unlock(&self, account: AccountId, audit: &AuditRecord) -> Result<(), AccountError> {
        self.with_retries(|| self.clear_attempts(account, audit)).await
    }

    async fn add_key(&self, key: &Key, audit: &AuditRecord) -> Result<(), StoreError> {
        self.with_retries(|| self.insert_key(key, audit)).await
    }

    async fn keys(&self, realm: Option<&Realm>) -> Result<Vec<Key>, StoreError> {
        self.with_retries(|| self.list_keys(realm)).await
    }

    async fn revoke_key(&self, key: KeyId, audit: &AuditRecord) -> Result<bool, StoreError> {
        self.with_retries(|| self.revoke("@keys", key.0, audit)).await
    }

    async fn add_access_token(
        &self,
        token: &AccessToken,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        self.with_retries(|| self.insert_access_token(token, audit)).await
    }

    async fn revoke_access_token(
        &self,
        token: TokenId,
        audit: &AuditRecord,
    ) -> Result<bool, StoreError> {
        self.with_retries(|| self.revoke("@access_tokens", token.0, audit)).await
    }

    async fn revoke_access_tokens(
        &self,
        account: AccountId,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        self.with_retries(|| self.revoke_all_access_tokens(account, audit)).await
    }

    async fn key_by_id(&self, key: KeyId) -> Result<Option<Key>, StoreError> {
        self.with_retries(|| self.find_key(key)).await
    }

    async fn access_token_by_id(&self, token: TokenId) -> Result<Option<HeldToken>, StoreError> {
        self.with_retries(|| self.find_access_token(token)).await
    }

    async fn access_tokens(
        &self,
        account: AccountId,
        after: Option<(Timestamp, TokenId)>,
        limit: u32,
    ) -> Result<Vec<HeldToken>, StoreError> {
        self.with_retries(|| self.list_access_tokens(account, after, limit)).await
    }

    async fn reset_tokens(
        &self,
        account: AccountId,
        after: Option<(Timestamp, TokenDigest)>,
        limit: u32,
    ) -> Result<Vec<ResetToken>, StoreError> {
        self.with_retries(|| self.list_reset_tokens(account, after, limit)).await
    }

    async fn void_reset_tokens(
        &self,
        account: AccountId,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        self.with_retries(|| self.revoke_reset_tokens(account, audit)).await
    }

    async fn add_reset_token(
        &self,
        token: &ResetToken,
        older: OlderTokens,
        audit: &AuditRecord,
        event: &OutboxEvent,
    ) -> Result<(), AccountError> {
        self.with_retries(|| self.insert_reset_token(token, older, audit, event)).await
    }

    async fn set_otp(
        &self,
        account: AccountId,
        enrollment: &OtpEnrollment,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        self.with_retries(|| self.replace_otp(account, enrollment, audit)).await
    }

    async fn set_otp_code(
        &self,
        account: AccountId,
        code: &TokenDigest,
        expires_at: Timestamp,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        self.with_retries(|| self.replace_otp_code(account, code, expires_at, audit)).await
    }

    async fn audit(&self, filter: &AuditFilter) -> Result<Vec<AuditRecord>, StoreError> {
        self.with_retries(|| self.list_audit(filter)).await
    }

    async fn import_accounts(&self, batch: &AccountBatch) -> Result<Vec<Imported>, AccountError> {
        self.with_retries(|| self.import_batch(batch)).await
    }

    async fn prune(&self, cutoffs: &PruneCutoffs, limit: u32) -> Result<Pruned, StoreError> {
        self.with_retries(|| self.prune_rows(cutoffs, limit)).await
    }

    async fn key_checks(&self) -> Result<BTreeMap<String, [u8; 32]>, StoreError> {
        self.with_retries(|| self.list_key_checks()).await
    }

    async fn add_key_check(&self, name: &str, check: &[u8; 32]) -> Result<[u8; 32], StoreError> {
        self.with_retries(|| self.insert_key_check(name, check)).await
    }

    async fn replace_key_check(&self, name: &str, check: &[u8; 32]) -> Result<(), StoreError> {
        self.with_retries(|| self.upsert_key_check(name, check)).await
    }
}
