use std::sync::atomic::Ordering;
use std::time::Duration;

use repass_core::{
    AdministrationStore, AttemptKey, ChangeError, InstallationKey, InvalidLockoutPolicy,
    LockoutPolicy, OutboxFilter, OutboxStore, Subject,
};
use repass_testkit::fixtures;

use crate::test_context::{NEW, OLD, TestContext, by, old_password, realm};

fn lockout_left(result: Result<repass_core::Changed, ChangeError>) -> Duration {
    match result {
        Err(ChangeError::TooManyAttempts { retry_after }) => retry_after,
        other => panic!("not locked out: {other:?}"),
    }
}

#[test]
fn the_bounds_of_a_lockout_policy_are_allowed() {
    let second = Duration::from_secs(1);
    let new = |threshold, initial_delay, max_failures| {
        LockoutPolicy::new(threshold, initial_delay, second, max_failures)
    };
    for (threshold, initial_delay, max_failures) in
        [(1, second, 1_000_000), (1_000_000, Duration::ZERO, 1_000_000), (1, Duration::ZERO, 1)]
    {
        let policy = new(threshold, initial_delay, max_failures).unwrap();
        assert_eq!((policy.threshold(), policy.initial_delay()), (threshold, initial_delay));
        assert_eq!((policy.max_failures(), policy.max_delay()), (max_failures, second));
    }
    let member = |policy: Result<_, InvalidLockoutPolicy>| policy.unwrap_err().member;
    for number in [0, 1_000_001] {
        assert_eq!(member(new(number, second, 1)), "threshold");
        assert_eq!(member(new(1, second, number)), "max_failures");
    }
    assert_eq!(member(new(2, second, 1)), "threshold");
    assert_eq!(member(new(1, 2 * second, 1)), "max_delay");
}

/// Proves NIST 3.2.2 delays, NIST 3.2.2 success.
#[tokio::test]
async fn nist_3_2_2_the_account_is_locked_out_for_a_growing_time() {
    let test = TestContext::new().await;
    for _ in 0..3 {
        assert!(matches!(test.guess().await, Err(ChangeError::WrongPassword)));
    }
    assert_eq!(lockout_left(test.guess().await).as_secs(), 1);
    let right = test.change(old_password("pat", OLD, NEW)).await;
    assert_eq!(lockout_left(right).as_secs(), 1, "the right password is not verified either");
    test.pass(1);
    assert!(matches!(test.guess().await, Err(ChangeError::WrongPassword)));
    assert_eq!(lockout_left(test.guess().await).as_secs(), 2);
    test.pass(2);
    test.change(old_password("pat", OLD, NEW)).await.unwrap();
    for _ in 0..3 {
        assert!(
            matches!(test.guess().await, Err(ChangeError::WrongPassword)),
            "the count starts again"
        );
    }
}

#[tokio::test]
async fn attempts_during_a_lockout_are_neither_verified_nor_counted() {
    let test = TestContext::new().await;
    for _ in 0..3 {
        let _ = test.guess().await;
    }
    test.hasher.take_verified();
    for _ in 0..20 {
        lockout_left(test.guess().await);
    }
    assert_eq!(test.hasher.take_verified(), 0);
    let (_, attempts) = test.operator.show_account(&realm(), "pat").await.unwrap();
    assert_eq!(attempts.failures, 3);
}

#[tokio::test]
async fn after_max_failures_the_outcome_says_that_only_a_reset_or_an_unlock_helps() {
    let test = TestContext::new().await;
    let guess = || test.engine.attempt(old_password("pat", "a wrong guess of mine", NEW));
    for failures in 0..100 {
        let outcome = guess().await;
        assert!(!outcome.locked_until_reset, "{failures}: {outcome:?}");
        test.pass(900);
    }
    let outcome = guess().await;
    assert!(outcome.locked_until_reset, "{outcome:?}");
    assert_eq!(lockout_left(outcome.result).as_secs(), 900);
}

/// Proves ASVS 6.3.1, ASVS 6.3.8.
#[tokio::test]
async fn asvs_6_3_8_an_unknown_identifier_is_locked_out_the_same_way() {
    let test = TestContext::new().await;
    for _ in 0..3 {
        let result = test.change(old_password("nobody", OLD, NEW)).await;
        assert!(matches!(result, Err(ChangeError::WrongPassword)));
    }
    assert_eq!(lockout_left(test.change(old_password("nobody", OLD, NEW)).await).as_secs(), 1);
    let other = test.change(old_password("somebody", OLD, NEW)).await;
    assert!(matches!(other, Err(ChangeError::WrongPassword)));
}

/// Proves E3.
#[tokio::test]
async fn e3_attempts_of_unknown_identifiers_are_deleted_by_the_engine() {
    let test = TestContext::new().await;
    let strangers: Vec<String> = (0..200).map(|n| format!("stranger-{n}")).collect();
    for stranger in &strangers {
        let _ = test.change(old_password(stranger, OLD, NEW)).await;
    }
    let installation = InstallationKey::from_bytes([3; 32]);
    let remembered = async || {
        let mut count = 0;
        for stranger in &strangers {
            let subject = Subject::new(realm(), stranger);
            let row =
                test.store.attempts(&AttemptKey::unknown(&subject, &installation)).await.unwrap();
            count += row.failures;
        }
        count
    };
    test.pass(30 * 24 * 60 * 60 - 1);
    let refuse = async |times| {
        for _ in 0..times {
            let refused = test.change(old_password("pat", OLD, "short")).await;
            assert!(matches!(refused, Err(ChangeError::Rejected(_))), "{refused:?}");
        }
    };
    refuse(64).await;
    assert_eq!(remembered().await, 200, "for 30 days");
    test.pass(1);
    refuse(64).await;
    assert_eq!(remembered().await, 72, "128 at a time");
    refuse(64).await;
    assert_eq!(remembered().await, 0, "200 rows are deleted within 128 changes");
}

