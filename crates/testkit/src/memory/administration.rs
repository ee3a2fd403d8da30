use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Entry, MemoryStore, page};
use repass_core::{
    AccessToken, Account, AccountBatch, AccountError, AccountFilter, AccountId,
    AccountWithCredential, AdministrationStore, AttemptKey, AttemptState, AuditFilter, AuditRecord,
    Credential, HashedPassword, HeldToken, Imported, Key, KeyId, OlderTokens, OtpEnrollment,
    OutboxEvent, PruneCutoffs, Pruned, Realm, ResetToken, StoreError, TokenDigest, TokenId,
};

#[async_trait]
impl AdministrationStore for MemoryStore {
    async fn add_account(
        &self,
        account: &Account,
        hash: Option<&HashedPassword>,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        let mut state = self.lock();
        if state.named(account).is_some() {
            return Err(AccountError::Exists);
        }
        state.check_names(account)?;
        let credential = hash.map(|hash| Credential {
            hash: hash.clone(),
            version: 1,
            changed_at: account.created_at,
        });
        state.insert(account, credential);
        state.audit.push(audit.clone());
        Ok(())
    }

    async fn accounts(
        &self,
        filter: &AccountFilter,
    ) -> Result<Vec<AccountWithCredential>, StoreError> {
        let state = self.lock();
        Ok(state
            .names
            .iter()
            .filter(|((realm, _), _)| filter.realm.as_ref().is_none_or(|wanted| wanted == realm))
            .filter(|(name, _)| filter.after.as_ref().is_none_or(|after| *name > after))
            .filter_map(|(_, id)| state.accounts.get(id))
            .filter(|entry| filter.active.is_none_or(|active| entry.account.active == active))
            .filter(|entry| {
                let changed_at = entry.credential.as_ref().map(|own| own.changed_at);
                filter.changed_before.is_none_or(|time| changed_at.is_some_and(|at| at < time))
            })
            .take(filter.limit as usize)
            .map(Entry::with_credential)
            .collect())
    }

    async fn account(&self, account: AccountId) -> Result<Option<Account>, StoreError> {
        Ok(self.lock().accounts.get(&account).map(|entry| entry.account.clone()))
    }

    async fn set_active(
        &self,
        account: AccountId,
        active: bool,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        let mut state = self.lock();
        let entry = state.entry(account)?;
        entry.account.active = active;
        entry.account.updated_at = entry.account.updated_at.max(audit.at);
        if !active {
            state.revoke_access_tokens(account, None, audit.at);
            state.void_reset_tokens(account, audit.at);
        }
        state.audit.push(audit.clone());
        Ok(())
    }

    async fn update_account(
        &self,
        old: &Account,
        new: &Account,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        let mut state = self.lock();
        if state.entry(new.id)?.account.updated_at != old.updated_at {
            return Err(AccountError::Changed);
        }
        state.check_names(new)?;
        let own = &mut state.entry(new.id)?.account;
        own.email.clone_from(&new.email);
        own.username.clone_from(&new.username);
        own.profile.clone_from(&new.profile);
        own.active = new.active;
        own.updated_at =
            crate::clock::after(old.updated_at, Duration::from_micros(1)).max(audit.at);
        if old.active && !new.active {
            state.revoke_access_tokens(new.id, None, audit.at);
            state.void_reset_tokens(new.id, audit.at);
        }
        state.audit.push(audit.clone());
        Ok(())
    }

    async fn delete_account(
        &self,
        account: AccountId,
        unchanged_since: Option<Timestamp>,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        let mut state = self.lock();
        let updated_at = state.entry(account)?.account.updated_at;
        if unchanged_since.is_some_and(|time| time != updated_at) {
            return Err(AccountError::Changed);
        }
        state.accounts.remove(&account);
        state.names.retain(|_, id| *id != account);
        state.attempts.remove(&AttemptKey::account(account));
        state.access_tokens.retain(|_, token| token.account != account);
        state.reset_tokens.retain(|_, token| token.account != account);
        state.outbox.retain(|entry| entry.event.account != account);
        state.audit.push(audit.clone());
        Ok(())
    }

    async fn peppers(&self) -> Result<BTreeSet<String>, StoreError> {
        let state = self.lock();
        let hashes = state
            .accounts
            .values()
            .flat_map(|entry| entry.credential.iter().map(|own| &own.hash).chain(&entry.history));
        Ok(hashes.filter_map(HashedPassword::pepper).collect())
    }

