//! One-time passwords: time-based ones (RFC 6238), and issued codes.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use repass_core::{Administration, OtpSecret};
use repass_tests::{FIRST_PASSWORD, Server, ServerBuilder};
use serde_json::{Value, json};

use super::{assert_changed, assert_failed, by, open, passwords, start, with};
use crate::requests::Wire;
use crate::test_context::{ANY_PASSWORD, NEVER_LOCKED_OUT, NEW, TestContext, now};

const MINUTE: Duration = Duration::from_secs(60);

/// A test context in which the same change can be made many times.
async fn open_for_repeats() -> (TestContext, Wire) {
    let builder = Server::builder().tables(NEVER_LOCKED_OUT).tables(ANY_PASSWORD);
    let test = open(builder).await;
    let same = passwords(&test.good, FIRST_PASSWORD, FIRST_PASSWORD);
    (test, same)
}

fn required() -> ServerBuilder {
    Server::builder().tables(NEVER_LOCKED_OUT).options("zap", "secure_otp = 'required'")
}

async fn enroll(test: &TestContext) -> OtpSecret {
    let realm = test.operator.realm("zap");
    test.operator.administration.enroll_otp(&realm, test.user_id, "repass").await.unwrap()
}

async fn issue(test: &TestContext, by: &Administration, lifetime: Duration) -> String {
    let realm = test.operator.realm("zap");
    let (code, _) = by.issue_otp_code(&realm, test.user_id, lifetime).await.unwrap();
    code.expose().to_owned()
}

fn code(secret: &OtpSecret, at: Timestamp) -> String {
    secret.code(at).expose().to_owned()
}

fn steps(count: i64) -> SignedDuration {
    SignedDuration::from_secs(30 * count)
}

/// Asserts the answer to a wrong one-time password.
#[track_caller]
fn assert_wrong(answer: &repass_tests::Answer) {
    let message = assert_failed(answer, 400);
    assert!(message.contains("OTP"), "{message}");
}

/// Proves ZAP-13, ZAP-39.
#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_optional_even_for_an_account_with_a_secret() {
    let test = start().await;
    enroll(&test).await;
    assert_changed(&test.send(&with(&test.good, "secureOTP", json!(null))).await);
    assert_changed(&test.send(&passwords(&test.good, NEW, "the third of my passwords")).await);
}

/// Proves ZAP-13, ZAP-26.
#[tokio::test(flavor = "multi_thread")]
async fn a_presented_code_is_verified_under_both_names() {
    let (test, same) = open_for_repeats().await;
    for member in ["secureOTP", "otp"] {
        let secret = enroll(&test).await;
        let right = code(&secret, now());
        let longer = format!("{right}0");
        for wrong in ["000000x", "x", &right[..5], &longer, " ", &format!(" {right}")] {
            assert_wrong(&test.send(&with(&same, member, wrong)).await);
        }
        assert_changed(&test.send(&with(&same, member, right)).await);
    }
    let secret = enroll(&test).await;
    let first = with(&same, "secureOTP", code(&secret, now()));
    assert_wrong(&test.send(&with(&with(&first, "otp", "x"), "secureOTP", "y")).await);
    assert_changed(&test.send(&with(&first, "otp", "x")).await);
}

/// Proves ZAP-13, ZAP-22.
#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_a_string_that_is_not_empty() {
    let (test, same) = open_for_repeats().await;
    for value in [json!(""), json!(123_456), json!(true), json!([]), json!({})] {
        let message =
            assert_failed(&test.send(&with(&same, "secureOTP", value.clone())).await, 400);
        assert!(message.contains("secureOTP"), "{value}: {message}");
    }
    test.assert_untouched().await;
}

/// Proves ZAP-26, ZAP-32, NIST 3.2.2 paths, ASVS 6.3.4.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_code_counts_as_a_failure_and_changes_nothing() {
    let test = open(Server::builder().tables(NEVER_LOCKED_OUT)).await;
    let secret = enroll(&test).await;
    let of_another = OtpSecret::generate("repass", "x", &repass_core::SystemRandomness).unwrap();
    let used = [code(&of_another, now()), "x".to_owned()];
    for (failures, wrong) in
        (1..).zip(used.into_iter().filter(|wrong| *wrong != code(&secret, now())))
    {
        assert_wrong(&test.send(&with(&test.good, "secureOTP", wrong)).await);
        assert_eq!(test.last_attempt().await.outcome, "wrong-otp");
        assert_eq!(test.failures().await, failures);
    }
    assert!(test.is_password(FIRST_PASSWORD).await);
    assert_changed(&test.send(&with(&test.good, "secureOTP", code(&secret, now()))).await);
    assert!(test.is_password(NEW).await);
}

