//! Helpers of the checks, beside the [fixtures](crate::fixtures).

use std::time::Duration;

use jiff::Timestamp;
use repass_core::{
    Account, AccountBatch, AccountId, AccountWithCredential, AttemptKey, AttemptOutcome,
    AttemptPath, AttemptReservation, AuditRecord, Context, Credential, CredentialStore,
    DeferredLockoutEvent, EventKind, FinishAttempt, HashedPassword, InstallationKey, LockedOut,
    LockoutEventTemplate, LockoutPolicy, Realm, ReserveAttempt, ReserveOutcome, Subject,
};

use super::Fixture;
pub(super) use crate::fixtures::{
    access_token, account, at, audit, audit_for_id, commit, digest, event, hash, rehash,
    reset_token, service_key, uuid, with,
};

/// The number of concurrent tasks in checks that one of them wins.
pub(super) const CONCURRENT_CALLS: usize = 20;

/// Returns a new realm.
pub(super) fn realm() -> Realm {
    format!("conformance-{}", uuid().simple()).parse().unwrap()
}

/// Returns an import of one account.
pub(super) fn batch(account: &Account, hash: Option<&HashedPassword>) -> AccountBatch {
    let changed_at = account.created_at;
    let credential = hash.map(|hash| Credential { hash: hash.clone(), version: 1, changed_at });
    AccountBatch {
        accounts: vec![AccountWithCredential::new(account.clone(), credential)],
        audit: audit(account, "account.import"),
        dry_run: false,
    }
}

/// Adds an account with a first password, in its own realm.
pub(super) async fn added(fixture: &dyn Fixture) -> Account {
    let account = account(&realm(), "pat");
    fixture.add_account(&account, Some(&hash("first"))).await;
    account
}

pub(super) fn subject(account: &Account) -> Subject {
    Subject::new(account.realm.clone(), account.user_id.as_str())
}

/// An account as the store returns it. Unlike [`AccountWithCredential`], its `Debug` prints the
/// hash.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StoredAccount {
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

impl From<&AccountWithCredential> for StoredAccount {
    fn from(found: &AccountWithCredential) -> Self {
        let password = found.credential.as_ref();
        Self {
            account: found.account.clone(),
            password: password.map(|own| Password::new(&own.hash, own.version, own.changed_at)),
        }
    }
}

/// Formats a hash with its normalization. Its own `Debug` hides both, but the hashes of the suite
/// are not secret, and different hashes must print differently.
pub(super) fn text(hash: &HashedPassword) -> String {
    format!("{} (normalization {})", hash.as_str(), hash.normalization().as_str())
}

/// Returns the [`text`] of the [`hash`] of this name.
pub(super) fn hash_text(name: &str) -> String {
    text(&hash(name))
}

pub(super) async fn found(store: &dyn CredentialStore, account: &Account) -> StoredAccount {
    let found = store.find(&subject(account)).await.expect("find");
    StoredAccount::from(&found.expect("the account that was added is found"))
}

/// Returns the [`text`]s of the account's earlier hashes.
pub(super) async fn history(store: &dyn CredentialStore, account: &Account) -> Vec<String> {
    store.history(account.id, 1000).await.expect("history").iter().map(text).collect()
}

pub(super) fn key(account: &Account) -> AttemptKey {
    AttemptKey::account(account.id)
}

/// Returns the key of an identifier that belongs to no account.
pub(super) fn unknown_key() -> AttemptKey {
    let subject = Subject::new(realm(), "unknown");
    AttemptKey::unknown(&subject, &InstallationKey::from_bytes([7; 32]))
}

/// Returns a policy that locks an account out for `delay` after `threshold` failures.
pub(super) fn policy(threshold: u32, delay: Duration) -> LockoutPolicy {
    policy_with_max_failures(threshold, delay, 100)
}

/// Returns a policy with another maximum of failures.
pub(super) fn policy_with_max_failures(
    threshold: u32,
    delay: Duration,
    max_failures: u32,
) -> LockoutPolicy {
    LockoutPolicy::new(threshold, delay, delay, max_failures).expect("numbers within bounds")
}

/// Returns an event of this kind for the account that an attempt locks out.
pub(super) fn lockout_event(locked: EventKind, at: Timestamp) -> LockoutEventTemplate {
    LockoutEventTemplate::new(uuid(), at, locked, Context::new("conformance"))
}

/// Reserves an attempt.
pub(super) async fn reserve(
    store: &(impl CredentialStore + ?Sized),
    key: &AttemptKey,
    path: AttemptPath,
    policy: &LockoutPolicy,
    now: Timestamp,
    event: Option<&DeferredLockoutEvent>,
) -> Result<AttemptReservation, LockedOut> {
    let attempt = ReserveAttempt::new(key, path, policy, now).with_event(event);
    match store.reserve_attempt(&attempt).await.expect("reserving an attempt") {
        ReserveOutcome::Reserved(reservation) => Ok(reservation),
        ReserveOutcome::LockedOut(locked_out) => Err(locked_out),
    }
}

/// Releases a reservation.
pub(super) async fn release(
    store: &(impl CredentialStore + ?Sized),
    reservation: &AttemptReservation,
) {
    let finished = finish_attempt(store, reservation, AttemptOutcome::Released).await;
    assert!(finished, "a release spends no one-time password");
}

/// Finishes a reserved attempt. Returns whether it is finished.
pub(super) async fn finish_attempt(
    store: &(impl CredentialStore + ?Sized),
    reservation: &AttemptReservation,
    outcome: AttemptOutcome,
) -> bool {
    let record =
        AuditRecord { account: None, ..audit_for_id(AccountId(uuid()), "password.change") };
    let finished = FinishAttempt::reserved(reservation.clone(), outcome, record);
    store.finish_attempt(&finished).await.expect("finishing an attempt")
}

/// Records an attempt for which nothing was reserved.
pub(super) async fn record_attempt(store: &(impl CredentialStore + ?Sized), record: &AuditRecord) {
    let unreserved = FinishAttempt::unreserved(record.clone());
    store.finish_attempt(&unreserved).await.expect("recording an attempt");
}
