//! The order of the rows, each proved by a request that two of them refuse.

use std::time::Duration;

use http::Method;
use repass_tests::{Answer, FIRST_PASSWORD, Server};
use serde_json::json;

use super::{
    FORBIDDEN, OTHER_SITE, OTHER_USER, USER, assert_answer, assert_bad_request, assert_error,
    assert_expired, assert_not_found, assert_user, open, start, token, with,
};
use crate::house::{House, NEVER_CLOSED, SOON_CLOSED};
use crate::requests::{SITE, Wire};

const EXPIRED: &str = "an expired one";

/// The good request with a token of this kind.
async fn with_token(house: &House, kind: &str) -> Wire {
    let token = match kind {
        EXPIRED => house.desk.reset_token("fabric", USER, Duration::from_nanos(1)).await,
        "unknown" => "x".repeat(43),
        _ => token(house).await,
    };
    with(&house.good, "resetToken", token)
}

async fn deactivate(house: &House) {
    let realm = house.desk.realm("fabric");
    house.desk.administration.set_active(&realm, USER, false).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn row_9_path_and_method_come_before_row_1_the_key() {
    let house = start().await;
    let stranger = house.good.with("x-api-key", None);
    let other_method = Wire { method: Method::POST, ..stranger.clone() };
    let answer = house.send(&other_method).await;
    assert_error(&answer, 405, "Method Not Allowed", "METHOD_NOT_ALLOWED");
    let elsewhere = Wire { path: "/api-commerceIdentity/auth".to_owned(), ..stranger };
    assert_error(&house.send(&elsewhere).await, 404, "Not Found", "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn row_1_the_key_comes_before_row_2_the_context_and_row_3_the_body() {
    let house = start().await;
    let stranger = house.good.with("x-api-key", None);
    for wire in [
        stranger.with("x-site-context", None),
        stranger.with("content-type", Some("text/plain")),
        Wire { body: "{bad".to_owned(), ..stranger.clone() },
        Wire { body: "x".repeat(100_000), ..stranger.clone() },
    ] {
        assert_answer(&house.send(&wire).await, 403, FORBIDDEN);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_2_the_context_comes_before_media_type_and_row_3_the_body() {
    let house = start().await;
    let lost = house.good.with("x-site-context", None);
    for wire in [
        lost.with("content-type", Some("text/plain")),
        Wire { body: "{bad".to_owned(), ..lost.clone() },
        Wire { body: "x".repeat(100_000), ..lost.clone() },
    ] {
        let message = assert_bad_request(&house.send(&wire).await);
        assert!(message.starts_with("x-site-context"), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_3_the_fields_come_before_row_4_account_and_token() {
    let accounts = format!("accounts = {{ \"{SITE}\" = \"fabric\" }}");
    let house = open(Server::builder().options("fabric", &accounts)).await;
    let other = json!({ "account": OTHER_SITE }).to_string();
    let of_other_site = house.good.with("x-site-context", Some(&other));
    assert_bad_request(&house.send(&with(&of_other_site, "newPassword", "")).await);
    let unknown = with_token(&house, "unknown").await;
    assert_bad_request(&house.send(&with(&unknown, "newPassword", "")).await);
    house.assert_untouched().await;
    assert!(house.desk.audit().await.iter().all(|record| record.action != "password.reset"));
}

#[tokio::test(flavor = "multi_thread")]
async fn row_4_whose_the_token_is_comes_before_row_5_its_expiry() {
    let house = start().await;
    house.desk.add("fabric", OTHER_USER).await;
    let expired = house.desk.reset_token("fabric", OTHER_USER, Duration::from_nanos(1)).await;
    assert_not_found(&house.send(&with(&house.good, "resetToken", expired)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn row_4_the_token_comes_before_rows_6_and_7_whether_active_and_the_policy() {
    let house = open(Server::builder().tables(NEVER_CLOSED)).await;
    let unknown = with_token(&house, "unknown").await;
    assert_not_found(&house.send(&with(&unknown, "newPassword", "short")).await);
    deactivate(&house).await;
    assert_not_found(&house.send(&unknown).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn row_5_expiry_comes_before_rows_6_and_7_whether_active_and_the_policy() {
    let house = open(Server::builder().tables(NEVER_CLOSED)).await;
    let expired = with_token(&house, EXPIRED).await;
    assert_expired(&house.send(&with(&expired, "newPassword", "short")).await);
    deactivate(&house).await;
    let expired = with_token(&house, EXPIRED).await;
    assert_expired(&house.send(&expired).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn row_6_whether_active_comes_before_row_7_the_policy() {
    let house = start().await;
    deactivate(&house).await;
    let wire = with_token(&house, "good").await;
    let answer = house.send(&with(&wire, "newPassword", "short")).await;
    assert_error(&answer, 401, "Unauthorized", "USER_INACTIVE");
}

#[tokio::test(flavor = "multi_thread")]
async fn row_10_a_closed_account_comes_after_row_3_the_fields_and_turns_away_wrong_tokens_only() {
    let house = open(Server::builder().tables(SOON_CLOSED)).await;
    let unknown = with_token(&house, "unknown").await;
    assert_not_found(&house.send(&unknown).await);
    let too_many =
        |answer: &Answer| assert_error(answer, 429, "Too Many Requests", "TOO_MANY_REQUESTS");
    too_many(&house.send(&unknown).await);
    assert_bad_request(&house.send_body("{}").await);
    assert_bad_request(&house.send(&house.good.with("x-site-context", None)).await);
    assert_answer(&house.send(&house.good.with("x-api-key", None)).await, 403, FORBIDDEN);
    let short = with(&house.good, "newPassword", "short");
    assert_error(&house.send(&short).await, 400, "Bad Request", "INVALID_PASSWORD");
    assert!(house.is_password(FIRST_PASSWORD).await);
    too_many(&house.send(&unknown).await);
    assert_user(&house.send(&house.good).await, USER);
}
