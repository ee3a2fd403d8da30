//! The outcomes of well-formed requests.

use repass_testkit::fixtures;
use repass_tests::{FIRST_PASSWORD, Server};
use serde_json::json;

use super::{assert_changed, assert_failed, assert_message, by, open, passwords, start, with};
use crate::test_context::{NEVER_LOCKED_OUT, NEW, SOON_LOCKED_OUT, assert_locked_out};

/// Proves ZAP-28, ZAP-32.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_200_and_the_new_password_counts_from_then_on() {
    let test = start().await;
    assert_changed(&test.send(&test.good).await);
    assert!(test.is_password(NEW).await);
    assert!(!test.is_password(FIRST_PASSWORD).await);
    let record = test.last_attempt().await;
    assert_eq!((record.outcome.as_str(), record.context.source.as_str()), ("ok", "zap"));
    assert!(record.caller.starts_with("token:"), "{}", record.caller);
    let events = fixtures::events(&*test.operator.store).await;
    assert_eq!(events.len(), 1);
    assert_eq!(
        (events[0].kind.as_str(), Some(events[0].account)),
        ("password.changed", record.account)
    );

    assert_failed(&test.send(&test.good).await, 400);
    assert_eq!(test.failures().await, 1);
    assert_changed(&test.send(&passwords(&test.good, NEW, "the third of my passwords")).await);
    assert_eq!(test.failures().await, 0, "a success forgets the failures before it");
}

/// Proves ZAP-11, ZAP-25.
#[tokio::test(flavor = "multi_thread")]
async fn asvs_6_3_8_wrong_password_unknown_account_and_another_users_email_are_one_400() {
    let test = open(Server::builder().tables(NEVER_LOCKED_OUT)).await;
    let admin = by(&test, "site-admin", &["admin"]).await;
    test.operator.add("zap", "other").await;
    test.operator.add("zap", "inactive").await;
    let realm = test.operator.realm("zap");
    test.operator.administration.set_active(&realm, "inactive", false).await.unwrap();

    let text = assert_failed(&test.send(&passwords(&admin, "a wrong guess", NEW)).await, 400);
    let long = "x".repeat(5000);
    let inactive = admin.edit(|body| {
        body["userId"] = json!("inactive");
        body["email"] = json!("inactive@example.org");
    });
    for wire in [
        passwords(&test.good, "a wrong guess", NEW),
        passwords(&admin, &long, NEW),
        with(&admin, "userId", "nobody"),
        with(&admin, "userId", long.as_str()),
        with(&admin, "userId", "other"),
        with(&admin, "email", "other@example.org"),
        with(&test.good, "email", "other@example.org"),
        with(&admin, "email", "nobody@example.org"),
    ] {
        assert_message(&test.send(&wire).await, 400, &text);
        assert_eq!(test.last_attempt().await.outcome, "wrong-password");
    }
    assert_message(&test.send(&inactive).await, 400, &text);
    assert_eq!(test.last_attempt().await.outcome, "inactive", "but the trail tells it");
    for user_id in [test.user_id, "other", "inactive"] {
        assert!(test.operator.is_password("zap", user_id, FIRST_PASSWORD).await, "{user_id}");
    }
}

/// Proves ZAP-27, ZAP-32.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_by_the_policy_is_400_with_every_broken_rule_and_counts_no_failure() {
    let test = start().await;
    let short = "The new password must have at least 15 characters.";
    let common = "The new password is among those that many people use.";
    let current = "The new password must differ from the current one.";
    let id = "The new password must not be based on the user ID.";
    let email = "The new password must not be based on the e-mail address.";
    let own_id = format!("x {} x", test.user_id.to_uppercase());
    for (new, broken) in [
        ("14 characters.", vec![short]),
        ("password", vec![short, common]),
        (FIRST_PASSWORD, vec![current]),
        (&own_id, vec![id, email]),
    ] {
        let answer = test.send(&passwords(&test.good, FIRST_PASSWORD, new)).await;
        assert_message(&answer, 400, &broken.join(" "));
        assert_eq!(test.last_attempt().await.outcome, "rejected");
        test.assert_untouched().await;
    }
    assert_changed(&test.send(&test.good).await);
    let answer = test.send(&passwords(&test.good, NEW, FIRST_PASSWORD)).await;
    let reused = "The new password must differ from the last 5 passwords.";
    assert_message(&answer, 400, reused);
}

/// Proves ZAP-24, ZAP-32, ZAP-33.
#[tokio::test(flavor = "multi_thread")]
async fn nist_3_2_2_a_lockout_is_429_for_the_right_password_too() {
    let test = open(Server::builder().tables(SOON_LOCKED_OUT)).await;
    let by_admin = by(&test, "site-admin", &["admin"]).await;
    let wrong = passwords(&test.good, "a wrong guess", NEW);
    assert_failed(&test.send(&wrong).await, 400);
    for wire in [&wrong, &test.good, &by_admin] {
        let answer = test.send(wire).await;
        assert_locked_out(&answer);
        assert_failed(&answer, 429);
        assert_eq!(test.last_attempt().await.outcome, "too-many-attempts");
    }
    assert!(test.is_password(FIRST_PASSWORD).await);
    assert_eq!(test.failures().await, 1, "no attempt counts during a lockout");
    let realm = test.operator.realm("zap");
    test.operator.administration.unlock(&realm, test.user_id).await.unwrap();
    assert_changed(&test.send(&test.good).await);
}

/// Proves ZAP-33.
#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_account_is_locked_out_like_a_known_one() {
    let test = open(Server::builder().tables(SOON_LOCKED_OUT)).await;
    let by_admin = by(&test, "site-admin", &["admin"]).await;
    let unknown = with(&by_admin, "userId", "nobody");
    assert_failed(&test.send(&unknown).await, 400);
    assert_locked_out(&test.send(&unknown).await);
    assert_changed(&test.send(&by_admin).await);
}

/// Proves ZAP-34.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_changes_at_once_exactly_one_is_made() {
    let test = start().await;
    for answer in test.losers_of_one_change().await {
        assert_failed(&answer, if answer.status == 429 { 429 } else { 400 });
    }
}
