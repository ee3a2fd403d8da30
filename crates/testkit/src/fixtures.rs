//! Values for tests: accounts, tokens, changes, and a hasher that costs little.
//!
//! Ids, digests and e-mail addresses are random, so that no two fixtures are taken for each other. Change
//! single members with the update syntax, as in `with(commit(&account, 1, "second"), |it| it.history = 0)`.

#![allow(clippy::unwrap_used, reason = "a fixture that cannot be made fails its test")]

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

/// A hasher with the profile [`HashProfile::INSECURE_FOR_TESTS`].
pub fn hasher() -> Argon2idHasher {
    hasher_with(HasherOptions::default())
}

/// A hasher with these options, but the profile [`HashProfile::INSECURE_FOR_TESTS`].
pub fn hasher_with(options: HasherOptions) -> Argon2idHasher {
    let options = HasherOptions { profile: HashProfile::INSECURE_FOR_TESTS, ..options };
    Argon2idHasher::start(&options, Arc::new(SystemRandomness)).unwrap()
}

/// A hasher that costs nothing, to measure what a change costs beside its hashing.
#[derive(Debug)]
pub struct ConstantHasher {
    hash: HashedPassword,
    is_right: fn(&str) -> bool,
}

impl ConstantHasher {
    /// Hashes every password to the same text, and takes those for right of which `is_right` says so.
    pub fn new(is_right: fn(&str) -> bool) -> Self {
        Self { hash: HashedPassword::from_stored("$constant$"), is_right }
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
        Ok((self.is_right)(password.expose()))
    }

    fn dummy_hash(&self) -> &HashedPassword {
        &self.hash
    }
}

/// The moment so many seconds after second 0 of the fixtures, which is 2027-01-15T08:00:00Z.
pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

/// A random id, greater than those before it. A store may list records of the same time in the order of
/// their ids or in the order they were written, and the fixtures' records have the same order in both.
pub fn uuid() -> Uuid {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let random = random_uuid(&SystemRandomness).unwrap().as_u64_pair().1;
    Uuid::from_u64_pair(COUNT.fetch_add(1, Ordering::Relaxed), random)
}

/// An active account without a username, with an e-mail address and an id of its own.
pub fn account(realm: &Realm, user_id: &str) -> Account {
    let id = AccountId(uuid());
    let mut account = Account::new(id, realm.clone(), user_id.parse().unwrap(), at(-1000));
    account.email = format!("{}@example.org", uuid().simple()).parse().ok();
    account.updated_at = at(-900);
    account
}

/// The same value with something changed.
pub fn with<T>(mut value: T, change: impl FnOnce(&mut T)) -> T {
    change(&mut value);
    value
}

/// A stored hash that ends in `$name`. No password matches it.
pub fn hash(name: &str) -> HashedPassword {
    HashedPassword::from_stored(format!("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ${name}"))
}

/// The digest of a secret that nobody has. Each call gives another one.
pub fn digest(name: &str) -> TokenDigest {
    TokenDigest::from_identifier(format!("{name} {}", uuid()).as_bytes())
}

/// An audit record of an act of an operator on the account, at second 0.
pub fn audit(account: &Account, action: &str) -> AuditRecord {
    AuditRecord { realm: account.realm.clone(), ..audit_of(account.id, action) }
}

/// As [`audit`], when only the id of the account is known. Its realm is `test`.
pub fn audit_of(account: AccountId, action: &str) -> AuditRecord {
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

/// An unspent reset token of the account, which counts at second 0.
pub fn reset_token(account: &Account) -> ResetToken {
    ResetToken {
        digest: digest("reset"),
        account: account.id,
        issued_at: at(-10),
        expires_at: at(590),
        spent_at: None,
    }
}

/// An access token of the account, which counts at second 0.
pub fn access_token(account: &Account) -> AccessToken {
    AccessToken {
        id: TokenId(uuid()),
        account: account.id,
        roles: vec!["admin".to_owned(), "o'ne \"more\"".to_owned()],
        digest: digest("access"),
        issued_at: at(-20),
        expires_at: at(3600),
        revoked_at: None,
    }
}

/// A key of a service.
pub fn service_key(realm: &Realm, created_at: Timestamp) -> Key {
    Key {
        id: KeyId(uuid()),
        realm: realm.clone(),
        kind: KeyKind::Service,
        name: "the bot's 🔑".to_owned(),
        digest: digest("key"),
        created_at,
        revoked_at: None,
    }
}

/// A change of the password to the [`hash`] of this name at second 0, by the old password.
pub fn commit(account: &Account, expected_version: i64, name: &str) -> Commit {
    let (record, event) = (audit(account, "password.change"), event(account.id, 0));
    let mut commit = Commit::new(account, None, hash(name), record, event);
    commit.expected_version = expected_version;
    commit.history = 5;
    commit
}

/// A rehash of the [`hash`] of one name to that of another.
pub fn rehash(account: &Account, version: i64, from: &str, to: &str) -> Rehash {
    let credential = Credential { hash: hash(from), version, changed_at: at(0) };
    Rehash::new(account, &credential, hash(to), audit(account, "password.rehash"))
}

/// An event that happened at this second.
pub fn event(account: AccountId, second: i64) -> OutboxEvent {
    OutboxEvent {
        id: uuid(),
        at: at(second),
        account,
        kind: "password.changed".to_owned(),
        payload: json!({ "request": "r-1", "odd": "'\"ü🔑", "number": 1.5, "none": null }),
    }
}

/// All events of a store in the order in which they happened.
pub async fn events(store: &(impl OutboxStore + ?Sized)) -> Vec<OutboxEvent> {
    let filter = OutboxFilter { limit: u32::MAX, ..OutboxFilter::default() };
    let entries = store.entries(&filter).await.unwrap();
    entries.into_iter().rev().map(|entry| entry.event).collect()
}

/// The policy of the default rules with something changed.
pub fn policy(change: impl FnOnce(&mut PolicyRules)) -> Policy {
    Policy::new(with(PolicyRules::default(), change)).unwrap()
}
