mod administration;
mod credentials;
mod import;
mod outbox;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use repass_core::{
    AccessToken, Account, AccountError, AccountId, AttemptKey, AttemptState, AuditRecord,
    Credential, HashedPassword, HeldToken, Key, KeyId, KeyStore, OtpEnrollment, OutboxEntry, Realm,
    ResetToken, StoreError, TokenDigest, TokenId, TokenStore, UserId,
};

/// An in-memory store: implements every port of the engine with maps behind one lock. Clones share
/// their content, which is lost when the last clone is dropped.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    accounts: HashMap<AccountId, Entry>,
    names: BTreeMap<(Realm, UserId), AccountId>,
    attempts: HashMap<AttemptKey, AttemptState>,
    reset_tokens: HashMap<TokenDigest, ResetToken>,
    access_tokens: BTreeMap<TokenId, AccessToken>,
    keys: Vec<Key>,
    audit: Vec<AuditRecord>,
    key_checks: BTreeMap<String, [u8; 32]>,
    /// Oldest first.
    outbox: Vec<OutboxEntry>,
}

#[derive(Debug)]
struct Entry {
    account: Account,
    credential: Option<Credential>,
    /// Newest first.
    history: Vec<HashedPassword>,
    otp: OtpEnrollment,
    /// Access tokens issued up to this time are revoked, except for one.
    revocation: Option<(Timestamp, Option<TokenId>)>,
}

impl MemoryStore {
    /// Creates an empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code panics while it holds the lock with a change half applied.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn entry(&mut self, account: AccountId) -> Result<&mut Entry, AccountError> {
        self.accounts.get_mut(&account).ok_or(AccountError::Unknown)
    }

    fn held(&self, token: &AccessToken) -> Option<HeldToken> {
        let Entry { account: holder, revocation, .. } = self.accounts.get(&token.account)?;
        Some(HeldToken {
            token: token.clone(),
            realm: holder.realm.clone(),
            user_id: holder.user_id.clone(),
            active: holder.active,
            valid_after: revocation.map(|(at, _)| at),
            kept: revocation.is_some_and(|(_, kept)| kept == Some(token.id)),
        })
    }

    fn revoke_access_tokens(&mut self, account: AccountId, keep: Option<TokenId>, at: Timestamp) {
        if let Some(entry) = self.accounts.get_mut(&account) {
            // The clocks of nodes may differ, so the cutoff never moves back.
            let latest = entry.revocation.map_or(at, |(before, _)| before.max(at));
            entry.revocation = Some((latest, keep));
        }
        for token in self.access_tokens.values_mut() {
            if token.account == account && Some(token.id) != keep {
                token.revoked_at.get_or_insert(at);
            }
        }
    }

    fn void_reset_tokens(&mut self, account: AccountId, at: Timestamp) {
        for token in self.reset_tokens.values_mut().filter(|token| token.account == account) {
            token.spent_at.get_or_insert(at);
        }
    }
}

#[async_trait]
impl TokenStore for MemoryStore {
    async fn reset_token(&self, digest: &TokenDigest) -> Result<Option<ResetToken>, StoreError> {
        Ok(self.lock().reset_tokens.get(digest).cloned())
    }

    async fn otp(&self, account: AccountId) -> Result<OtpEnrollment, StoreError> {
        let state = self.lock();
        Ok(state.accounts.get(&account).map(|entry| entry.otp.clone()).unwrap_or_default())
    }
}

#[async_trait]
impl KeyStore for MemoryStore {
    async fn key(&self, digest: &TokenDigest) -> Result<Option<Key>, StoreError> {
        Ok(self.lock().keys.iter().find(|key| key.digest == *digest).cloned())
    }

    async fn access_token(&self, digest: &TokenDigest) -> Result<Option<HeldToken>, StoreError> {
        let state = self.lock();
        let token = state.access_tokens.values().find(|token| token.digest == *digest);
        Ok(token.and_then(|token| state.held(token)))
    }

    async fn record_token_use(&self, token: TokenId, at: Timestamp) -> Result<(), StoreError> {
        if let Some(token) = self.lock().access_tokens.get_mut(&token) {
            token.last_used_at = token.last_used_at.max(Some(at));
        }
        Ok(())
    }
}

impl State {
    fn key_by_id(&self, id: KeyId) -> Option<&Key> {
        self.keys.iter().find(|key| key.id == id)
    }
}

/// Returns at most `limit` items, newest first or `oldest_first`, starting after the item of the key
/// `after`. `items` are in the order written.
fn page<T>(
    items: impl Iterator<Item = T>,
    key_of: impl Fn(&T) -> (Timestamp, Uuid),
    oldest_first: bool,
    after: Option<(Timestamp, Uuid)>,
    limit: u32,
) -> Vec<T> {
    let mut items: Vec<T> = items.collect();
    items.sort_by_key(|item| key_of(item).0);
    if !oldest_first {
        items.reverse();
    }
    let start = after.map_or(0, |after| {
        let same = items.iter().position(|item| key_of(item) == after);
        let precedes = |item: &T| {
            let at = key_of(item).0;
            if oldest_first { at <= after.0 } else { at >= after.0 }
        };
        same.map_or_else(|| items.partition_point(precedes), |at| at + 1)
    });
    items.into_iter().skip(start).take(limit as usize).collect()
}
