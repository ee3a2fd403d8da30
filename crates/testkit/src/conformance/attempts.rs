use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::Fixture;
use super::check::check_eq;
use super::sample::{
    self, CONCURRENT_CALLS, account, added, at, hash, key, lockout_event, policy,
    policy_with_max_failures, realm, release, unknown_key, with,
};
use repass_core::{
    AccountReference, AttemptKey, AttemptOutcome, AttemptPath, AttemptReservation, CredentialStore,
    EventKind, FindAndReserve, FoundAndReserved, InstallationKey, LockedOut, LockoutPolicy,
    NameKind, ReserveOutcome, Subject, fold_name,
};

const PATHS: [AttemptPath; 2] = [AttemptPath::Password, AttemptPath::Reset];
const MINUTE: Duration = Duration::from_secs(60);
const YEAR: Duration = Duration::from_secs(365 * DAY as u64);
const DAY: i64 = 24 * 60 * 60;

async fn reserve(
    store: &dyn CredentialStore,
    key: &AttemptKey,
    path: AttemptPath,
    policy: &LockoutPolicy,
    now: Timestamp,
) -> Result<AttemptReservation, LockedOut> {
    sample::reserve(store, key, path, policy, now, None).await
}

/// Returns the number of failures of the row, by reserving one more.
async fn failures(store: &dyn CredentialStore, key: &AttemptKey) -> u32 {
    let lenient = policy(100, MINUTE);
    reserve(store, key, AttemptPath::Reset, &lenient, at(0)).await.expect("not locked out").failures
        - 1
}

pub(super) async fn each_path_is_locked_out_by_its_own_failures(fixture: &dyn Fixture) {
    let store = fixture.store();
    let policy = policy(2, MINUTE);
    for (path, other) in [(PATHS[0], PATHS[1]), (PATHS[1], PATHS[0])] {
        let key = key(&added(fixture).await);
        for failures in 1..=2 {
            let reservation = reserve(&*store, &key, path, &policy, at(0))
                .await
                .expect("a new row is not locked out");
            check_eq!(
                reservation.failures,
                failures,
                "the reservation carries the number of failures in a row"
            );
            check_eq!(
                (&reservation.key, reservation.path),
                (&key, path),
                "the reservation names its row and path"
            );
        }
        let locked_out = LockedOut { until: Some(at(60)) };
        let refused = reserve(&*store, &key, path, &policy, at(59)).await.unwrap_err();
        check_eq!(refused, locked_out, "the path is locked out after two failures");
        let other = reserve(&*store, &key, other, &policy, at(59)).await;
        let other = other.expect("the other path is not locked out");
        check_eq!(
            other.failures,
            3,
            "an attempt during a lockout is not counted; both paths count in one row"
        );
        let again = reserve(&*store, &key, path, &policy, at(60)).await;
        check_eq!(again.expect("the lockout is over").previously_locked_until, Some(at(60)));
    }
}

/// Proves ASVS 6.3.8.
pub(super) async fn an_account_is_found_with_its_reservation(fixture: &dyn Fixture) {
    let store = fixture.store();
    let realm = realm();
    let named = |user_id: &str, email: &str| {
        with(account(&realm, user_id), |it| {
            it.email = email.parse().ok();
            it.username = Some("É'1".to_owned());
        })
    };
    let wanted = named("pat", "Pat@Example.org");
    let inactive =
        with(named("former", "b@example.org"), |it| (it.active, it.username) = (false, None));
    let [twin, other_twin] = ["twin", "other twin"]
        .map(|user_id| with(account(&realm, user_id), |it| it.username = Some("Twin".to_owned())));
    let elsewhere = account(&sample::realm(), "pat");
    for account in [&wanted, &inactive, &elsewhere, &twin, &other_twin] {
        fixture.add_account(account, Some(&hash("found"))).await;
    }
    let subject = |user_id: &str| Subject::new(realm.clone(), user_id);
    let by_name = |kind, name: &str| {
        let (realm, name) = (realm.clone(), fold_name(name));
        AccountReference::Name { realm, kind, name }
    };
    let cases = [
        (AccountReference::UserId(subject("pat")), Some(&wanted)),
        (AccountReference::UserId(subject("pat").with_email("PAT@example.ORG")), Some(&wanted)),
        (AccountReference::UserId(subject("pat").with_email("b@example.org")), None),
        (AccountReference::UserId(subject("pat").with_email("\0")), None),
        (AccountReference::UserId(subject("former")), Some(&inactive)),
        (AccountReference::UserId(subject("nobody")), None),
        (AccountReference::UserId(subject("nobody").with_email("pat@example.org")), None),
        (AccountReference::UserId(subject("no\nuser id").with_email("pat@example.org")), None),
        (AccountReference::UserId(subject("")), None),
        (by_name(NameKind::Email, "pat@EXAMPLE.org"), Some(&wanted)),
        (by_name(NameKind::Username, "e\u{301}'1"), Some(&wanted)),
        (by_name(NameKind::Username, "twin"), None),
        (by_name(NameKind::Username, "pat@example.org"), None),
        (by_name(NameKind::Email, "a\0b@x.org"), None),
    ];
    let policy = policy(3, MINUTE);
    for (account, expected) in cases {
        let event = lockout_event(EventKind::SignInLocked, at(0));
        let reset = AttemptPath::Reset;
        let unknown = AttemptKey::unknown(
            &Subject::new(realm.clone(), format!("{account:?}")),
            &InstallationKey::from_bytes([7; 32]),
        );
        let attempt = FindAndReserve::new(account, unknown.clone(), reset, policy, event);
        let own = expected.map_or(unknown, key);
        let mut last = None;
        for count in 1..=3 {
            let FoundAndReserved { found, outcome } =
                store.find_and_reserve(&attempt).await.expect("find_and_reserve");
            let id = found.as_ref().map(|found| found.account.id);
            check_eq!(id, expected.map(|account| account.id), "the account that is meant is found");
            let hash = found.and_then(|found| found.credential);
            check_eq!(hash.is_some(), expected.is_some(), "the account is found with its hash");
            let ReserveOutcome::Reserved(reservation) = outcome else {
                panic!("attempt {count} is not locked out")
            };
            check_eq!((&reservation.key, reservation.failures), (&own, count));
            last = Some(reservation);
        }
        let refused = store.find_and_reserve(&attempt).await.expect("find_and_reserve");
        let locked_out = ReserveOutcome::LockedOut(LockedOut { until: Some(at(60)) });
        check_eq!(refused.outcome, locked_out, "three failures lock out");
        check_eq!(refused.found.is_some(), expected.is_some(), "it is found also then");
        let last = last.expect("three were made");
        assert!(sample::finish_attempt(&*store, &last, AttemptOutcome::Succeeded).await);
    }
}

