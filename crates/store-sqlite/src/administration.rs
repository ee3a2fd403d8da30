//! Implements [`AdministrationStore`]. Each call is one transaction with its audit record.

mod accounts;
mod audit;
mod import;
mod keys;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::Timestamp;
use repass_core::{
    AccessToken, Account, AccountBatch, AccountError, AccountFilter, AccountId,
    AccountWithCredential, AdministrationStore, AttemptKey, AttemptState, AuditFilter, AuditRecord,
    HashedPassword, HeldToken, Imported, Key, KeyId, OlderTokens, OtpEnrollment, OutboxEvent,
    PruneCutoffs, Pruned, Realm, ResetToken, StoreError, TokenDigest, TokenId,
};

use crate::accounts::AccountsSource;
use crate::connection::Db;
use crate::failure::Result;
use crate::store::SqliteStore;
use crate::writer::Outcome;
use crate::{attempts, audit_and_events, commit, hash_columns};

#[async_trait]
impl AdministrationStore for SqliteStore {
    async fn register(&self, account: &Account) -> std::result::Result<(), AccountError> {
        if self.keeps_accounts() {
            return Ok(());
        }
        let (accounts, account) = (self.accounts(), account.clone());
        self.write(move |db| {
            let known = accounts.register(db, account.id, &account.realm, &account.user_id)?;
            Ok(Outcome::Commit(if known { Ok(()) } else { Err(AccountError::Unknown) }))
        })
        .await?
    }

    async fn add_account(
        &self,
        account: &Account,
        hash: Option<&HashedPassword>,
        audit: &AuditRecord,
    ) -> std::result::Result<(), AccountError> {
        self.insert_account(account, hash, audit).await
    }

    async fn accounts(
        &self,
        filter: &AccountFilter,
    ) -> std::result::Result<Vec<AccountWithCredential>, StoreError> {
        let (accounts, filter) = (self.accounts(), filter.clone());
        self.read(move |db| accounts.list(db, &filter)).await
    }

    async fn account(
        &self,
        account: AccountId,
    ) -> std::result::Result<Option<Account>, StoreError> {
        let accounts = self.accounts();
        self.read(move |db| accounts.account(db, account)).await
    }

    async fn set_active(
        &self,
        account: AccountId,
        active: bool,
        audit: &AuditRecord,
    ) -> std::result::Result<(), AccountError> {
        self.activate(account, active, audit).await
    }

    async fn update_account(
        &self,
        old: &Account,
        new: &Account,
        audit: &AuditRecord,
    ) -> std::result::Result<(), AccountError> {
        self.edit_account(old, new, audit).await
    }

    async fn delete_account(
        &self,
        account: AccountId,
        unchanged_since: Option<Timestamp>,
        audit: &AuditRecord,
    ) -> std::result::Result<(), AccountError> {
        self.remove_account(account, unchanged_since, audit).await
    }

    async fn peppers(&self) -> std::result::Result<BTreeSet<String>, StoreError> {
        self.read(hash_columns::peppers).await
    }

    async fn attempts(&self, key: &AttemptKey) -> std::result::Result<AttemptState, StoreError> {
        let key = key.clone();
        self.read(move |db| Ok(attempts::state(db, &key)?.unwrap_or_default())).await
    }

    async fn unlock(
        &self,
        account: AccountId,
        audit: &AuditRecord,
    ) -> std::result::Result<(), AccountError> {
        self.change_account(account, audit, move |db, _| {
            attempts::clear(db, &AttemptKey::account(account)).map(Ok)
        })
        .await
    }

    async fn add_key(&self, key: &Key, audit: &AuditRecord) -> std::result::Result<(), StoreError> {
        self.insert_key(key, audit).await
    }

    async fn keys(&self, realm: Option<&Realm>) -> std::result::Result<Vec<Key>, StoreError> {
        let realm = realm.cloned();
        self.read(move |db| keys::list(db, realm.as_ref())).await
    }

    async fn revoke_key(
        &self,
        key: KeyId,
        audit: &AuditRecord,
    ) -> std::result::Result<bool, StoreError> {
        let revoke = "UPDATE repass_keys SET revoked_at = ?1 WHERE id = ?2 AND revoked_at IS NULL";
        self.revoke(revoke, key.0, audit).await
    }

    async fn add_access_token(
        &self,
        token: &AccessToken,
        audit: &AuditRecord,
    ) -> std::result::Result<(), AccountError> {
        let token = token.clone();
        self.change_account(token.account, audit, move |db, _| {
            tokens::insert_access_token(db, &token).map(Ok)
        })
        .await
    }

    async fn revoke_access_token(
        &self,
        token: TokenId,
        audit: &AuditRecord,
    ) -> std::result::Result<bool, StoreError> {
        let revoke = "UPDATE repass_access_tokens SET revoked_at = ?1
                      WHERE id = ?2 AND revoked_at IS NULL";
        self.revoke(revoke, token.0, audit).await
    }

    async fn revoke_access_tokens(
        &self,
        account: AccountId,
        audit: &AuditRecord,
    ) -> std::result::Result<(), AccountError> {
        let at = audit.at;
        self.change_account(account, audit, move |db, _| {
            commit::revoke_access_tokens(db, account, None, at)?;
            commit::set_updated(db, account, at).map(Ok)
        })
        .await
    }