/// Proves ZAP-26.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_without_codes_accepts_none() {
    let test = start().await;
    assert_wrong(&test.send(&with(&test.good, "secureOTP", "123456")).await);
    assert!(test.is_password(FIRST_PASSWORD).await);
}

/// Proves ZAP-36.
#[tokio::test(flavor = "multi_thread")]
async fn rfc_6238_a_code_counts_one_step_early_or_late_and_no_more() {
    let (test, same) = open_for_repeats().await;
    for offset in -3..=3 {
        loop {
            // A new secret, so that no step is used up.
            let secret = enroll(&test).await;
            let before = now();
            let presented = code(&secret, before + steps(offset));
            let near = (-1..=1).map(|near| code(&secret, before + steps(near)));
            let counts = offset.abs() <= 1;
            let by_chance = !counts && near.into_iter().any(|near| near == presented);
            let answer = test.send(&with(&same, "secureOTP", presented)).await;
            let step = |at: Timestamp| at.as_second() / 30;
            if by_chance || step(now()) != step(before) {
                // The server may be in the next step already, so either answer is right.
                continue;
            }
            if counts {
                assert_changed(&answer);
            } else {
                assert_wrong(&answer);
            }
            break;
        }
    }
}

/// Proves ZAP-36.
#[tokio::test(flavor = "multi_thread")]
async fn rfc_6238_each_step_is_accepted_once_and_none_before_it() {
    let (test, same) = open_for_repeats().await;
    let secret = enroll(&test).await;
    let present = now();
    let code_of = |offset| with(&same, "secureOTP", code(&secret, present + steps(offset)));
    assert_changed(&test.send(&code_of(0)).await);
    assert_wrong(&test.send(&code_of(0)).await);
    assert_wrong(&test.send(&code_of(-1)).await);
    assert_changed(&test.send(&code_of(1)).await);
    assert_wrong(&test.send(&code_of(1)).await);
    assert_wrong(&test.send(&code_of(0)).await);
}

/// Proves ZAP-34, ZAP-36, ZAP-37.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_changes_at_once_by_one_code_exactly_one_is_made() {
    let (test, same) = open_for_repeats().await;
    let secret = enroll(&test).await;
    let by_step = with(&same, "secureOTP", code(&secret, now()));
    let by_code = issue(&test, &test.operator.administration, MINUTE).await;
    let by_code = with(&same, "secureOTP", by_code);
    for wire in [by_step, by_code] {
        let answers = test.flood(&wire, 12).await;
        let made = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(made, 1);
        assert!(answers.iter().all(|answer| [200, 400].contains(&answer.status.as_u16())));
        assert_wrong(&test.send(&wire).await);
    }
}

/// Proves ZAP-37.
#[tokio::test(flavor = "multi_thread")]
async fn asvs_6_5_1_an_issued_code_counts_once() {
    let (test, same) = open_for_repeats().await;
    let administration = &test.operator.administration;
    let older = issue(&test, administration, MINUTE).await;
    let newer = issue(&test, administration, MINUTE).await;
    assert_wrong(&test.send(&with(&same, "secureOTP", older)).await);
    assert_changed(&test.send(&with(&same, "secureOTP", newer.as_str())).await);
    assert_wrong(&test.send(&with(&same, "secureOTP", newer)).await);
}

/// Proves ZAP-37.
#[tokio::test(flavor = "multi_thread")]
async fn asvs_6_5_5_an_issued_code_expires_after_at_most_ten_minutes() {
    let (test, same) = open_for_repeats().await;
    let realm = test.operator.realm("zap");
    let ten = 10 * MINUTE;
    let longer = ten + Duration::from_secs(1);
    let refused = test.operator.administration.issue_otp_code(&realm, test.user_id, longer).await;
    assert!(refused.is_err());
    let expired = issue(&test, &test.operator_of_the_past(longer), ten).await;
    assert_wrong(&test.send(&with(&same, "secureOTP", expired)).await);
    let old_but_good = issue(&test, &test.operator_of_the_past(5 * MINUTE), ten).await;
    assert_changed(&test.send(&with(&same, "secureOTP", old_but_good)).await);
}