/// Proves NIST 3.2.2 limit, NIST 3.2.2 success, ASVS 6.3.1.
#[tokio::test]
async fn nist_3_2_2_after_a_hundred_failures_only_a_reset_or_an_operator_unlocks_it() {
    let test = TestContext::new().await;
    for _ in 0..100 {
        assert!(matches!(test.guess().await, Err(ChangeError::WrongPassword)));
        test.pass(900);
    }
    test.pass(1_000_000);
    assert_eq!(lockout_left(test.guess().await).as_secs(), 900);
    lockout_left(test.change(old_password("pat", OLD, NEW)).await);

    test.operator.unlock(&realm(), "pat").await.unwrap();
    test.change(old_password("pat", OLD, NEW)).await.unwrap();

    for _ in 0..100 {
        let _ = test.guess().await;
        test.pass(900);
    }
    let token = test.reset_token("pat").await;
    let reset = by("pat", repass_core::Proof::ResetToken(token), "now a third password");
    test.change(reset).await.unwrap();
    test.change(old_password("pat", "now a third password", "and then a fourth")).await.unwrap();
}

#[tokio::test]
async fn a_right_proof_never_counts_as_a_failure() {
    let test = TestContext::new().await;
    for _ in 0..10 {
        let refused = test.change(old_password("pat", OLD, "short")).await;
        assert!(matches!(refused, Err(ChangeError::Rejected(_))), "{refused:?}");
    }
    let (_, attempts) = test.operator.show_account(&realm(), "pat").await.unwrap();
    assert_eq!(attempts, repass_core::AttemptState::default());
}

#[tokio::test]
async fn an_attempt_that_finds_the_queue_full_does_not_count() {
    let test = TestContext::new().await;
    test.hasher.busy.store(10, Ordering::SeqCst);
    for _ in 0..10 {
        let busy = test.change(old_password("pat", OLD, NEW)).await;
        assert!(matches!(busy, Err(ChangeError::Busy { .. })), "{busy:?}");
    }
    test.change(old_password("pat", OLD, NEW)).await.unwrap();
}

#[tokio::test]
async fn the_failure_that_locks_an_account_out_raises_one_event_at_once() {
    let test = TestContext::new().await;
    for _ in 0..5 {
        let _ = test.guess().await;
        test.clock.advance(Duration::from_secs(60));
    }
    let entries =
        test.store.entries(&OutboxFilter { limit: 10, ..OutboxFilter::default() }).await.unwrap();
    let kinds: Vec<_> = entries.iter().map(|entry| entry.event.kind.as_str()).collect();
    assert_eq!(kinds, ["account.locked"]);
    let locked = &entries[0];
    assert_eq!(locked.event.payload["failures"], 3);
    assert_eq!(locked.due_at, locked.event.at, "due at once, since the proof was wrong");
}

#[tokio::test]
async fn a_right_proof_at_the_threshold_raises_no_lockout_event() {
    for new in [NEW, "short"] {
        let test = TestContext::new().await;
        for _ in 0..2 {
            let _ = test.guess().await;
        }
        let result = test.change(old_password("pat", OLD, new)).await;
        assert_eq!(result.is_ok(), new == NEW, "{result:?}");
        let events = fixtures::events(&test.store).await;
        let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
        let expected: &[&str] = if new == NEW { &["password.changed"] } else { &[] };
        assert_eq!(kinds, expected, "a change refused after a right proof is no event");
    }
}

#[tokio::test]
async fn attempts_at_unknown_identifiers_raise_no_event() {
    let test = TestContext::new().await;
    for _ in 0..5 {
        let _ = test.change(old_password("nobody", OLD, NEW)).await;
        test.clock.advance(Duration::from_secs(60));
    }
    assert!(fixtures::events(&test.store).await.is_empty());
}

/// Proves A2.
#[tokio::test]
async fn a2_refusals_of_a_locked_account_are_counted_in_one_record() {
    let test = TestContext::new().await;
    for _ in 0..3 {
        let _ = test.guess().await;
    }
    let before = test.audit().await.len();
    for _ in 0..10 {
        let refused = test.guess().await;
        assert!(matches!(refused, Err(ChangeError::TooManyAttempts { .. })), "{refused:?}");
    }
    let records = test.audit().await;
    assert_eq!(records.len(), before + 1, "ten refusals write one record");
    assert_eq!(
        (records[0].outcome.as_str(), records[0].detail.as_deref()),
        ("too-many-attempts", None)
    );

    test.clock.advance(Duration::from_secs(60));
    test.change(old_password("pat", OLD, NEW)).await.unwrap();
    let records = test.audit().await;
    let recorded = (records[0].outcome.as_str(), records[0].detail.as_deref());
    assert_eq!(recorded, ("ok", Some("refused-before=9")));
}
