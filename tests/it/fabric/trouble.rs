//! Lockouts, and faults and overload of the server.

use repass_tests::{FIRST_PASSWORD, Server};
use serde_json::json;

use super::{
    TEN_MINUTES, USER, assert_answer, assert_error, assert_expired, assert_not_found, assert_user,
    is_unspent, open, start, token, token_of, with,
};
use crate::requests::{GUID, SITE, change, good_request};
use crate::test_context::{EASILY_OVERLOADED, NEW, SOON_LOCKED_OUT, assert_locked_out};

/// Proves FABRIC-27.
#[tokio::test(flavor = "multi_thread")]
async fn nist_3_2_2_after_too_many_failures_the_answer_is_429_known_account_or_not() {
    let test = open(Server::builder().tables(SOON_LOCKED_OUT)).await;
    let unknown = with(&test.good, "userId", "nobody");
    let mut messages = Vec::new();
    for wire in [with(&test.good, "resetToken", "x".repeat(43)), unknown] {
        assert_not_found(&test.send(&wire).await);
        let answer = test.send(&wire).await;
        assert_locked_out(&answer);
        let message = assert_error(&answer, 429, "Too Many Requests", "TOO_MANY_REQUESTS");
        messages.push(message);
    }
    assert_eq!(messages[0], messages[1]);
    assert!(is_unspent(&test, &token_of(&test.good)).await);
    assert!(test.is_password(FIRST_PASSWORD).await);

    let wrong = with(&test.good, "resetToken", "y".repeat(43));
    assert_locked_out(&test.send(&wrong).await);
    test.operator.administration.unlock(&test.operator.realm("fabric"), USER).await.unwrap();
    assert_not_found(&test.send(&wrong).await);
    assert_locked_out(&test.send(&wrong).await);
}

/// Proves FABRIC-27.
#[tokio::test(flavor = "multi_thread")]
async fn nist_3_2_2_wrong_tokens_do_not_lock_out_the_right_one() {
    let test = open(Server::builder().tables(SOON_LOCKED_OUT)).await;
    let wrong = with(&test.good, "resetToken", "x".repeat(43));
    assert_not_found(&test.send(&wrong).await);
    for _ in 0..5 {
        assert_locked_out(&test.send(&wrong).await);
    }
    assert_user(&test.send(&test.good).await, USER);
    assert_eq!(test.failures().await, 0);
}

/// Proves FABRIC-27.
#[tokio::test(flavor = "multi_thread")]
async fn nist_3_2_2_wrong_passwords_do_not_lock_out_a_reset() {
    // The realm of customer is also that of a site account of fabric.
    let accounts = format!("accounts = {{ \"{SITE}\" = \"customer\" }}");
    let server =
        Server::builder().tables(SOON_LOCKED_OUT).options("fabric", &accounts).start().await;
    let (operator, client) = (server.operator().await, server.client());
    let fabric = good_request(&operator, "fabric", NEW).await;
    good_request(&operator, "customer", NEW).await;
    assert_eq!(change(&client, GUID, "a wrong guess", NEW).await.status, 200);
    assert_locked_out(&change(&client, GUID, FIRST_PASSWORD, NEW).await);

    let token = operator.reset_token("customer", GUID, TEN_MINUTES).await;
    let reset = with(&with(&fabric, "resetToken", token), "userId", GUID);
    assert_user(&reset.send(&client).await, GUID);
    assert!(operator.is_password("customer", GUID, NEW).await);
    // The reset unlocks the account.
    let answer = change(&client, GUID, NEW, "the third of my passwords").await;
    assert_eq!(answer.json()["Success"], true, "{}", answer.text());
}

/// Proves FABRIC-33.
#[tokio::test(flavor = "multi_thread")]
async fn a_fault_is_500_and_changes_nothing() {
    let test = start().await;
    for table in ["keys", "attempts", "reset_tokens", "password_history", "events", "audit"] {
        let answer = test.without_table(table, test.send(&test.good)).await;
        assert_eq!(answer.status, 500, "{table}: {}", answer.text());
        let message = assert_error(&answer, 500, "Internal Server Error", "INTERNAL_SERVER_ERROR");
        assert!(!message.contains(table), "{message}");
        test.assert_untouched().await;
    }
    assert_user(&test.send(&test.good).await, USER);
}

/// Proves FABRIC-26.
#[tokio::test(flavor = "multi_thread")]
async fn an_overloaded_server_answers_503_and_exactly_one_reset_wins() {
    let test = open(Server::builder().tables(EASILY_OVERLOADED)).await;
    for n in 0..5 {
        let token = token(&test).await;
        let new = format!("the wish of number {n}, no less");
        let wire = with(&with(&test.good, "resetToken", token.as_str()), "newPassword", &*new);
        let answers = test.flood(&wire, 16).await;
        let mut busy = 0;
        let mut changed = 0;
        for answer in &answers {
            match answer.status.as_u16() {
                503 => {
                    assert_error(answer, 503, "Service Unavailable", "SERVICE_UNAVAILABLE");
                    assert_eq!(answer.header("retry-after"), "1");
                    busy += 1;
                }
                200 => changed += 1,
                _ => assert_expired(answer),
            }
        }
        assert_eq!(changed, 1);
        assert!(test.is_password(&new).await);
        if busy > 0 {
            return;
        }
    }
    panic!("one thread and one place in the queue were enough for 16 requests at once");
}

/// Proves FABRIC-21.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_64_kib_is_413_in_the_vendor_s_shape() {
    let test = start().await;
    let large = with(&test.good, "more", json!("x".repeat(65_536)));
    let answer = test.send(&large).await;
    assert_error(&answer, 413, "Payload Too Large", "PAYLOAD_TOO_LARGE");
    assert_answer(&answer, 413, answer.text());
    test.assert_untouched().await;
}
