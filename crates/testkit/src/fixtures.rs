//! Values for tests: accounts, tokens, changes, and fast hashers.
//!
//! Ids, digests and e-mail addresses are random, so that no two fixtures are equal. Change single
//! members with [`with`], as in `with(commit(&account, 1, "second"), |it| it.history = 0)`.

#![allow(clippy::unwrap_used, reason = "a fixture that cannot be created fails its test")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use jiff::Timestamp;
use repass_core::{
    AccessToken, Account, AccountId, Argon2idHasher, AuditRecord, Commit, Context, Credential,
    HashError, HashProfile, HashedPassword, Hasher, HasherOptions, Key, KeyId, KeyKind,
    NewPassword, OutboxEvent, OutboxFilter, OutboxStore, Plaintext, Policy, PolicyRules, Realm,
    Rehash, ResetToken, SystemRandomness, TokenDigest, TokenId, random_uuid,
};
use serde_json::json;
use uuid::Uuid;

/// Returns a hasher with the profile [`HashProfile::INSECURE_FOR_TESTS`].
pub fn hasher() -> Argon2idHasher {
    hasher_with(HasherOptions::default())
}

/// Returns a hasher with these options, but the profile [`HashProfile::INSECURE_FOR_TESTS`].
pub fn hasher_with(options: HasherOptions) -> Argon2idHasher {
    let options = HasherOptions { profile: HashProfile::INSECURE_FOR_TESTS, ..options };
    Argon2idHasher::start(&options, Arc::new(SystemRandomness)).unwrap()
}

/// A hasher without cost, for measuring changes without hashing.
#[derive(Debug)]
pub struct ConstantHasher {
    hash: HashedPassword,
    is_correct: fn(&str) -> bool,
}

impl ConstantHasher {
    /// Creates a hasher that returns the same hash for every password, and verifies passwords with
    /// `is_correct`.
    pub fn new(is_correct: fn(&str) -> bool) -> Self {
        Self { hash: HashedPassword::from_stored("$constant$"), is_correct }
    }
}

#[async_trait]
impl Hasher for ConstantHasher {
    async fn hash(&self, _: NewPassword) -> Result<HashedPassword, HashError> {
        Ok(self.hash.clone())
    }

    async fn verify(
        &self,
        password: Arc<Plaintext>,
        _: &HashedPassword,
    ) -> Result<bool, HashError> {
        Ok((self.is_correct)(password.expose()))
    }

    fn dummy_hash(&self) -> &HashedPassword {
        &self.hash
    }
}

/// Returns the time `second` seconds after second 0 of the fixtures, which is 2027-01-15T08:00:00Z.
pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

/// Returns a random id that is greater than those before it. A store may list records of the same
/// time by id or in the order written; with increasing ids both orders are the same.
pub fn uuid() -> Uuid {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let random = random_uuid(&SystemRandomness).unwrap().as_u64_pair().1;
    Uuid::from_u64_pair(COUNT.fetch_add(1, Ordering::Relaxed), random)
}

/// Returns an active account without a username, with a random id and e-mail address.
pub fn account(realm: &Realm, user_id: &str) -> Account {
    let id = AccountId(uuid());
    let mut account = Account::new(id, realm.clone(), user_id.parse().unwrap(), at(-1000));
    account.email = format!("{}@example.org", uuid().simple()).parse().ok();
    account.updated_at = at(-900);
    account
}

/// Returns the value after `change`.
pub fn with<T>(mut value: T, change: impl FnOnce(&mut T)) -> T {
    change(&mut value);
    value
}

/// Returns a stored hash that ends in `$name`. No password matches it.
pub fn hash(name: &str) -> HashedPassword {
    HashedPassword::from_stored(format!("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ${name}"))
}

/// Returns a random digest, different for each call.
pub fn digest(name: &str) -> TokenDigest {
    TokenDigest::from_identifier(format!("{name} {}", uuid()).as_bytes())
}

/// Returns an audit record of an action of an operator on the account, at second 0.
pub fn audit(account: &Account, action: &str) -> AuditRecord {
    AuditRecord { realm: account.realm.clone(), ..audit_for_id(account.id, action) }
}

/// Like [`audit`], for an account id. The realm is `test`.
pub fn audit_for_id(account: AccountId, action: &str) -> AuditRecord {
    AuditRecord {
        id: uuid(),
        at: at(0),
        realm: "test".parse().unwrap(),
        account: Some(account),
        action: action.to_owned(),
        outcome: "ok".to_owned(),
        detail: None,
        caller: "operator".to_owned(),
        context: Context::new("test"),
    }
}

/// Returns an unspent reset token of the account, valid at second 0.
pub fn reset_token(account: &Account) -> ResetToken {
    ResetToken {
        digest: digest("reset"),
        account: account.id,
        issued_at: at(-10),
        expires_at: at(590),
        spent_at: None,
    }
}

/// Returns an access token of the account, valid at second 0.
pub fn access_token(account: &Account) -> AccessToken {
    AccessToken {
        id: TokenId(uuid()),
        account: account.id,
        roles: vec!["admin".to_owned(), "o'ne \"more\"".to_owned()],
        digest: digest("access"),
        issued_at: at(-20),
        expires_at: at(3600),
        revoked_at: None,
        ip_address: Some("2001:db8::7".to_owned()),
        user_agent: Some("o'Browser \"1\"".to_owned()),
        last_used_at: None,
    }
}

/// Returns a service key.
pub fn service_key(realm: &Realm, created_at: Timestamp) -> Key {
    Key {
        id: KeyId(uuid()),
        realm: realm.clone(),
        kind: KeyKind::Service,
        name: "the bot's 🔑".to_owned(),
        scopes: BTreeSet::new(),
        all_realms: false,
        digest: digest("key"),
        created_at,
        revoked_at: None,
    }
}

/// Returns a change of the password to the [`hash`] of this name at second 0, by the old password.
pub fn commit(account: &Account, expected_version: i64, name: &str) -> Commit {
    let (record, event) = (audit(account, "password.change"), event(account.id, 0));
    let mut commit = Commit::new(account, None, hash(name), record, event);
    commit.expected_version = expected_version;
    commit.history = 5;
    commit
}

/// Returns a rehash of the [`hash`] named `from` to the one named `to`.
pub fn rehash(account: &Account, version: i64, from: &str, to: &str) -> Rehash {
    let credential = Credential { hash: hash(from), version, changed_at: at(0) };
    Rehash::new(account, &credential, hash(to), audit(account, "password.rehash"))
}

/// Returns a `password.changed` event at this second.
pub fn event(account: AccountId, second: i64) -> OutboxEvent {
    OutboxEvent {
        id: uuid(),
        at: at(second),
        account,
        kind: "password.changed".to_owned(),
        payload: json!({ "request": "r-1", "odd": "'\"ü🔑", "number": 1.5, "none": null }),
    }
}

/// Returns all events of a store, oldest first.
pub async fn events(store: &(impl OutboxStore + ?Sized)) -> Vec<OutboxEvent> {
    let filter = OutboxFilter { limit: u32::MAX, ..OutboxFilter::default() };
    let entries = store.entries(&filter).await.unwrap();
    entries.into_iter().rev().map(|entry| entry.event).collect()
}

/// Returns a policy with changed default rules.
pub fn policy(change: impl FnOnce(&mut PolicyRules)) -> Policy {
    Policy::new(with(PolicyRules::default(), change)).unwrap()
}
