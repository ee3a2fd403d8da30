use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::Fixture;
use super::check::check_eq;
use super::sample::{self, RIVALS, added, at, key, release, rules, rules_up_to, unknown_key};
use repass_core::{
    AttemptKey, AttemptPath, AttemptReservation, CredentialStore, LockedOut, LockoutPolicy,
};

const PATHS: [AttemptPath; 2] = [AttemptPath::Password, AttemptPath::Reset];
const MINUTE: Duration = Duration::from_secs(60);
const YEAR: Duration = Duration::from_secs(365 * DAY as u64);
const DAY: i64 = 24 * 60 * 60;

async fn reserve(
    store: &dyn CredentialStore,
    key: &AttemptKey,
    path: AttemptPath,
    rules: &LockoutPolicy,
    now: Timestamp,
) -> Result<AttemptReservation, LockedOut> {
    sample::reserve(store, key, path, rules, now, None).await
}

/// How many failures the row has, found out by reserving one more.
async fn failures(store: &dyn CredentialStore, key: &AttemptKey) -> u32 {
    let open = rules(100, MINUTE);
    reserve(store, key, AttemptPath::Reset, &open, at(0)).await.expect("not locked out").failures
        - 1
}

pub(super) async fn each_path_is_locked_out_by_its_own_failures(fixture: &dyn Fixture) {
    let store = fixture.store();
    let rules = rules(2, MINUTE);
    for (path, other) in [(PATHS[0], PATHS[1]), (PATHS[1], PATHS[0])] {
        let key = key(&added(fixture).await);
        for failures in 1..=2 {
            let ticket = reserve(&*store, &key, path, &rules, at(0))
                .await
                .expect("a new row is not locked out");
            check_eq!(
                ticket.failures,
                failures,
                "the reservation carries the number of failures in a row"
            );
            check_eq!(
                (&ticket.key, ticket.path),
                (&key, path),
                "the reservation names its row and path"
            );
        }
        let locked_out = LockedOut { until: Some(at(60)) };
        let refused = reserve(&*store, &key, path, &rules, at(59)).await.unwrap_err();
        check_eq!(refused, locked_out, "the path is locked out after two failures");
        let other = reserve(&*store, &key, other, &rules, at(59)).await;
        let other = other.expect("the other path is not locked out");
        check_eq!(
            other.failures,
            3,
            "an attempt during a lockout is not counted; both paths count in one row"
        );
        let again = reserve(&*store, &key, path, &rules, at(60)).await;
        check_eq!(again.expect("the lockout is over").previously_locked_until, Some(at(60)));
    }
}

/// Proves NIST 3.2.2 limit.
pub(super) async fn the_limit_locks_passwords_out_until_a_reset(fixture: &dyn Fixture) {
    let store = fixture.store();
    let key = key(&added(fixture).await);
    let rules = rules_up_to(100, MINUTE, 3);
    for _ in 0..3 {
        let ticket = reserve(&*store, &key, AttemptPath::Password, &rules, at(0)).await;
        ticket.expect("not locked out below the limit");
    }
    let refused = reserve(&*store, &key, AttemptPath::Password, &rules, at(DAY)).await;
    check_eq!(
        refused,
        Err(LockedOut { until: None }),
        "at the limit, passwords are locked out without an end"
    );
    let reset = reserve(&*store, &key, AttemptPath::Reset, &rules, at(DAY)).await;
    reset.expect("the limit does not lock out resets");
}

pub(super) async fn releases_restore_the_row(fixture: &dyn Fixture) {
    let store = fixture.store();
    let rules = rules(2, MINUTE);
    for path in PATHS {
        let key = key(&added(fixture).await);
        reserve(&*store, &key, path, &rules, at(0)).await.expect("not locked out");
        let second = reserve(&*store, &key, path, &rules, at(0)).await.expect("not locked out");
        release(&*store, &second).await;
        let again = reserve(&*store, &key, path, &rules, at(0)).await;
        let again = again.expect("a release ends the lockout that its attempt began");
        check_eq!(again.failures, 2, "a released attempt is not counted");
    }

    let key = key(&added(fixture).await);
    let ticket =
        reserve(&*store, &key, AttemptPath::Password, &rules, at(0)).await.expect("not locked out");
    let gone = AttemptReservation { key: unknown_key(), ..ticket };
    release(&*store, &gone).await;
    check_eq!(failures(&*store, &gone.key).await, 0, "a release creates no row");
}

