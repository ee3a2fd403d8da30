//! Row 10: closed accounts and the server's own troubles, provoked for real.

use repass_tests::{FIRST_PASSWORD, Server};
use serde_json::json;

use super::{
    TEN_MINUTES, USER, assert_answer, assert_error, assert_expired, assert_not_found, assert_user,
    is_unspent, open, start, token, token_of, with,
};
use crate::house::{CRAMPED, NEW, SOON_CLOSED, assert_closed};
use crate::requests::{GUID, SITE, change, good_request};

#[tokio::test(flavor = "multi_thread")]
async fn row_10_nist_3_2_2_after_too_many_failures_the_answer_is_429_known_account_or_not() {
    let house = open(Server::builder().tables(SOON_CLOSED)).await;
    let unknown = with(&house.good, "userId", "nobody");
    let mut messages = Vec::new();
    for wire in [with(&house.good, "resetToken", "x".repeat(43)), unknown] {
        assert_not_found(&house.send(&wire).await);
        let answer = house.send(&wire).await;
        assert_closed(&answer);
        let message = assert_error(&answer, 429, "Too Many Requests", "TOO_MANY_REQUESTS");
        messages.push(message);
    }
    assert_eq!(messages[0], messages[1]);
    assert!(is_unspent(&house, &token_of(&house.good)).await);
    assert!(house.is_password(FIRST_PASSWORD).await);

    let wrong = with(&house.good, "resetToken", "y".repeat(43));
    assert_closed(&house.send(&wrong).await);
    house.desk.administration.unlock(&house.desk.realm("fabric"), USER).await.unwrap();
    assert_not_found(&house.send(&wrong).await);
    assert_closed(&house.send(&wrong).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn nist_3_2_2_who_sends_wrong_tokens_cannot_keep_the_holder_of_the_right_one_from_it() {
    let house = open(Server::builder().tables(SOON_CLOSED)).await;
    let wrong = with(&house.good, "resetToken", "x".repeat(43));
    assert_not_found(&house.send(&wrong).await);
    for _ in 0..5 {
        assert_closed(&house.send(&wrong).await);
    }
    assert_user(&house.send(&house.good).await, USER);
    assert_eq!(house.failures().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nist_3_2_2_who_guesses_passwords_cannot_keep_the_holder_from_a_reset() {
    // The accounts of customer are a site account of fabric, too.
    let accounts = format!("accounts = {{ \"{SITE}\" = \"customer\" }}");
    let server = Server::builder().tables(SOON_CLOSED).options("fabric", &accounts).start().await;
    let (desk, client) = (server.desk().await, server.client());
    let fabric = good_request(&desk, "fabric", NEW).await;
    good_request(&desk, "customer", NEW).await;
    assert_eq!(change(&client, GUID, "a wrong guess", NEW).await.status, 200);
    assert_closed(&change(&client, GUID, FIRST_PASSWORD, NEW).await);

    let token = desk.reset_token("customer", GUID, TEN_MINUTES).await;
    let reset = with(&with(&fabric, "resetToken", token), "userId", GUID);
    assert_user(&reset.send(&client).await, GUID);
    assert!(desk.is_password("customer", GUID, NEW).await);
    // The reset opens the account again.
    let answer = change(&client, GUID, NEW, "the third of my passwords").await;
    assert_eq!(answer.json()["Success"], true, "{}", answer.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn row_10_a_fault_is_500_and_costs_nothing() {
    let house = start().await;
    for table in ["keys", "attempts", "reset_tokens", "password_history", "events", "audit"] {
        let answer = house.without_table(table, house.send(&house.good)).await;
        assert_eq!(answer.status, 500, "{table}: {}", answer.text());
        let message = assert_error(&answer, 500, "Internal Server Error", "INTERNAL_SERVER_ERROR");
        assert!(!message.contains(table), "{message}");
        house.assert_untouched().await;
    }
    assert_user(&house.send(&house.good).await, USER);
}

#[tokio::test(flavor = "multi_thread")]
async fn row_10_without_room_to_hash_the_answer_is_503_and_exactly_one_reset_wins() {
    let house = open(Server::builder().tables(CRAMPED)).await;
    for n in 0..5 {
        let token = token(&house).await;
        let new = format!("the wish of number {n}, no less");
        let wire = with(&with(&house.good, "resetToken", token.as_str()), "newPassword", &*new);
        let answers = house.flood(&wire, 16).await;
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
        assert!(house.is_password(&new).await);
        if busy > 0 {
            return;
        }
    }
    panic!("one thread and one place in the queue were enough for 16 requests at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_64_kib_is_413_in_the_vendor_s_shape() {
    let house = start().await;
    let large = with(&house.good, "more", json!("x".repeat(65_536)));
    let answer = house.send(&large).await;
    assert_error(&answer, 413, "Payload Too Large", "PAYLOAD_TOO_LARGE");
    assert_answer(&answer, 413, answer.text());
    house.assert_untouched().await;
}
