//! The outcomes of well-formed requests.

use repass_testkit::fixtures;
use repass_tests::{Answer, FIRST_PASSWORD, Server};
use serde_json::json;

use super::{WRONG, assert_answer, assert_changed, body, open, start};
use crate::test_context::{NEVER_LOCKED_OUT, NEW, SOON_LOCKED_OUT, assert_locked_out};

#[track_caller]
fn assert_refused(answer: &Answer, errors: &[&str]) {
    let errors = serde_json::to_string(errors).unwrap();
    let body = format!(r#"{{"Errors":{errors},"StatusCode":409,"IsSucceed":false}}"#);
    assert_answer(answer, 409, &body);
}

/// Proves ETNA-11, ETNA-30, ETNA-36.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_old_password_is_400_and_counts_as_a_failure() {
    let test = open(Server::builder().tables(NEVER_LOCKED_OUT)).await;
    let upper = FIRST_PASSWORD.to_uppercase();
    let padded = format!("{FIRST_PASSWORD} ");
    let long = FIRST_PASSWORD.repeat(200);
    let wrong = ["a wrong guess", &upper, &padded, &FIRST_PASSWORD[1..], NEW, &long];
    for (failures, guess) in (1..).zip(wrong) {
        let answer = test.send_body(&body(guess, NEW)).await;
        assert_answer(&answer, 400, WRONG);
        assert_eq!(test.failures().await, failures, "{guess}");
        assert_eq!(test.last_attempt().await.outcome, "wrong-password");
    }
    assert!(test.is_password(FIRST_PASSWORD).await);
}

/// Proves ETNA-31, ETNA-36.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_by_the_policy_is_409_with_every_broken_rule_and_counts_no_failure() {
    let test = start().await;
    let too_long = "x".repeat(257);
    let far_too_long = "x".repeat(5000);
    let short = "The new password must have at least 15 characters.";
    let long = "The new password must have at most 256 characters.";
    let common = "The new password is among those that many people use.";
    let current = "The new password must differ from the current one.";
    let id = "The new password must not be based on the user ID.";
    let email = "The new password must not be based on the e-mail address.";
    let cases: [(&str, &[&str]); 7] = [
        ("14 characters.", &[short]),
        ("password", &[short, common]),
        (FIRST_PASSWORD, &[current]),
        ("1001 1001 1001 my", &[id, email]),
        ("Example", &[short, email, common]),
        (&too_long, &[long]),
        (&far_too_long, &[long]),
    ];
    for (new, errors) in cases {
        let answer = test.send_body(&body(FIRST_PASSWORD, new)).await;
        assert_refused(&answer, errors);
        assert_eq!(test.last_attempt().await.outcome, "rejected", "{new}");
        test.assert_untouched().await;
    }
    assert_changed(&test.send(&test.good).await);
    let answer = test.send_body(&body(NEW, FIRST_PASSWORD)).await;
    assert_refused(&answer, &["The new password must differ from the last 5 passwords."]);
    assert!(test.is_password(NEW).await);
}

/// Proves ETNA-32, ETNA-36.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_200_without_a_body_and_the_new_password_counts_from_then_on() {
    let test = start().await;
    let answer = test.send(&test.good.with("x-request-id", Some("the-change"))).await;
    assert_changed(&answer);
    assert!(test.is_password(NEW).await);
    assert!(!test.is_password(FIRST_PASSWORD).await);

    let record = test.last_attempt().await;
    assert_eq!((record.outcome.as_str(), record.context.source.as_str()), ("ok", "etna"));
    assert_eq!(record.context.request_id.as_deref(), Some("the-change"));
    assert!(record.caller.starts_with("token:"), "{}", record.caller);
    let events = fixtures::events(&*test.operator.store).await;
    assert_eq!(events.len(), 1);
    assert_eq!(
        (events[0].kind.as_str(), Some(events[0].account)),
        ("password.changed", record.account)
    );

    assert_answer(&test.send(&test.good).await, 400, WRONG);
    assert_changed(&test.send_body(&body(NEW, "the third of my passwords")).await);
    assert_eq!(test.failures().await, 0, "a success forgets the failures before it");
}

/// Proves ETNA-11, NIST 3.1.1.2 verification, NIST 3.1.1.2 normalization, ASVS 6.2.8.
#[tokio::test(flavor = "multi_thread")]
async fn nist_3_1_1_2_passwords_count_whole_and_in_any_unicode_form() {
    let test = start().await;
    let exact = "  \u{1f511} cafe\u{301} \u{5bc6}\u{7801}, and more of it\u{3000}";
    assert_changed(&test.send_body(&body(FIRST_PASSWORD, exact)).await);
    for near in [exact.trim(), &exact.replace("e\u{301}", "e")] {
        assert_answer(&test.send_body(&body(near, NEW)).await, 400, WRONG);
    }
    let longest = "\u{1f511}".repeat(256);
    let same = exact.replace("e\u{301}", "\u{e9}");
    assert_changed(&test.send_body(&body(&same, &longest)).await);
    let cut = "\u{1f511}".repeat(255);
    assert_answer(&test.send_body(&body(&cut, NEW)).await, 400, WRONG);
    assert_changed(&test.send_body(&body(&longest, NEW)).await);
}

/// Proves ETNA-29, ETNA-36, ETNA-37.
#[tokio::test(flavor = "multi_thread")]
async fn nist_3_2_2_a_lockout_is_429_for_the_right_password_too() {
    let test = open(Server::builder().tables(SOON_LOCKED_OUT)).await;
    let wrong = body("a wrong guess", NEW);
    assert_answer(&test.send_body(&wrong).await, 400, WRONG);
    for request in [&wrong, &test.good.body] {
        let answer = test.send_body(request).await;
        assert_locked_out(&answer);
        let text = answer.json()["Errors"][0].clone();
        assert!(!text.as_str().unwrap().is_empty());
        let shape = format!(r#"{{"Errors":[{text}],"StatusCode":429,"IsSucceed":false}}"#);
        assert_answer(&answer, 429, &shape);
        assert_eq!(test.last_attempt().await.outcome, "too-many-attempts");
    }
    assert!(test.is_password(FIRST_PASSWORD).await);
    assert_eq!(test.failures().await, 1, "no attempt counts during a lockout");

    let realm = test.operator.realm("etna");
    test.operator.administration.unlock(&realm, "1001").await.unwrap();
    assert_changed(&test.send(&test.good).await);
    assert_eq!(test.failures().await, 0);
}

/// Proves ETNA-37.
#[tokio::test(flavor = "multi_thread")]
async fn failures_of_one_user_do_not_lock_out_another() {
    let test = open(Server::builder().tables(SOON_LOCKED_OUT)).await;
    test.operator.add("etna", "1002").await;
    let token = test.operator.token("etna", "1002", &[]).await;
    let other = test.good.with("authorization", Some(&format!("Bearer {token}")));
    let other = other.edit(|body| body["OldPassword"] = json!("a wrong guess"));
    assert_answer(&test.send(&other).await, 400, WRONG);
    assert_locked_out(&test.send(&other).await);
    assert_changed(&test.send(&test.good).await);
}

/// Proves ETNA-38.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_changes_at_once_exactly_one_is_made() {
    let test = start().await;
    for answer in test.losers_of_one_change().await.iter().filter(|answer| answer.status != 429) {
        assert_answer(answer, 400, WRONG);
    }
}
