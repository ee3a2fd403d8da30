//! Fresh accounts, tokens and changes, of which no two are alike; and what a store has of them.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::Fixture;
use repass_core::{
    AccessToken, Account, AccountId, AttemptKey, AttemptRules, AuditRecord, Commit, Context,
    CredentialStore, Found, HashedPassword, InstallationKey, Key, KeyId, KeyKind, OutboxEvent,
    Profile, Realm, ResetToken, Subject, SystemRandomness, TokenDigest, TokenId, Upgrade,
    random_uuid,
};

/// How many tasks try at once where it is checked that one wins.
pub(super) const RIVALS: usize = 20;

/// A moment, in seconds after an arbitrary one.
pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

pub(super) fn uuid() -> Uuid {
    random_uuid(&SystemRandomness).unwrap()
}

/// A realm of this check alone.
pub(super) fn realm() -> Realm {
    format!("conformance-{}", uuid().simple()).parse().unwrap()
}

pub(super) fn account(realm: &Realm, user_id: &str) -> Account {
    Account {
        id: AccountId(uuid()),
        realm: realm.clone(),
        user_id: user_id.parse().unwrap(),
        email: Some(format!("{}@example.org", uuid().simple())),
        username: None,
        profile: Profile::default(),
        active: true,
        created_at: at(-1000),
        updated_at: at(-900),
    }
}

/// An account with a first password, in a realm of its own.
pub(super) async fn added(fixture: &dyn Fixture) -> Account {
    let account = account(&realm(), "pat");
    fixture.add_account(&account, Some(&hash("first"))).await;
    account
}

pub(super) fn subject(account: &Account) -> Subject {
    Subject::new(account.realm.clone(), account.user_id.as_str())
}

/// What a store has of an account. Unlike [`Found`] it prints the hash.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Kept {
    pub(super) account: Account,
    pub(super) password: Option<Password>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Password {
    pub(super) hash: String,
    pub(super) version: i64,
    pub(super) changed_at: Timestamp,
}

impl Password {
    pub(super) fn new(hash: &HashedPassword, version: i64, changed_at: Timestamp) -> Self {
        Self { hash: text(hash), version, changed_at }
    }
}

impl From<&Found> for Kept {
    fn from(found: &Found) -> Self {
        let password = found.credential.as_ref();
        Self {
            account: found.account.clone(),
            password: password.map(|own| Password::new(&own.hash, own.version, own.changed_at)),
        }
    }
}

/// A hash with all that it tells. Its own `Debug` hides that, but the suite's hashes are no secrets, and
/// two that differ have to print differently.
pub(super) fn text(hash: &HashedPassword) -> String {
    format!("{} (normalisation {})", hash.as_str(), hash.normalisation().as_str())
}

/// The [`text`] of the [`hash`] of this name.
pub(super) fn shown(name: &str) -> String {
    text(&hash(name))
}

pub(super) async fn found(store: &dyn CredentialStore, account: &Account) -> Kept {
    let found = store.find(&subject(account)).await.expect("find");
    Kept::from(&found.expect("the account that was added is found"))
}

/// The [`text`]s of the account's earlier hashes.
pub(super) async fn history(store: &dyn CredentialStore, account: &Account) -> Vec<String> {
    store.history(account.id, 1000).await.expect("history").iter().map(text).collect()
}

pub(super) fn hash(name: &str) -> HashedPassword {
    HashedPassword::from_stored(format!("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ${name}"))
}

pub(super) fn digest(name: &str) -> TokenDigest {
    TokenDigest::of_bytes(format!("{name} {}", uuid()).as_bytes())
}

pub(super) fn key(account: &Account) -> AttemptKey {
    AttemptKey::account(account.id)
}

/// The key of an identifier that belongs to no account.
pub(super) fn unknown_key() -> AttemptKey {
    let subject = Subject::new(realm(), "nobody");
    AttemptKey::unknown(&subject, &InstallationKey::from_bytes([7; 32]))
}

/// Rules under which an account is locked out for `delay` after so many failures.
pub(super) fn rules(free: u32, delay: Duration) -> AttemptRules {
    AttemptRules { free, first_delay: delay, max_delay: delay, limit: 100 }
}

pub(super) fn audit(account: &Account, action: &str) -> AuditRecord {
    AuditRecord { realm: account.realm.clone(), ..audit_of(account.id, action) }
}

pub(super) fn audit_of(account: AccountId, action: &str) -> AuditRecord {
    AuditRecord {
        id: uuid(),
        at: at(0),
        realm: realm(),
        account: Some(account),
        action: action.to_owned(),
        outcome: "ok".to_owned(),
        detail: None,
        caller: "operator".to_owned(),
        context: Context::new("conformance"),
    }
}

pub(super) fn reset_token(account: &Account) -> ResetToken {
    ResetToken {
        digest: digest("reset"),
        account: account.id,
        issued_at: at(-10),
        expires_at: at(590),
        spent_at: None,
    }
}

pub(super) fn access_token(account: &Account) -> AccessToken {
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

pub(super) fn service_key(realm: &Realm, created_at: Timestamp) -> Key {
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

/// A change at second 0 that proves nothing but the old password.
pub(super) fn commit(account: &Account, expected_version: i64, name: &str) -> Commit {
    Commit {
        account: account.id,
        realm: account.realm.clone(),
        user_id: account.user_id.clone(),
        expected_version,
        expected_hash: None,
        hash: hash(name),
        at: at(0),
        history: 5,
        spend: None,
        otp: None,
        clear: key(account),
        keep_token: None,
        audit: audit(account, "password.change"),
        event: event(account.id, 0),
        alarm: None,
    }
}

/// The replacement of one hash by another of the same password.
pub(super) fn upgrade(account: &Account, version: i64, from: &str, to: &str) -> Upgrade {
    Upgrade {
        account: account.id,
        realm: account.realm.clone(),
        user_id: account.user_id.clone(),
        expected_version: version,
        expected_hash: hash(from),
        hash: hash(to),
        audit: audit(account, "password.rehash"),
    }
}

/// An event that happened at this second.
pub(super) fn event(account: AccountId, second: i64) -> OutboxEvent {
    OutboxEvent {
        id: uuid(),
        at: at(second),
        account,
        kind: "password.changed".to_owned(),
        payload: json!({ "request": "r-1", "odd": "'\"ü🔑", "number": 1.5, "none": null }),
    }
}
