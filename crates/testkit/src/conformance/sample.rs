//! What the checks are made of beside the [fixtures](crate::fixtures), and what a store has of it.

use std::time::Duration;

use jiff::Timestamp;
use repass_core::{
    Account, AccountId, AccountWithCredential, AttemptKey, AttemptOutcome, AttemptPath,
    AttemptReservation, AuditRecord, CredentialStore, DeferredLockoutEvent, FinishAttempt,
    HashedPassword, InstallationKey, LockedOut, LockoutPolicy, Realm, ReserveAttempt,
    ReserveOutcome, Subject,
};

use super::Fixture;
pub(super) use crate::fixtures::{
    access_token, account, at, audit, audit_of, commit, digest, event, hash, rehash, reset_token,
    service_key, uuid, with,
};

/// How many tasks try at once where it is checked that one wins.
pub(super) const RIVALS: usize = 20;

/// A realm of this check alone.
pub(super) fn realm() -> Realm {
    format!("conformance-{}", uuid().simple()).parse().unwrap()
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

/// What a store has of an account. Unlike [`AccountWithCredential`] it prints the hash.
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

impl From<&AccountWithCredential> for Kept {
    fn from(found: &AccountWithCredential) -> Self {
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
    format!("{} (normalization {})", hash.as_str(), hash.normalization().as_str())
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

pub(super) fn key(account: &Account) -> AttemptKey {
    AttemptKey::account(account.id)
}

/// The key of an identifier that belongs to no account.
pub(super) fn unknown_key() -> AttemptKey {
    let subject = Subject::new(realm(), "nobody");
    AttemptKey::unknown(&subject, &InstallationKey::from_bytes([7; 32]))
}

/// A policy by which an account is locked out for `delay` after so many failures.
pub(super) fn rules(threshold: u32, delay: Duration) -> LockoutPolicy {
    rules_up_to(threshold, delay, 100)
}

/// The same with another most of failures.
pub(super) fn rules_up_to(threshold: u32, delay: Duration, most: u32) -> LockoutPolicy {
    LockoutPolicy::new(threshold, delay, delay, most).expect("numbers within bounds")
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
    let record = AuditRecord { account: None, ..audit_of(AccountId(uuid()), "password.change") };
    let released = FinishAttempt::reserved(reservation.clone(), AttemptOutcome::Released, record);
    store.finish_attempt(&released).await.expect("releasing an attempt");
}

/// Records an attempt for which nothing was reserved.
pub(super) async fn record_attempt(store: &(impl CredentialStore + ?Sized), record: &AuditRecord) {
    let unreserved = FinishAttempt::unreserved(record.clone());
    store.finish_attempt(&unreserved).await.expect("recording an attempt");
}