/// Proves NIST 3.2.2 at once.
pub(super) async fn reservations_at_once_never_exceed_the_threshold(fixture: &dyn Fixture) {
    for path in PATHS {
        for key in [key(&added(fixture).await), unknown_key()] {
            let tries: Vec<_> = (0..50)
                .map(|_| {
                    let (store, key) = (fixture.store(), key.clone());
                    tokio::spawn(async move {
                        reserve(&*store, &key, path, &rules(10, MINUTE), at(0)).await
                    })
                })
                .collect();
            let mut reserved = Vec::new();
            for one in tries {
                match one.await.expect("a task that reserves") {
                    Ok(ticket) => reserved.push(ticket.failures),
                    Err(closed) => check_eq!(closed.until, Some(at(60)), "locked out for a minute"),
                }
            }
            reserved.sort_unstable();
            let expected: Vec<u32> = (1..=10).collect();
            check_eq!(
                reserved,
                expected,
                "of 50 attempts at once exactly ten are reserved, each with its own number of failures"
            );
        }
    }
}

pub(super) async fn releases_at_once_are_all_counted(fixture: &dyn Fixture) {
    let key = key(&added(fixture).await);
    let tries: Vec<_> = (0..RIVALS)
        .map(|_| {
            let (store, key): (Arc<dyn CredentialStore>, _) = (fixture.store(), key.clone());
            tokio::spawn(async move {
                let open = rules(100, MINUTE);
                let ticket = reserve(&*store, &key, AttemptPath::Password, &open, at(0)).await;
                release(&*store, &ticket.expect("not locked out below the threshold")).await;
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
        reserve(&*store, &one, AttemptPath::Password, &rules(100, MINUTE), at(0)).await.unwrap();
    }
    check_eq!(failures(&*store, &one).await, 3, "the account has its own failures");
    check_eq!(
        failures(&*store, &other).await,
        0,
        "the failures of one account are not counted for another"
    );
    check_eq!(failures(&*store, &unknown_key()).await, 0, "a new identifier has none");
}

pub(super) async fn unknown_identifiers_are_forgotten(fixture: &dyn Fixture) {
    let store = fixture.store();
    let rules = rules(1, YEAR);
    let path = AttemptPath::Password;
    let (unknown, known) = (unknown_key(), key(&added(fixture).await));
    for key in [&unknown, &known] {
        reserve(&*store, key, path, &rules, at(0)).await.expect("a new row is not locked out");
        let early = reserve(&*store, key, path, &rules, at(30 * DAY - 1)).await;
        check_eq!(
            early,
            Err(LockedOut { until: Some(at(365 * DAY)) }),
            "the failures are kept for 30 days"
        );
    }
    let known = reserve(&*store, &known, path, &rules, at(30 * DAY)).await;
    assert!(known.is_err(), "the failures of an account do not expire");
    let forgotten = reserve(&*store, &unknown, path, &rules, at(30 * DAY)).await;
    let forgotten = forgotten
        .expect("the failures of an unknown identifier expire 30 days after its last attempt");
    check_eq!(
        (forgotten.failures, forgotten.previously_locked_until),
        (1, None),
        "after that the row starts anew"
    );
    let again = reserve(&*store, &unknown, path, &rules, at(60 * DAY - 1)).await;
    assert!(again.is_err(), "a new attempt begins 30 new days");
}

pub(super) async fn expired_rows_are_deleted(fixture: &dyn Fixture) {
    const ALL: usize = 1_000_000;
    let store = fixture.store();
    let rules = rules(1, YEAR);
    // A row that is there is locked out at this moment, before it expires.
    let is_there = async |key: &AttemptKey| {
        reserve(&*store, key, AttemptPath::Reset, &rules, at(1)).await.is_err()
    };
    let known = key(&added(fixture).await);
    let unknown: Vec<AttemptKey> = (0..30).map(|_| unknown_key()).collect();
    for key in unknown.iter().chain([&known]) {
        reserve(&*store, key, AttemptPath::Reset, &rules, at(0))
            .await
            .expect("a new row is not locked out");
    }

    store.delete_expired_attempts(at(30 * DAY - 1), ALL).await.expect("delete");
    for key in &unknown {
        assert!(is_there(key).await, "a row is not deleted before it expires");
    }
    store.delete_expired_attempts(at(30 * DAY), 10).await.expect("delete");
    let mut left = Vec::new();
    for key in &unknown {
        if is_there(key).await {
            left.push(key);
        }
    }
    assert!(left.len() >= 20, "with a limit of ten, at most ten of 30 rows are deleted");
    store.delete_expired_attempts(at(30 * DAY), ALL).await.expect("delete");
    for key in left {
        assert!(!is_there(key).await, "an expired row is deleted");
    }
    assert!(is_there(&known).await, "the row of an account is never deleted");
}
