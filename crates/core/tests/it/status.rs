//! The counts for metrics.

use std::time::{Duration, Instant};

use repass_core::{OperationMeter, StoreStatus};

use crate::test_context::{NEW, OLD, TestContext, old_password};

#[tokio::test]
async fn an_engine_counts_verifications_violations_and_lockouts() {
    let test = TestContext::new().await;
    test.add_damaged("sam").await;
    test.change(old_password("sam", OLD, NEW)).await.unwrap_err();
    test.change(old_password("pat", OLD, "short")).await.unwrap_err();
    test.change(old_password("pat", OLD, OLD)).await.unwrap_err();
    let counted = test.engine.status();
    let verified = |result| counted.verifications.get(&("argon2", result)).copied();
    assert_eq!(counted.verifications[&("bcrypt", "unverifiable")], 1);
    assert_eq!((verified("match"), verified("mismatch")), (Some(2), Some(1)), "of the dummy hash");
    assert_eq!(counted.violations["too-short"], 1);
    assert_eq!(counted.violations["same-as-current"], 1);

    for lockouts in [0, 0, 1] {
        test.guess().await.unwrap_err();
        assert_eq!(test.engine.clone().status().lockouts, lockouts, "after each failure");
    }
    test.guess().await.unwrap_err();
    assert_eq!(test.engine.status().lockouts, 1, "a refusal is not a failure");
    test.pass(1);
    test.guess().await.unwrap_err();
    assert_eq!(test.engine.status().lockouts, 2);
    test.pass(60);
    test.change(old_password("pat", OLD, NEW)).await.unwrap();
    assert_eq!((test.engine.status().lockouts, test.engine.status().rehashes), (2, 0));
}

#[cfg(feature = "hash-families")]
#[tokio::test]
async fn an_engine_counts_rehashes_but_no_changes() {
    let test = TestContext::new().await;
    let bcrypt = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    for user_id in ["sam", "kim"] {
        test.add_stored(user_id, bcrypt).await;
    }
    test.change(old_password("sam", "U*U", "short")).await.unwrap_err();
    assert_eq!(test.engine.status().rehashes, 1);
    test.change(old_password("sam", "U*U", NEW)).await.unwrap();
    test.change(old_password("kim", "U*U", NEW)).await.unwrap();
    assert_eq!(test.engine.status().rehashes, 1);
    assert_eq!(test.engine.status().verifications[&("bcrypt", "match")], 2);
}

#[tokio::test]
async fn a_meter_counts_and_times_operations() {
    let meter = OperationMeter::default();
    for failure in [false, true, false] {
        let operation = async {
            let started = Instant::now();
            while started.elapsed() < Duration::from_micros(1) {}
            if failure { Err(()) } else { Ok(()) }
        };
        assert_eq!(meter.measure(operation).await.is_err(), failure);
    }
    let status = StoreStatus::new(&meter, &OperationMeter::default()).with_connections(1, 2);
    assert_eq!((status.reads.count, status.reads.failures), (3, 1));
    assert!(status.reads.time >= Duration::from_micros(3));
    assert_eq!(status.writes, OperationMeter::default().status());
    assert_eq!(status.connections, Some((1, 2)));
}
