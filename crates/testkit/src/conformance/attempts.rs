use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::Fixture;
use super::sample::{RIVALS, added, at, key, rules, unknown_key};
use repass_core::{AttemptKey, AttemptPath, AttemptRules, AttemptTicket, Closed, CredentialStore};

const PATHS: [AttemptPath; 2] = [AttemptPath::Password, AttemptPath::Reset];
const MINUTE: Duration = Duration::from_secs(60);
const YEAR: Duration = Duration::from_secs(365 * DAY as u64);
const DAY: i64 = 24 * 60 * 60;

async fn charge(
    store: &dyn CredentialStore,
    key: &AttemptKey,
    path: AttemptPath,
    rules: &AttemptRules,
    now: Timestamp,
) -> Result<AttemptTicket, Closed> {
    store.charge(key, path, rules, now, None).await.expect("charge")
}

/// How many failures the row has, found out by charging one more.
async fn failures(store: &dyn CredentialStore, key: &AttemptKey) -> u32 {
    let open = rules(100, MINUTE);
    charge(store, key, AttemptPath::Reset, &open, at(0)).await.expect("open").failures - 1
}

pub(super) async fn paths_close_by_their_own_failures(fixture: &dyn Fixture) {
    let store = fixture.store();
    let rules = rules(2, MINUTE);
    for (path, other) in [(PATHS[0], PATHS[1]), (PATHS[1], PATHS[0])] {
        let key = key(&added(fixture).await);
        for failures in 1..=2 {
            let ticket = charge(&*store, &key, path, &rules, at(0)).await.expect("open at first");
            assert_eq!(ticket.failures, failures, "failures in a row are counted");
            assert_eq!((&ticket.key, ticket.path), (&key, path), "the ticket says what paid");
        }
        let closed = Closed { until: Some(at(60)) };
        let refused = charge(&*store, &key, path, &rules, at(59)).await.unwrap_err();
        assert_eq!(refused, closed, "closed after two failures");
        let other = charge(&*store, &key, other, &rules, at(59)).await;
        let other = other.expect("the other path stays open");
        assert_eq!(other.failures, 3, "refusals are not counted; both paths count in one row");
        let again = charge(&*store, &key, path, &rules, at(60)).await;
        assert_eq!(again.expect("open again").closed_before, Some(at(60)));
    }
}

pub(super) async fn the_limit_closes_passwords_for_good(fixture: &dyn Fixture) {
    let store = fixture.store();
    let key = key(&added(fixture).await);
    let rules = AttemptRules { limit: 3, ..rules(100, MINUTE) };
    for _ in 0..3 {
        let ticket = charge(&*store, &key, AttemptPath::Password, &rules, at(0)).await;
        assert!(ticket.is_ok(), "open below the limit");
    }
    let refused = charge(&*store, &key, AttemptPath::Password, &rules, at(DAY)).await;
    assert_eq!(refused, Err(Closed { until: None }), "only a reset or an operator opens it");
    let reset = charge(&*store, &key, AttemptPath::Reset, &rules, at(DAY)).await;
    assert!(reset.is_ok(), "resets are not under the limit");
}

pub(super) async fn refunds_restore(fixture: &dyn Fixture) {
    let store = fixture.store();
    let rules = rules(2, MINUTE);
    for path in PATHS {
        let key = key(&added(fixture).await);
        charge(&*store, &key, path, &rules, at(0)).await.expect("open");
        let second = charge(&*store, &key, path, &rules, at(0)).await.expect("open");
        store.refund(&second).await.expect("refund");
        let again = charge(&*store, &key, path, &rules, at(0)).await;
        let again = again.expect("what a refunded try had closed is open again");
        assert_eq!(again.failures, 2, "a refunded try does not count");
    }

    let key = key(&added(fixture).await);
    let ticket = charge(&*store, &key, AttemptPath::Password, &rules, at(0)).await.expect("open");
    let gone = AttemptTicket { key: unknown_key(), ..ticket };
    store.refund(&gone).await.expect("refunding to a row that is gone does nothing");
    assert_eq!(failures(&*store, &gone.key).await, 0);
}

