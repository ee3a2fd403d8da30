//! What becomes of a request that could be read.

use repass_core::AdministrationStore;
use repass_testkit::fixtures;
use repass_tests::{FIRST_PASSWORD, Server};
use serde_json::json;

use super::{assert_changed, assert_failed, assert_message, by, open, passwords, start, with};
use crate::house::{NEVER_CLOSED, NEW, SOON_CLOSED, assert_closed};

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_200_and_the_new_password_counts_from_then_on() {
    let house = start().await;
    assert_changed(&house.send(&house.good).await);
    assert!(house.is_password(NEW).await);
    assert!(!house.is_password(FIRST_PASSWORD).await);
    let record = house.last_try().await;
    assert_eq!((record.outcome.as_str(), record.context.source.as_str()), ("ok", "zap"));
    assert!(record.caller.starts_with("token:"), "{}", record.caller);
    let events = fixtures::events(&*house.desk.store).await;
    assert_eq!(events.len(), 1);
    assert_eq!(
        (events[0].kind.as_str(), Some(events[0].account)),
        ("password.changed", record.account)
    );

    assert_failed(&house.send(&house.good).await, 400);
    assert_eq!(house.failures().await, 1);
    assert_changed(&house.send(&passwords(&house.good, NEW, "the third of my passwords")).await);
    assert_eq!(house.failures().await, 0, "a success forgets the failures before it");
}

#[tokio::test(flavor = "multi_thread")]
async fn asvs_6_3_8_wrong_password_unknown_account_and_anothers_email_are_one_400() {
    let house = open(Server::builder().tables(NEVER_CLOSED)).await;
    let admin = by(&house, "site-admin", &["admin"]).await;
    house.desk.add("zap", "other").await;
    house.desk.add("zap", "inactive").await;
    let realm = house.desk.realm("zap");
    house.desk.administration.set_active(&realm, "inactive", false).await.unwrap();

    let text = assert_failed(&house.send(&passwords(&admin, "a wrong guess", NEW)).await, 400);
    let long = "x".repeat(5000);
    let inactive = admin.edit(|body| {
        body["userId"] = json!("inactive");
        body["email"] = json!("inactive@example.org");
    });
    for wire in [
        passwords(&house.good, "a wrong guess", NEW),
        passwords(&admin, &long, NEW),
        with(&admin, "userId", "nobody"),
        with(&admin, "userId", long.as_str()),
        with(&admin, "userId", "other"),
        with(&admin, "email", "other@example.org"),
        with(&house.good, "email", "other@example.org"),
        with(&admin, "email", "nobody@example.org"),
    ] {
        assert_message(&house.send(&wire).await, 400, &text);
        assert_eq!(house.last_try().await.outcome, "wrong-password");
    }
    assert_message(&house.send(&inactive).await, 400, &text);
    assert_eq!(house.last_try().await.outcome, "inactive", "but the trail tells it");
    for user_id in [house.user_id, "other", "inactive"] {
        assert!(house.desk.is_password("zap", user_id, FIRST_PASSWORD).await, "{user_id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_by_the_policy_is_400_with_every_broken_rule_and_costs_nothing() {
    let house = start().await;
    let short = "The new password must have at least 15 characters.";
    let common = "The new password is among those that many people use.";
    let current = "The new password must differ from the current one.";
    let id = "The new password must not contain the user ID.";
    let email = "The new password must not contain a part of the e-mail address.";
    let own_id = format!("xx {} xx", house.user_id.to_uppercase());
    for (new, broken) in [
        ("14 characters.", vec![short]),
        ("password", vec![short, common]),
        (FIRST_PASSWORD, vec![current]),
        (&own_id, vec![id, email]),
    ] {
        let answer = house.send(&passwords(&house.good, FIRST_PASSWORD, new)).await;
        assert_message(&answer, 400, &broken.join(" "));
        assert_eq!(house.last_try().await.outcome, "rejected");
        house.assert_untouched().await;
    }
    assert_changed(&house.send(&house.good).await);
    let answer = house.send(&passwords(&house.good, NEW, FIRST_PASSWORD)).await;
    let reused = "The new password must differ from the last 5 passwords.";
    assert_message(&answer, 400, reused);
}

#[tokio::test(flavor = "multi_thread")]
async fn nist_3_2_2_too_many_failures_are_429_and_even_the_right_password_waits() {
    let house = open(Server::builder().tables(SOON_CLOSED)).await;
    let by_admin = by(&house, "site-admin", &["admin"]).await;
    let wrong = passwords(&house.good, "a wrong guess", NEW);
    assert_failed(&house.send(&wrong).await, 400);
    for wire in [&wrong, &house.good, &by_admin] {
        let answer = house.send(wire).await;
        assert_closed(&answer);
        assert_failed(&answer, 429);
        assert_eq!(house.last_try().await.outcome, "too-many-attempts");
    }
    assert!(house.is_password(FIRST_PASSWORD).await);
    assert_eq!(house.failures().await, 1, "what is not looked at is not charged");
    let realm = house.desk.realm("zap");
    house.desk.administration.unlock(&realm, house.user_id).await.unwrap();
    assert_changed(&house.send(&house.good).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_account_closes_like_a_real_one() {
    let house = open(Server::builder().tables(SOON_CLOSED)).await;
    let by_admin = by(&house, "site-admin", &["admin"]).await;
    let unknown = with(&by_admin, "userId", "nobody");
    assert_failed(&house.send(&unknown).await, 400);
    assert_closed(&house.send(&unknown).await);
    assert_changed(&house.send(&by_admin).await);
}