/// Proves ZAP-37.
#[tokio::test(flavor = "multi_thread")]
async fn an_issued_code_is_for_one_account_only() {
    let (test, same) = open_for_repeats().await;
    test.operator.add("zap", "other").await;
    let realm = test.operator.realm("zap");
    let administration = &test.operator.administration;
    let (code, _) = administration.issue_otp_code(&realm, "other", MINUTE).await.unwrap();
    assert_wrong(&test.send(&with(&same, "secureOTP", code.expose())).await);
}

/// Proves ZAP-38.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_change_uses_up_no_code() {
    let test = open(Server::builder().tables(NEVER_LOCKED_OUT)).await;
    let secret = enroll(&test).await;
    let issued = issue(&test, &test.operator.administration, MINUTE).await;
    let by_step = with(&test.good, "secureOTP", code(&secret, now()));
    let by_code = with(&test.good, "secureOTP", issued);
    for wire in [&by_step, &by_code] {
        assert_failed(&test.send(&passwords(wire, "a wrong guess", NEW)).await, 400);
        assert_eq!(test.last_attempt().await.outcome, "wrong-password");
        assert_failed(&test.send(&passwords(wire, FIRST_PASSWORD, "short")).await, 400);
        assert_eq!(test.last_attempt().await.outcome, "rejected");
    }
    assert_changed(&test.send(&by_step).await);
    assert_changed(&test.send(&passwords(&by_code, NEW, "the third of my passwords")).await);
}

/// Proves ZAP-31.
#[tokio::test(flavor = "multi_thread")]
async fn asvs_6_3_8_the_old_password_is_checked_before_the_code() {
    let test = open(Server::builder().tables(NEVER_LOCKED_OUT)).await;
    let secret = enroll(&test).await;
    let wrong = passwords(&test.good, "a wrong guess", NEW);
    let without = assert_failed(&test.send(&wrong).await, 400);
    for otp in [code(&secret, now()), "x".to_owned()] {
        assert_eq!(assert_failed(&test.send(&with(&wrong, "secureOTP", otp)).await, 400), without);
    }
}

/// Proves ZAP-26.
#[tokio::test(flavor = "multi_thread")]
async fn an_admin_presents_the_code_of_the_account() {
    let test = start().await;
    let by_admin = by(&test, "site-admin", &["admin"]).await;
    let realm = test.operator.realm("zap");
    let administration = &test.operator.administration;
    let (of_admin, _) = administration.issue_otp_code(&realm, "site-admin", MINUTE).await.unwrap();
    assert_wrong(&test.send(&with(&by_admin, "secureOTP", of_admin.expose())).await);
    let of_account = issue(&test, administration, MINUTE).await;
    assert_changed(&test.send(&with(&by_admin, "secureOTP", of_account)).await);
}

/// Proves ZAP-39.
#[tokio::test(flavor = "multi_thread")]
async fn the_option_required_makes_the_code_a_required_field() {
    let test = open(required()).await;
    let secret = enroll(&test).await;
    let bad: [Option<Value>; 4] = [None, Some(json!(null)), Some(json!("")), Some(json!(5))];
    for value in bad {
        let wire = match value.clone() {
            Some(value) => with(&test.good, "secureOTP", value),
            None => test.good.clone(),
        };
        let message = assert_failed(&test.send(&wire).await, 400);
        assert!(message.contains("secureOTP"), "{value:?}: {message}");
    }
    test.assert_untouched().await;
    assert_wrong(&test.send(&with(&test.good, "secureOTP", "x")).await);
    assert_changed(&test.send(&with(&test.good, "otp", code(&secret, now()))).await);
    assert!(test.is_password(NEW).await);
}

/// Proves ZAP-39.
#[tokio::test(flavor = "multi_thread")]
async fn the_option_required_holds_for_admins_too() {
    let test = open(required()).await;
    let by_admin = by(&test, "site-admin", &["admin"]).await;
    assert_failed(&test.send(&by_admin).await, 400);
    test.assert_untouched().await;
    let issued = issue(&test, &test.operator.administration, MINUTE).await;
    assert_changed(&test.send(&with(&by_admin, "secureOTP", issued)).await);
}