    async fn key_by_id(&self, key: KeyId) -> std::result::Result<Option<Key>, StoreError> {
        self.read(move |db| keys::find(db, key)).await
    }

    async fn access_token_by_id(
        &self,
        token: TokenId,
    ) -> std::result::Result<Option<HeldToken>, StoreError> {
        let accounts = self.accounts();
        self.read(move |db| crate::tokens::access_token_by_id(db, &accounts, token)).await
    }

    async fn access_tokens(
        &self,
        account: AccountId,
        after: Option<(Timestamp, TokenId)>,
        limit: u32,
    ) -> std::result::Result<Vec<HeldToken>, StoreError> {
        let accounts = self.accounts();
        self.read(move |db| crate::tokens::access_tokens_of(db, &accounts, account, after, limit))
            .await
    }

    async fn reset_tokens(
        &self,
        account: AccountId,
        after: Option<(Timestamp, TokenDigest)>,
        limit: u32,
    ) -> std::result::Result<Vec<ResetToken>, StoreError> {
        self.read(move |db| crate::tokens::reset_tokens_of(db, account, after, limit)).await
    }

    async fn void_reset_tokens(
        &self,
        account: AccountId,
        audit: &AuditRecord,
    ) -> std::result::Result<(), AccountError> {
        let at = audit.at;
        self.change_account(account, audit, move |db, _| {
            commit::void_reset_tokens(db, account, at).map(Ok)
        })
        .await
    }

    async fn add_reset_token(
        &self,
        token: &ResetToken,
        older: OlderTokens,
        audit: &AuditRecord,
        event: &OutboxEvent,
    ) -> std::result::Result<(), AccountError> {
        let (token, event) = (token.clone(), event.clone());
        self.change_account(token.account, audit, move |db, _| {
            if older == OlderTokens::Void {
                commit::void_reset_tokens(db, token.account, token.issued_at)?;
            }
            tokens::insert_reset_token(db, &token)?;
            audit_and_events::write_event(db, &event, event.at).map(Ok)
        })
        .await
    }

    async fn set_otp(
        &self,
        account: AccountId,
        enrollment: &OtpEnrollment,
        audit: &AuditRecord,
    ) -> std::result::Result<(), AccountError> {
        let enrollment = enrollment.clone();
        self.change_account(account, audit, move |db, _| {
            tokens::write_one_time_password(db, account, &enrollment).map(Ok)
        })
        .await
    }

    async fn set_otp_code(
        &self,
        account: AccountId,
        code: &TokenDigest,
        expires_at: Timestamp,
        audit: &AuditRecord,
    ) -> std::result::Result<(), AccountError> {
        let code = *code;
        self.change_account(account, audit, move |db, _| {
            tokens::write_one_time_code(db, account, &code, expires_at).map(Ok)
        })
        .await
    }

    async fn audit(
        &self,
        filter: &AuditFilter,
    ) -> std::result::Result<Vec<AuditRecord>, StoreError> {
        let filter = filter.clone();
        self.read(move |db| audit::list(db, &filter)).await
    }

    async fn prune(
        &self,
        cutoffs: &PruneCutoffs,
        limit: u32,
    ) -> std::result::Result<Pruned, StoreError> {
        self.delete_old(*cutoffs, limit).await
    }

    async fn key_checks(&self) -> std::result::Result<BTreeMap<String, [u8; 32]>, StoreError> {
        self.read(crate::key_checks::all).await
    }

    async fn add_key_check(
        &self,
        name: &str,
        check: &[u8; 32],
    ) -> std::result::Result<[u8; 32], StoreError> {
        let (name, check) = (name.to_owned(), *check);
        self.write(move |db| crate::key_checks::add(db, &name, &check).map(Outcome::Commit)).await
    }

    async fn replace_key_check(
        &self,
        name: &str,
        check: &[u8; 32],
    ) -> std::result::Result<(), StoreError> {
        let (name, check) = (name.to_owned(), *check);
        self.write(move |db| crate::key_checks::replace(db, &name, &check).map(Outcome::Commit))
            .await
    }

    async fn import_accounts(
        &self,
        batch: &AccountBatch,
    ) -> std::result::Result<Vec<Imported>, AccountError> {
        self.import(batch).await
    }
}

impl SqliteStore {
    /// Runs `change` if the account exists, and writes the audit record.
    async fn change_account(
        &self,
        account: AccountId,
        audit: &AuditRecord,
        change: impl FnOnce(Db<'_>, &AccountsSource) -> Result<std::result::Result<(), AccountError>>
        + Send
        + 'static,
    ) -> std::result::Result<(), AccountError> {
        let (accounts, audit) = (self.accounts(), audit.clone());
        self.write(move |db| {
            if accounts.is_active(db, account)?.is_none() {
                return Ok(Outcome::Rollback(Err(AccountError::Unknown)));
            }
            if let Err(refused) = change(db, &accounts)? {
                return Ok(Outcome::Rollback(Err(refused)));
            }
            audit_and_events::write_audit(db, &audit)?;
            Ok(Outcome::Commit(Ok(())))
        })
        .await?
    }
}
