//! `secureOTP`: time-based ones (RFC 6238), and codes issued for one use.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use repass_core::{Administration, OtpSecret};
use repass_tests::{FIRST_PASSWORD, Server, ServerBuilder};
use serde_json::{Value, json};

use super::{assert_changed, assert_failed, by, open, passwords, start, with};
use crate::house::{ANY_PASSWORD, House, NEVER_CLOSED, NEW, now};
use crate::requests::Wire;

const MINUTE: Duration = Duration::from_secs(60);

/// A house in which the same change can be made again and again.
async fn open_for_repeats() -> (House, Wire) {
    let builder = Server::builder().tables(NEVER_CLOSED).tables(ANY_PASSWORD);
    let house = open(builder).await;
    let same = passwords(&house.good, FIRST_PASSWORD, FIRST_PASSWORD);
    (house, same)
}

fn required() -> ServerBuilder {
    Server::builder().tables(NEVER_CLOSED).options("zap", "secure_otp = 'required'")
}

async fn enrol(house: &House) -> OtpSecret {
    let realm = house.desk.realm("zap");
    house.desk.administration.enrol_otp(&realm, house.user_id, "repass").await.unwrap()
}

async fn issue(house: &House, by: &Administration, lifetime: Duration) -> String {
    let realm = house.desk.realm("zap");
    let code = by.issue_otp_code(&realm, house.user_id, lifetime).await.unwrap();
    code.expose().to_owned()
}

fn code(secret: &OtpSecret, at: Timestamp) -> String {
    secret.code(at).expose().to_owned()
}

fn steps(count: i64) -> SignedDuration {
    SignedDuration::from_secs(30 * count)
}