/// Proves NIST 3.2.2 limit.
pub(super) async fn the_maximum_locks_passwords_out_until_a_reset(fixture: &dyn Fixture) {
    let store = fixture.store();
    let key = key(&added(fixture).await);
    let policy = policy_with_max_failures(3, MINUTE, 3);
    for _ in 0..3 {
        let reservation = reserve(&*store, &key, AttemptPath::Password, &policy, at(0)).await;
        reservation.expect("not locked out below the maximum");
    }
    let refused = reserve(&*store, &key, AttemptPath::Password, &policy, at(DAY)).await;
    check_eq!(
        refused,
        Err(LockedOut { until: None }),
        "at the maximum, passwords are locked out until a reset"
    );
    let reset = reserve(&*store, &key, AttemptPath::Reset, &policy, at(DAY)).await;
    reset.expect("the maximum does not lock out resets");
}

pub(super) async fn releases_restore_the_row(fixture: &dyn Fixture) {
    let store = fixture.store();
    let policy = policy(2, MINUTE);
    for path in PATHS {
        let key = key(&added(fixture).await);
        reserve(&*store, &key, path, &policy, at(0)).await.expect("not locked out");
        let second = reserve(&*store, &key, path, &policy, at(0)).await.expect("not locked out");
        release(&*store, &second).await;
        let again = reserve(&*store, &key, path, &policy, at(0)).await;
        let again = again.expect("a release ends the lockout that its attempt began");
        check_eq!(again.failures, 2, "a released attempt is not counted");
    }

    let key = key(&added(fixture).await);
    let reservation = reserve(&*store, &key, AttemptPath::Password, &policy, at(0))
        .await
        .expect("not locked out");
    let unknown = AttemptReservation { key: unknown_key(), ..reservation };
    release(&*store, &unknown).await;
    check_eq!(failures(&*store, &unknown.key).await, 0, "a release creates no row");
}

/// Proves E4.
pub(super) async fn successes_clear_the_row(fixture: &dyn Fixture) {
    let store = fixture.store();
    let policy = policy(2, MINUTE);
    let key = key(&added(fixture).await);
    for path in PATHS {
        reserve(&*store, &key, path, &policy, at(0)).await.expect("not locked out");
    }
    let second = reserve(&*store, &key, AttemptPath::Password, &policy, at(61)).await;
    let second = second.expect("the lockout is over");
    assert!(sample::finish_attempt(&*store, &second, AttemptOutcome::Succeeded).await);
    let again = reserve(&*store, &key, AttemptPath::Password, &policy, at(61)).await;
    let again = again.expect("a success ends the lockout");
    check_eq!(again.failures, 1, "a success clears the failures of both paths");

    let unknown = AttemptReservation { key: unknown_key(), ..again };
    assert!(sample::finish_attempt(&*store, &unknown, AttemptOutcome::Succeeded).await);
    check_eq!(failures(&*store, &unknown.key).await, 0, "a success creates no row");
}

