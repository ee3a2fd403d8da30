//! What an operator does. Each call is one transaction with its audit record.

mod accounts;
mod audit;
mod import;
mod keys;
mod tokens;

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;
use repass_core::{
    AccessToken, Account, AccountBatch, AccountError, AccountFilter, AccountId,
    AdministrationStore, AttemptKey, AttemptState, AuditFilter, AuditRecord, HashedPassword,
    HeldToken, Imported, Key, KeyId, OtpEnrolment, OutboxEvent, Realm, ResetToken, StoreError,
    TokenDigest, TokenId,
};
use sqlx::query;

use crate::attempts::attempts_cleared;
use crate::retry::retried;
use crate::row;
use crate::store::SqlStore;

#[async_trait]
impl AdministrationStore for SqlStore {
    async fn register(&self, account: &Account) -> Result<(), AccountError> {
        let Some(table) = &self.accounts.foreign else { return Ok(()) };
        retried(|| async {
            let mut transaction = self.begin().await?;
            let (realm, user_id) = (&account.realm, &account.user_id);
            let known =
                self.register_foreign(&mut transaction, table, account.id, realm, user_id).await?;
            self.end_unrecorded(transaction).await?;
            if known { Ok(()) } else { Err(AccountError::Unknown) }
        })
        .await
    }

    async fn add_account(
        &self,
        account: &Account,
        hash: Option<&HashedPassword>,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        retried(|| self.insert_account(account, hash, audit)).await
    }

    async fn accounts(&self, filter: &AccountFilter) -> Result<Vec<Account>, StoreError> {
        retried(|| self.list_accounts(filter)).await
    }

    async fn account(&self, account: AccountId) -> Result<Option<Account>, StoreError> {
        retried(|| self.account_by_id(account)).await
    }

    async fn set_active(
        &self,
        account: AccountId,
        active: bool,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        retried(|| self.activate(account, active, audit)).await
    }

    async fn peppers(&self) -> Result<BTreeSet<String>, StoreError> {
        retried(|| self.named_peppers()).await
    }

    async fn attempts(&self, key: &AttemptKey) -> Result<AttemptState, StoreError> {
        retried(|| async {
            let found = query(
                "SELECT failures, password_closed_until, reset_closed_until, expires_at
                 FROM attempts WHERE key = $1",
            )
            .bind(key.as_bytes().as_slice());
            let state = self.row(found).await?.as_ref().map(row::attempt_state).transpose()?;
            Ok(state.unwrap_or_default())
        })
        .await
    }

    async fn unlock(&self, account: AccountId, audit: &AuditRecord) -> Result<(), AccountError> {
        retried(|| async {
            let mut transaction = self.begin().await?;
            if self.lock_account(&mut transaction, account).await?.is_none() {
                return Err(AccountError::Unknown);
            }
            let cleared = attempts_cleared(&AttemptKey::account(account));
            self.effect(&mut transaction, cleared).await?;
            self.write_audit(&mut transaction, audit).await?;
            Ok(self.end(transaction, audit).await?)
        })
        .await
    }

    async fn add_key(&self, key: &Key, audit: &AuditRecord) -> Result<(), StoreError> {
        retried(|| self.insert_key(key, audit)).await
    }

    async fn keys(&self, realm: Option<&Realm>) -> Result<Vec<Key>, StoreError> {
        retried(|| self.list_keys(realm)).await
    }

    async fn revoke_key(&self, key: KeyId, audit: &AuditRecord) -> Result<bool, StoreError> {
        let revoke = "UPDATE keys SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL";
        retried(|| self.revoke(revoke, key.0, audit)).await
    }

    async fn add_access_token(
        &self,
        token: &AccessToken,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        retried(|| self.insert_access_token(token, audit)).await
    }

    async fn revoke_access_token(
        &self,
        token: TokenId,
        audit: &AuditRecord,
    ) -> Result<bool, StoreError> {
        let revoke =
            "UPDATE access_tokens SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL";
        retried(|| self.revoke(revoke, token.0, audit)).await
    }

    async fn key_by_id(&self, key: KeyId) -> Result<Option<Key>, StoreError> {
        retried(|| self.find_key(key)).await
    }

    async fn access_token_by_id(&self, token: TokenId) -> Result<Option<HeldToken>, StoreError> {
        retried(|| self.find_access_token(token)).await
    }

    async fn add_reset_token(
        &self,
        token: &ResetToken,
        audit: &AuditRecord,
        event: &OutboxEvent,
    ) -> Result<(), AccountError> {
        retried(|| self.insert_reset_token(token, audit, event)).await
    }

    async fn set_otp(
        &self,
        account: AccountId,
        enrolment: &OtpEnrolment,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        retried(|| self.replace_otp(account, enrolment, audit)).await
    }

    async fn set_otp_code(
        &self,
        account: AccountId,
        code: &TokenDigest,
        expires_at: Timestamp,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        retried(|| self.upsert_otp_code(account, code, expires_at, audit)).await
    }

    async fn audit(&self, filter: &AuditFilter) -> Result<Vec<AuditRecord>, StoreError> {
        retried(|| self.list_audit(filter)).await
    }

    async fn outbox(&self, limit: u32) -> Result<Vec<OutboxEvent>, StoreError> {
        retried(|| async {
            let events = query(
                "SELECT id, at, account, kind, payload FROM outbox ORDER BY sequence LIMIT $1",
            )
            .bind(i64::from(limit));
            self.rows(events).await?.iter().map(row::outbox_event).collect()
        })
        .await
    }

    async fn import_accounts(&self, batch: &AccountBatch) -> Result<Vec<Imported>, AccountError> {
        retried(|| self.import_batch(batch)).await
    }
}
