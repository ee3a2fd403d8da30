//! Locks of other programs, and temporarily missing tables.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use repass_core::{
    AccountError, AttemptKey, AttemptOutcome, AttemptPath, CredentialStore, FinishAttempt,
    LockoutPolicy, ReserveAttempt, ReserveOutcome, StoreError,
};

use crate::database::{Database, account, add, audit, has, try_add};

/// Proves L2.
#[tokio::test(flavor = "multi_thread")]
async fn l2_a_long_lock_makes_writes_unavailable_but_not_reads() {
    let database = Database::new();
    let store = database.open().await;
    add(&store, 1).await;
    let other = database.raw();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let begun = Instant::now();
    // Calls that arrive while others wait do not wait twice as long.
    let first = tokio::spawn({
        let store = store.clone();
        async move { try_add(&store, 2).await }
    });
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(has(&store, 1).await, "reads do not wait");
    let second = try_add(&store, 3).await.unwrap_err();
    let first = first.await.unwrap().unwrap_err();
    for error in [first, second] {
        assert!(matches!(error, AccountError::Store(StoreError::Unavailable(_))), "{error:?}");
    }
    let waited = begun.elapsed();
    assert!((4..=8).contains(&waited.as_secs()), "{waited:?}");
    store.check_ready().await.unwrap_err();
    other.execute_batch("COMMIT").unwrap();
    add(&store, 2).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    store.check_ready().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn another_program_can_write_while_many_tasks_write() {
    let database = Database::new();
    let (store, other) = (database.open().await, database.open().await);
    let busy: Vec<_> = (0..32_u128)
        .map(|caller| {
            let store = store.clone();
            tokio::spawn(async move {
                for turn in 0.. {
                    add(&store, caller * 1_000_000 + turn).await;
                }
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut times = Vec::new();
    for number in 0..20 {
        let begun = Instant::now();
        add(&other, 1_000_000_000 + number).await;
        times.push(begun.elapsed());
    }
    // Of most, since the machine may pause.
    times.sort();
    assert!(times[10] < Duration::from_secs(2), "{times:?}");
    store.check_ready().await.unwrap();
    busy.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn a_table_is_used_again_after_it_was_missing() {
    let database = Database::new();
    let store = database.open().await;
    add(&store, 1).await;
    let key = AttemptKey::account(account(1).id);
    let rename = |from: &str, to: &str| {
        let rename = format!("ALTER TABLE {from} RENAME TO {to}");
        database.raw().execute_batch(&rename).unwrap();
    };
    let rules = LockoutPolicy::default();
    let reserve = async || {
        let now = Timestamp::UNIX_EPOCH;
        store.reserve_attempt(&ReserveAttempt::new(&key, AttemptPath::Password, &rules, now)).await
    };
    // Twice, since SQLite fails differently for prepared statements.
    for failures in 1..=2 {
        rename("repass_attempts", "mislaid");
        reserve().await.unwrap_err();
        rename("mislaid", "repass_attempts");
        let ReserveOutcome::Reserved(reservation) = reserve().await.unwrap() else {
            panic!("locked out")
        };
        assert_eq!(reservation.failures, failures);
    }
}

#[tokio::test]
async fn an_attempt_is_released_even_if_its_audit_record_cannot_be_written() {
    let database = Database::new();
    let store = database.open().await;
    let (key, rules) = (AttemptKey::account(account(1).id), LockoutPolicy::default());
    let reserve = async || {
        let now = Timestamp::UNIX_EPOCH;
        let attempt = ReserveAttempt::new(&key, AttemptPath::Password, &rules, now);
        match store.reserve_attempt(&attempt).await.unwrap() {
            ReserveOutcome::Reserved(reservation) => reservation,
            ReserveOutcome::LockedOut(_) => panic!("locked out"),
        }
    };
    reserve().await;
    let second = reserve().await;
    database.raw().execute_batch("ALTER TABLE repass_audit RENAME TO mislaid").unwrap();
    let finish = FinishAttempt::reserved(second, AttemptOutcome::Released, audit(1));
    store.finish_attempt(&finish).await.unwrap_err();
    assert_eq!(reserve().await.failures, 2, "the first attempt is still counted");
}