/// Proves NIST 3.2.2 at once.
pub(super) async fn concurrent_reservations_never_exceed_the_threshold(fixture: &dyn Fixture) {
    for path in PATHS {
        for key in [key(&added(fixture).await), unknown_key()] {
            let tries: Vec<_> = (0..50)
                .map(|_| {
                    let (store, key) = (fixture.store(), key.clone());
                    tokio::spawn(async move {
                        reserve(&*store, &key, path, &policy(10, MINUTE), at(0)).await
                    })
                })
                .collect();
            let mut reserved = Vec::new();
            for one in tries {
                match one.await.expect("a task that reserves") {
                    Ok(reservation) => reserved.push(reservation.failures),
                    Err(locked_out) => {
                        check_eq!(locked_out.until, Some(at(60)), "locked out for a minute");
                    }
                }
            }
            reserved.sort_unstable();
            let expected: Vec<u32> = (1..=10).collect();
            check_eq!(
                reserved,
                expected,
                "of 50 concurrent attempts exactly ten are reserved, each with its own number of failures"
            );
        }
    }
}

pub(super) async fn concurrent_releases_are_all_counted(fixture: &dyn Fixture) {
    let key = key(&added(fixture).await);
    let tries: Vec<_> = (0..CONCURRENT_CALLS)
        .map(|_| {
            let (store, key): (Arc<dyn CredentialStore>, _) = (fixture.store(), key.clone());
            tokio::spawn(async move {
                let lenient = policy(100, MINUTE);
                let reservation =
                    reserve(&*store, &key, AttemptPath::Password, &lenient, at(0)).await;
                release(&*store, &reservation.expect("not locked out below the threshold")).await;
            })
        })
        .collect();
    for one in tries {
        one.await.expect("a task that reserves and releases");
    }
    check_eq!(
        failures(&*fixture.store(), &key).await,
        0,
        "after as many releases as reservations no failure is left"
    );
}

pub(super) async fn each_account_has_its_own_row(fixture: &dyn Fixture) {
    let store = fixture.store();
    let (one, other) = (key(&added(fixture).await), key(&added(fixture).await));
    for _ in 0..3 {
        reserve(&*store, &one, AttemptPath::Password, &policy(100, MINUTE), at(0)).await.unwrap();
    }
    check_eq!(failures(&*store, &one).await, 3, "the account has its own failures");
    check_eq!(
        failures(&*store, &other).await,
        0,
        "the failures of one account are not counted for another"
    );
    check_eq!(failures(&*store, &unknown_key()).await, 0, "a new identifier has no failures");
}

pub(super) async fn rows_of_unknown_identifiers_expire(fixture: &dyn Fixture) {
    let store = fixture.store();
    let policy = policy(1, YEAR);
    let path = AttemptPath::Password;
    let (unknown, known) = (unknown_key(), key(&added(fixture).await));
    for key in [&unknown, &known] {
        reserve(&*store, key, path, &policy, at(0)).await.expect("a new row is not locked out");
        let early = reserve(&*store, key, path, &policy, at(30 * DAY - 1)).await;
        check_eq!(
            early,
            Err(LockedOut { until: Some(at(365 * DAY)) }),
            "the failures are kept for 30 days"
        );
    }
    let known = reserve(&*store, &known, path, &policy, at(30 * DAY)).await;
    assert!(known.is_err(), "the failures of an account do not expire");
    let forgotten = reserve(&*store, &unknown, path, &policy, at(30 * DAY)).await;
    let forgotten = forgotten
        .expect("the failures of an unknown identifier expire 30 days after its last attempt");
    check_eq!(
        (forgotten.failures, forgotten.previously_locked_until),
        (1, None),
        "after that the row starts again with the first failure"
    );
    let again = reserve(&*store, &unknown, path, &policy, at(60 * DAY - 1)).await;
    assert!(again.is_err(), "a new attempt starts another 30 days");
}

pub(super) async fn expired_rows_are_deleted(fixture: &dyn Fixture) {
    const ALL: usize = 1_000_000;
    let store = fixture.store();
    let policy = policy(1, YEAR);
    // An existing row is locked out at this time, before it expires.
    let exists = async |key: &AttemptKey| {
        reserve(&*store, key, AttemptPath::Reset, &policy, at(1)).await.is_err()
    };
    let known = key(&added(fixture).await);
    let unknown: Vec<AttemptKey> = (0..30).map(|_| unknown_key()).collect();
    for key in unknown.iter().chain([&known]) {
        reserve(&*store, key, AttemptPath::Reset, &policy, at(0))
            .await
            .expect("a new row is not locked out");
    }

    store.delete_expired_attempts(at(30 * DAY - 1), ALL).await.expect("delete");
    for key in &unknown {
        assert!(exists(key).await, "a row is not deleted before it expires");
    }
    store.delete_expired_attempts(at(30 * DAY), 10).await.expect("delete");
    let mut left = Vec::new();
    for key in &unknown {
        if exists(key).await {
            left.push(key);
        }
    }
    assert!(left.len() >= 20, "with a limit of ten, at most ten of 30 rows are deleted");
    store.delete_expired_attempts(at(30 * DAY), ALL).await.expect("delete");
    for key in left {
        assert!(!exists(key).await, "an expired row is deleted");
    }
    assert!(exists(&known).await, "the row of an account is never deleted");
}