    async fn attempts(&self, key: &AttemptKey) -> Result<AttemptState, StoreError> {
        Ok(self.lock().attempts.get(key).copied().unwrap_or_default())
    }

    async fn unlock(&self, account: AccountId, audit: &AuditRecord) -> Result<(), AccountError> {
        let mut state = self.lock();
        state.entry(account)?;
        state.attempts.remove(&AttemptKey::account(account));
        state.audit.push(audit.clone());
        Ok(())
    }

    async fn add_key(&self, key: &Key, audit: &AuditRecord) -> Result<(), StoreError> {
        let mut state = self.lock();
        state.keys.push(key.clone());
        state.audit.push(audit.clone());
        Ok(())
    }

    async fn keys(&self, realm: Option<&Realm>) -> Result<Vec<Key>, StoreError> {
        let state = self.lock();
        let wanted = |key: &&Key| realm.is_none_or(|realm| key.realm == *realm);
        let mut keys: Vec<Key> = state.keys.iter().filter(wanted).cloned().collect();
        keys.sort_by_key(|key| key.created_at);
        Ok(keys)
    }

    async fn revoke_key(&self, key: KeyId, audit: &AuditRecord) -> Result<bool, StoreError> {
        let mut state = self.lock();
        let live = state.keys.iter_mut().find(|own| own.id == key && own.revoked_at.is_none());
        let Some(own) = live else { return Ok(false) };
        own.revoked_at = Some(audit.at);
        state.audit.push(audit.clone());
        Ok(true)
    }

    async fn add_access_token(
        &self,
        token: &AccessToken,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        let mut state = self.lock();
        state.entry(token.account)?;
        state.access_tokens.insert(token.id, token.clone());
        state.audit.push(audit.clone());
        Ok(())
    }

    async fn revoke_access_token(
        &self,
        token: TokenId,
        audit: &AuditRecord,
    ) -> Result<bool, StoreError> {
        let mut state = self.lock();
        let live = state.access_tokens.get_mut(&token).filter(|own| own.revoked_at.is_none());
        let Some(own) = live else { return Ok(false) };
        own.revoked_at = Some(audit.at);
        state.audit.push(audit.clone());
        Ok(true)
    }

    async fn revoke_access_tokens(
        &self,
        account: AccountId,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        let mut state = self.lock();
        let own = &mut state.entry(account)?.account;
        own.updated_at = own.updated_at.max(audit.at);
        state.revoke_access_tokens(account, None, audit.at);
        state.audit.push(audit.clone());
        Ok(())
    }

    async fn key_by_id(&self, key: KeyId) -> Result<Option<Key>, StoreError> {
        Ok(self.lock().key_by_id(key).cloned())
    }

    async fn access_token_by_id(&self, token: TokenId) -> Result<Option<HeldToken>, StoreError> {
        let state = self.lock();
        Ok(state.access_tokens.get(&token).and_then(|token| state.held(token)))
    }

    async fn access_tokens(
        &self,
        account: AccountId,
        after: Option<(Timestamp, TokenId)>,
        limit: u32,
    ) -> Result<Vec<HeldToken>, StoreError> {
        let state = self.lock();
        let own = state.access_tokens.values().filter(|token| token.account == account);
        let held = own.filter_map(|token| state.held(token));
        Ok(latest(held, |held| (held.token.issued_at, held.token.id), after, limit))
    }

    async fn reset_tokens(
        &self,
        account: AccountId,
        after: Option<(Timestamp, TokenDigest)>,
        limit: u32,
    ) -> Result<Vec<ResetToken>, StoreError> {
        let state = self.lock();
        let own = state.reset_tokens.values().filter(|token| token.account == account);
        Ok(latest(own.cloned(), |token| (token.issued_at, token.digest), after, limit))
    }

    async fn void_reset_tokens(
        &self,
        account: AccountId,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        let mut state = self.lock();
        state.entry(account)?;
        state.void_reset_tokens(account, audit.at);
        state.audit.push(audit.clone());
        Ok(())
    }

    async fn add_reset_token(
        &self,
        token: &ResetToken,
        older: OlderTokens,
        audit: &AuditRecord,
        event: &OutboxEvent,
    ) -> Result<(), AccountError> {
        let mut state = self.lock();
        state.entry(token.account)?;
        if older == OlderTokens::Void {
            state.void_reset_tokens(token.account, token.issued_at);
        }
        state.reset_tokens.insert(token.digest, token.clone());
        state.audit.push(audit.clone());
        state.write_event(event, event.at);
        Ok(())
    }

