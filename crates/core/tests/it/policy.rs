use repass_core::{ChangeError, Violation};
use repass_testkit::fixtures;

use crate::test_context::{NEW, OLD, TestContext, by, old_password};

fn codes(result: Result<repass_core::Changed, ChangeError>) -> Vec<&'static str> {
    match result {
        Err(ChangeError::Rejected(violations)) => violations.iter().map(Violation::code).collect(),
        other => panic!("not rejected: {other:?}"),
    }
}

#[tokio::test]
async fn the_policy_is_not_evaluated_after_a_wrong_proof() {
    let test = TestContext::new().await;
    let result = test.change(old_password("pat", "a wrong guess of mine", "x")).await;
    assert!(matches!(result, Err(ChangeError::WrongPassword)));
}

#[tokio::test]
async fn the_current_password_is_refused_on_both_paths() {
    let test = TestContext::new().await;
    assert_eq!(codes(test.change(old_password("pat", OLD, OLD)).await), ["same-as-current"]);
    let token = test.reset_token("pat").await;
    let reset = by("pat", repass_core::Proof::ResetToken(token), OLD);
    assert_eq!(codes(test.change(reset).await), ["same-as-current"]);
}

#[tokio::test]
async fn the_last_five_passwords_are_refused_and_the_sixth_is_not() {
    let test = TestContext::new().await;
    let password = |n: usize| format!("password number {n} of mine");
    let mut current = OLD.to_owned();
    for n in 0..6 {
        test.change(old_password("pat", &current, &password(n))).await.unwrap();
        current = password(n);
    }
    for n in 0..5 {
        let result = test.change(old_password("pat", &current, &password(n))).await;
        assert_eq!(codes(result), ["reused"], "{n}");
    }
    test.change(old_password("pat", &current, OLD)).await.unwrap();
}

/// Proves NIST 3.1.1.2 blocklist.
#[tokio::test]
async fn all_violations_are_returned_at_once() {
    let test = TestContext::new().await;
    let result = test.change(old_password("pat", OLD, "password")).await;
    assert_eq!(codes(result), ["too-short", "common"]);
    let result = test.change(old_password("pat", OLD, "example")).await;
    assert_eq!(codes(result), ["too-short", "contains-account-word", "common"]);
    // Words are not searched in it.
    let result = test.change(old_password("pat", OLD, &"example ".repeat(40))).await;
    assert_eq!(codes(result), ["too-long"]);
}

#[tokio::test]
async fn a_new_password_over_4096_bytes_is_refused_unhashed() {
    let test = TestContext::with_policy(fixtures::policy(|rules| rules.max_length = 4096)).await;
    let result = test.change(old_password("pat", OLD, &"é".repeat(4096))).await;
    assert_eq!(codes(result), ["too-long"]);
    assert_eq!(test.hasher.take_verified(), 1, "only the proof");
}

/// Proves NIST 3.1.1.2 second factor, NIST 3.1.1.2 composition.
#[tokio::test]
async fn the_longest_password_is_compared_with_the_current_one_and_a_longer_one_is_not() {
    let test = TestContext::with_policy(fixtures::policy(|rules| rules.max_length = 4096)).await;
    let longest = "xy".repeat(2048);
    test.change(old_password("pat", OLD, &longest)).await.unwrap();
    let refused = test.change(old_password("pat", &longest, &longest)).await;
    assert_eq!(codes(refused), ["same-as-current"]);
    test.hasher.take_verified();
    let reset = async |new: &str| {
        let proof = repass_core::Proof::ResetToken(test.reset_token("pat").await);
        codes(test.change(by("pat", proof, new)).await)
    };
    assert_eq!(reset(&longest).await, ["same-as-current"]);
    assert_eq!(test.hasher.take_verified(), 1);
    assert_eq!(reset(&format!("{longest}z")).await, ["too-long"]);
    assert_eq!(test.hasher.take_verified(), 0);
}

#[tokio::test]
async fn only_the_rules_of_the_policy_are_evaluated() {
    let policy = fixtures::policy(|rules| {
        rules.min_length = 8;
        rules.require_digit = true;
    });
    let test = TestContext::with_policy(policy).await;
    test.change(old_password("pat", OLD, "n3wP@ssw0rd")).await.unwrap();
    let refused = test.change(old_password("pat", "n3wP@ssw0rd", NEW)).await;
    assert_eq!(codes(refused), ["missing-digit"]);
}

/// Proves ASVS 6.2.10.
#[tokio::test]
async fn a_password_does_not_expire() {
    let test = TestContext::new().await;
    test.pass(10 * 365 * 24 * 60 * 60);
    assert!(test.is_password("pat", OLD).await);
    test.change(old_password("pat", OLD, NEW)).await.unwrap();
}