pub(super) async fn parallel_charges_never_exceed(fixture: &dyn Fixture) {
    for path in PATHS {
        for key in [key(&added(fixture).await), unknown_key()] {
            let tries: Vec<_> = (0..50)
                .map(|_| {
                    let (store, key) = (fixture.store(), key.clone());
                    tokio::spawn(async move {
                        charge(&*store, &key, path, &rules(10, MINUTE), at(0)).await
                    })
                })
                .collect();
            let mut paid = Vec::new();
            for one in tries {
                match one.await.expect("a task that charges") {
                    Ok(ticket) => paid.push(ticket.failures),
                    Err(closed) => assert_eq!(closed.until, Some(at(60)), "closed for a minute"),
                }
            }
            paid.sort_unstable();
            let expected: Vec<u32> = (1..=10).collect();
            assert_eq!(paid, expected, "of 50 tries at once exactly ten pay, each its own failure");
        }
    }
}

pub(super) async fn parallel_refunds_are_all_counted(fixture: &dyn Fixture) {
    let key = key(&added(fixture).await);
    let tries: Vec<_> = (0..RIVALS)
        .map(|_| {
            let (store, key): (Arc<dyn CredentialStore>, _) = (fixture.store(), key.clone());
            tokio::spawn(async move {
                let open = rules(100, MINUTE);
                let ticket = charge(&*store, &key, AttemptPath::Password, &open, at(0)).await;
                store.refund(&ticket.expect("far from closed")).await.expect("refund");
            })
        })
        .collect();
    for one in tries {
        one.await.expect("a task that charges and refunds");
    }
    assert_eq!(failures(&*fixture.store(), &key).await, 0, "what is charged and refunded is even");
}

pub(super) async fn rows_are_apart(fixture: &dyn Fixture) {
    let store = fixture.store();
    let (one, other) = (key(&added(fixture).await), key(&added(fixture).await));
    for _ in 0..3 {
        charge(&*store, &one, AttemptPath::Password, &rules(100, MINUTE), at(0)).await.unwrap();
    }
    assert_eq!(failures(&*store, &one).await, 3);
    assert_eq!(failures(&*store, &other).await, 0, "another account's failures are not its own");
    assert_eq!(failures(&*store, &unknown_key()).await, 0);
}

pub(super) async fn unknown_identifiers_are_forgotten(fixture: &dyn Fixture) {
    let store = fixture.store();
    let rules = rules(1, YEAR);
    let path = AttemptPath::Password;
    let (unknown, known) = (unknown_key(), key(&added(fixture).await));
    for key in [&unknown, &known] {
        charge(&*store, key, path, &rules, at(0)).await.expect("open at first");
        let early = charge(&*store, key, path, &rules, at(30 * DAY - 1)).await;
        assert_eq!(early, Err(Closed { until: Some(at(365 * DAY)) }), "remembered for 30 days");
    }
    let known = charge(&*store, &known, path, &rules, at(30 * DAY)).await;
    assert!(known.is_err(), "an account's failures are not forgotten");
    let forgotten = charge(&*store, &unknown, path, &rules, at(30 * DAY)).await;
    let forgotten = forgotten.expect("forgotten after 30 days without a charge");
    assert_eq!((forgotten.failures, forgotten.closed_before), (1, None), "as if never tried");
    let again = charge(&*store, &unknown, path, &rules, at(60 * DAY - 1)).await;
    assert!(again.is_err(), "remembered anew from then on");
}

pub(super) async fn expired_rows_are_deleted(fixture: &dyn Fixture) {
    const ALL: usize = 1_000_000;
    let store = fixture.store();
    let rules = rules(1, YEAR);
    // A row that is there is closed at this moment, before it expires.
    let is_there = async |key: &AttemptKey| {
        charge(&*store, key, AttemptPath::Reset, &rules, at(1)).await.is_err()
    };
    let known = key(&added(fixture).await);
    let unknown: Vec<AttemptKey> = (0..30).map(|_| unknown_key()).collect();
    for key in unknown.iter().chain([&known]) {
        charge(&*store, key, AttemptPath::Reset, &rules, at(0)).await.expect("open at first");
    }

    store.delete_expired_attempts(at(30 * DAY - 1), ALL).await.expect("delete");
    for key in &unknown {
        assert!(is_there(key).await, "not deleted before it expires");
    }
    store.delete_expired_attempts(at(30 * DAY), 10).await.expect("delete");
    let mut left = Vec::new();
    for key in &unknown {
        if is_there(key).await {
            left.push(key);
        }
    }
    assert!(left.len() >= 20, "at most ten are deleted at once when no more are asked for");
    store.delete_expired_attempts(at(30 * DAY), ALL).await.expect("delete");
    for key in left {
        assert!(!is_there(key).await, "deleted once expired");
    }
    assert!(is_there(&known).await, "an account's failures are not deleted");
}