    async fn set_otp(
        &self,
        account: AccountId,
        enrollment: &OtpEnrollment,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        let mut state = self.lock();
        state.entry(account)?.otp = enrollment.clone();
        state.audit.push(audit.clone());
        Ok(())
    }

    async fn set_otp_code(
        &self,
        account: AccountId,
        code: &TokenDigest,
        expires_at: Timestamp,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        let mut state = self.lock();
        state.entry(account)?.otp.code = Some((*code, expires_at));
        state.audit.push(audit.clone());
        Ok(())
    }

    async fn audit(&self, filter: &AuditFilter) -> Result<Vec<AuditRecord>, StoreError> {
        let state = self.lock();
        let wanted = |record: &&AuditRecord| {
            filter.realm.as_ref().is_none_or(|realm| record.realm == *realm)
                && filter.account.is_none_or(|account| record.account == Some(account))
                && filter.action.as_ref().is_none_or(|action| record.action == *action)
                && filter.outcome.as_ref().is_none_or(|outcome| record.outcome == *outcome)
                && filter.since.is_none_or(|since| record.at >= since)
                && filter.until.is_none_or(|until| record.at < until)
        };
        let records = state.audit.iter().filter(wanted).cloned();
        let (oldest_first, after) = (filter.oldest_first, filter.after);
        Ok(page(records, |record| (record.at, record.id), oldest_first, after, filter.limit))
    }

    async fn import_accounts(&self, batch: &AccountBatch) -> Result<Vec<Imported>, AccountError> {
        Ok(self.lock().import(batch))
    }

    async fn prune(&self, cutoffs: &PruneCutoffs, limit: u32) -> Result<Pruned, StoreError> {
        let mut state = self.lock();
        let before = |at: Option<Timestamp>, cutoff: Option<Timestamp>| {
            at.zip(cutoff).is_some_and(|(at, cutoff)| at < cutoff)
        };
        let records = delete(&mut state.audit, limit, |it| before(Some(it.at), cutoffs.audit));
        let events =
            delete(&mut state.outbox, limit, |it| before(Some(it.event.at), cutoffs.events));
        let mut ended: Vec<_> = state.reset_tokens.values().cloned().collect();
        ended.retain(|it| before(Some(it.expires_at), cutoffs.tokens));
        ended.truncate(limit as usize);
        for token in &ended {
            state.reset_tokens.remove(&token.digest);
        }
        let mut revoked: Vec<_> = state.access_tokens.values().cloned().collect();
        revoked.retain(|it| {
            before(it.revoked_at, cutoffs.tokens) || before(Some(it.expires_at), cutoffs.tokens)
        });
        revoked.truncate(limit as usize);
        for token in &revoked {
            state.access_tokens.remove(&token.id);
        }
        let tokens = ended.len().max(revoked.len()) as u64;
        Ok(Pruned { audit: records, events, tokens })
    }

    async fn key_checks(&self) -> Result<BTreeMap<String, [u8; 32]>, StoreError> {
        Ok(self.lock().key_checks.clone())
    }

    async fn add_key_check(&self, name: &str, check: &[u8; 32]) -> Result<[u8; 32], StoreError> {
        Ok(*self.lock().key_checks.entry(name.to_owned()).or_insert(*check))
    }

    async fn replace_key_check(&self, name: &str, check: &[u8; 32]) -> Result<(), StoreError> {
        self.lock().key_checks.insert(name.to_owned(), *check);
        Ok(())
    }
}

/// Deletes the first `limit` items for which `is_old` is true. Returns their number.
fn delete<T>(items: &mut Vec<T>, limit: u32, is_old: impl Fn(&T) -> bool) -> u64 {
    let mut deleted = 0;
    items.retain(|item| {
        let keep = deleted == limit || !is_old(item);
        deleted += u32::from(!keep);
        keep
    });
    deleted.into()
}

/// Returns at most `limit` items by their keys in descending order, starting after the key `after`.
fn latest<T, K: Ord + Copy>(
    items: impl Iterator<Item = T>,
    key_of: impl Fn(&T) -> K,
    after: Option<K>,
    limit: u32,
) -> Vec<T> {
    let is_listed = |item: &T| after.is_none_or(|after| key_of(item) < after);
    let mut items: Vec<T> = items.filter(is_listed).collect();
    items.sort_by_key(|item| Reverse(key_of(item)));
    items.truncate(limit as usize);
    items
}