/// Asserts that an answer says that the one-time password is wrong, and nothing else.
#[track_caller]
fn assert_wrong(answer: &repass_tests::Answer) {
    let message = assert_failed(answer, 400);
    assert!(message.contains("OTP"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn absent_is_fine_even_for_an_account_that_has_a_secret() {
    let house = start().await;
    enrol(&house).await;
    assert_changed(&house.send(&with(&house.good, "secureOTP", json!(null))).await);
    assert_changed(&house.send(&passwords(&house.good, NEW, "the third of my passwords")).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn present_must_verify_by_either_of_its_names() {
    let (house, same) = open_for_repeats().await;
    for member in ["secureOTP", "otp"] {
        let secret = enrol(&house).await;
        let right = code(&secret, now());
        let longer = format!("{right}0");
        for wrong in ["000000x", "x", &right[..5], &longer, " ", &format!(" {right}")] {
            assert_wrong(&house.send(&with(&same, member, wrong)).await);
        }
        assert_changed(&house.send(&with(&same, member, right)).await);
    }
    let secret = enrol(&house).await;
    let first = with(&same, "secureOTP", code(&secret, now()));
    assert_wrong(&house.send(&with(&with(&first, "otp", "x"), "secureOTP", "y")).await);
    assert_changed(&house.send(&with(&first, "otp", "x")).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_non_empty_string_is_an_invalid_field() {
    let (house, same) = open_for_repeats().await;
    for value in [json!(""), json!(123_456), json!(true), json!([]), json!({})] {
        let message =
            assert_failed(&house.send(&with(&same, "secureOTP", value.clone())).await, 400);
        assert!(message.contains("secureOTP"), "{value}: {message}");
    }
    house.assert_untouched().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_one_is_charged_and_changes_nothing() {
    let house = open(Server::builder().tables(NEVER_CLOSED)).await;
    let secret = enrol(&house).await;
    let of_another = OtpSecret::generate("repass", "x", &repass_core::SystemRandomness).unwrap();
    let used = [code(&of_another, now()), "x".to_owned()];
    for (charged, wrong) in
        (1..).zip(used.into_iter().filter(|wrong| *wrong != code(&secret, now())))
    {
        assert_wrong(&house.send(&with(&house.good, "secureOTP", wrong)).await);
        assert_eq!(house.last_try().await.outcome, "wrong-otp");
        assert_eq!(house.failures().await, charged);
    }
    assert!(house.is_password(FIRST_PASSWORD).await);
    assert_changed(&house.send(&with(&house.good, "secureOTP", code(&secret, now()))).await);
    assert!(house.is_password(NEW).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_without_any_accepts_none() {
    let house = start().await;
    assert_wrong(&house.send(&with(&house.good, "secureOTP", "123456")).await);
    assert!(house.is_password(FIRST_PASSWORD).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn rfc_6238_a_code_counts_one_step_early_or_late_and_no_more() {
    let (house, same) = open_for_repeats().await;
    for offset in -3..=3 {
        loop {
            // A new secret, so that no step is used up.
            let secret = enrol(&house).await;
            let before = now();
            let presented = code(&secret, before + steps(offset));
            let near = (-1..=1).map(|near| code(&secret, before + steps(near)));
            let counts = offset.abs() <= 1;
            let by_chance = !counts && near.into_iter().any(|near| near == presented);
            let answer = house.send(&with(&same, "secureOTP", presented)).await;
            let step = |at: Timestamp| at.as_second() / 30;
            if by_chance || step(now()) != step(before) {
                // The server may have seen the next step already: says nothing.
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

#[tokio::test(flavor = "multi_thread")]
async fn rfc_6238_each_step_is_accepted_once_and_none_before_it() {
    let (house, same) = open_for_repeats().await;
    let secret = enrol(&house).await;
    let present = now();
    let code_of = |offset| with(&same, "secureOTP", code(&secret, present + steps(offset)));
    assert_changed(&house.send(&code_of(0)).await);
    assert_wrong(&house.send(&code_of(0)).await);
    assert_wrong(&house.send(&code_of(-1)).await);
    assert_changed(&house.send(&code_of(1)).await);
    assert_wrong(&house.send(&code_of(1)).await);
    assert_wrong(&house.send(&code_of(0)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_changes_at_once_by_one_code_exactly_one_is_made() {
    let (house, same) = open_for_repeats().await;
    let secret = enrol(&house).await;
    let by_step = with(&same, "secureOTP", code(&secret, now()));
    let by_code = issue(&house, &house.desk.administration, MINUTE).await;
    let by_code = with(&same, "secureOTP", by_code);
    for wire in [by_step, by_code] {
        let answers = house.flood(&wire, 12).await;
        let made = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(made, 1);
        assert!(answers.iter().all(|answer| [200, 400].contains(&answer.status.as_u16())));
        assert_wrong(&house.send(&wire).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn asvs_6_5_1_an_issued_code_counts_once() {
    let (house, same) = open_for_repeats().await;
    let administration = &house.desk.administration;
    let older = issue(&house, administration, MINUTE).await;
    let newer = issue(&house, administration, MINUTE).await;
    assert_wrong(&house.send(&with(&same, "secureOTP", older)).await);
    assert_changed(&house.send(&with(&same, "secureOTP", newer.as_str())).await);
    assert_wrong(&house.send(&with(&same, "secureOTP", newer)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn asvs_6_5_5_an_issued_code_expires_after_at_most_ten_minutes() {
    let (house, same) = open_for_repeats().await;
    let realm = house.desk.realm("zap");
    let ten = 10 * MINUTE;
    let longer = ten + Duration::from_secs(1);
    let refused = house.desk.administration.issue_otp_code(&realm, house.user_id, longer).await;
    assert!(refused.is_err());
    let expired = issue(&house, &house.desk_of_the_past(longer), ten).await;
    assert_wrong(&house.send(&with(&same, "secureOTP", expired)).await);
    let old_but_good = issue(&house, &house.desk_of_the_past(5 * MINUTE), ten).await;
    assert_changed(&house.send(&with(&same, "secureOTP", old_but_good)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issued_code_is_for_one_account_only() {
    let (house, same) = open_for_repeats().await;
    house.desk.add("zap", "other").await;
    let realm = house.desk.realm("zap");
    let administration = &house.desk.administration;
    let code = administration.issue_otp_code(&realm, "other", MINUTE).await.unwrap();
    assert_wrong(&house.send(&with(&same, "secureOTP", code.expose())).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_not_made_uses_nothing_up() {
    let house = open(Server::builder().tables(NEVER_CLOSED)).await;
    let secret = enrol(&house).await;
    let issued = issue(&house, &house.desk.administration, MINUTE).await;
    let by_step = with(&house.good, "secureOTP", code(&secret, now()));
    let by_code = with(&house.good, "secureOTP", issued);
    for wire in [&by_step, &by_code] {
        assert_failed(&house.send(&passwords(wire, "a wrong guess", NEW)).await, 400);
        assert_eq!(house.last_try().await.outcome, "wrong-password");
        assert_failed(&house.send(&passwords(wire, FIRST_PASSWORD, "short")).await, 400);
        assert_eq!(house.last_try().await.outcome, "rejected");
    }
    assert_changed(&house.send(&by_step).await);
    assert_changed(&house.send(&passwords(&by_code, NEW, "the third of my passwords")).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn asvs_6_3_8_the_old_password_comes_first_so_that_an_otp_tells_nothing() {
    let house = open(Server::builder().tables(NEVER_CLOSED)).await;
    let secret = enrol(&house).await;
    let wrong = passwords(&house.good, "a wrong guess", NEW);
    let without = assert_failed(&house.send(&wrong).await, 400);
    for otp in [code(&secret, now()), "x".to_owned()] {
        assert_eq!(assert_failed(&house.send(&with(&wrong, "secureOTP", otp)).await, 400), without);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_presents_the_one_of_the_account() {
    let house = start().await;
    let by_admin = by(&house, "site-admin", &["admin"]).await;
    let realm = house.desk.realm("zap");
    let administration = &house.desk.administration;
    let of_admin = administration.issue_otp_code(&realm, "site-admin", MINUTE).await.unwrap();
    assert_wrong(&house.send(&with(&by_admin, "secureOTP", of_admin.expose())).await);
    let of_account = issue(&house, administration, MINUTE).await;
    assert_changed(&house.send(&with(&by_admin, "secureOTP", of_account)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn required_makes_it_a_required_field() {
    let house = open(required()).await;
    let secret = enrol(&house).await;
    let bad: [Option<Value>; 4] = [None, Some(json!(null)), Some(json!("")), Some(json!(5))];
    for value in bad {
        let wire = match value.clone() {
            Some(value) => with(&house.good, "secureOTP", value),
            None => house.good.clone(),
        };
        let message = assert_failed(&house.send(&wire).await, 400);
        assert!(message.contains("secureOTP"), "{value:?}: {message}");
    }
    house.assert_untouched().await;
    assert_wrong(&house.send(&with(&house.good, "secureOTP", "x")).await);
    assert_changed(&house.send(&with(&house.good, "otp", code(&secret, now()))).await);
    assert!(house.is_password(NEW).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn required_binds_admins_too() {
    let house = open(required()).await;
    let by_admin = by(&house, "site-admin", &["admin"]).await;
    assert_failed(&house.send(&by_admin).await, 400);
    house.assert_untouched().await;
    let issued = issue(&house, &house.desk.administration, MINUTE).await;
    assert_changed(&house.send(&with(&by_admin, "secureOTP", issued)).await);
}
