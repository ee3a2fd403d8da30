//! The order of the checks. Each test sends requests that two of them refuse.

use std::time::Duration;

use http::Method;
use repass_tests::{Answer, FIRST_PASSWORD, Server};
use serde_json::json;

use super::{
    FORBIDDEN, OTHER_SITE, OTHER_USER, USER, assert_answer, assert_bad_request, assert_error,
    assert_expired, assert_not_found, assert_user, open, start, token, with,
};
use crate::requests::{SITE, Wire};
use crate::test_context::{NEVER_LOCKED_OUT, SOON_LOCKED_OUT, TestContext};

const EXPIRED: &str = "an expired one";

/// The good request with a token of this kind.
async fn with_token(test: &TestContext, kind: &str) -> Wire {
    let token = match kind {
        EXPIRED => test.operator.reset_token("fabric", USER, Duration::from_nanos(1)).await,
        "unknown" => "x".repeat(43),
        _ => token(test).await,
    };
    with(&test.good, "resetToken", token)
}

async fn deactivate(test: &TestContext) {
    let realm = test.operator.realm("fabric");
    test.operator.administration.set_active(&realm, USER, false).await.unwrap();
}

/// Proves FABRIC-40.
#[tokio::test(flavor = "multi_thread")]
async fn path_and_method_come_before_the_key() {
    let test = start().await;
    let stranger = test.good.with("x-api-key", None);
    let other_method = Wire { method: Method::POST, ..stranger.clone() };
    let answer = test.send(&other_method).await;
    assert_error(&answer, 405, "Method Not Allowed", "METHOD_NOT_ALLOWED");
    let elsewhere = Wire { path: "/api-commerceIdentity/auth".to_owned(), ..stranger };
    assert_error(&test.send(&elsewhere).await, 404, "Not Found", "NOT_FOUND");
}

/// Proves FABRIC-40.
#[tokio::test(flavor = "multi_thread")]
async fn the_key_comes_before_the_context_and_the_body() {
    let test = start().await;
    let stranger = test.good.with("x-api-key", None);
    for wire in [
        stranger.with("x-site-context", None),
        stranger.with("content-type", Some("text/plain")),
        Wire { body: "{bad".to_owned(), ..stranger.clone() },
        Wire { body: "x".repeat(100_000), ..stranger.clone() },
    ] {
        assert_answer(&test.send(&wire).await, 403, FORBIDDEN);
    }
}

/// Proves FABRIC-19, FABRIC-40.
#[tokio::test(flavor = "multi_thread")]
async fn the_context_comes_before_the_media_type_and_the_body() {
    let test = start().await;
    let lost = test.good.with("x-site-context", None);
    for wire in [
        lost.with("content-type", Some("text/plain")),
        Wire { body: "{bad".to_owned(), ..lost.clone() },
        Wire { body: "x".repeat(100_000), ..lost.clone() },
    ] {
        let message = assert_bad_request(&test.send(&wire).await);
        assert!(message.starts_with("x-site-context"), "{message}");
    }
}

/// Proves FABRIC-40.
#[tokio::test(flavor = "multi_thread")]
async fn the_fields_come_before_the_site_account_and_the_token() {
    let accounts = format!("accounts = {{ \"{SITE}\" = \"fabric\" }}");
    let test = open(Server::builder().options("fabric", &accounts)).await;
    let other = json!({ "account": OTHER_SITE }).to_string();
    let of_other_site = test.good.with("x-site-context", Some(&other));
    assert_bad_request(&test.send(&with(&of_other_site, "newPassword", "")).await);
    let unknown = with_token(&test, "unknown").await;
    assert_bad_request(&test.send(&with(&unknown, "newPassword", "")).await);
    test.assert_untouched().await;
    assert!(test.operator.audit().await.iter().all(|record| record.action != "password.reset"));
}

/// Proves FABRIC-28, FABRIC-40.
#[tokio::test(flavor = "multi_thread")]
async fn the_account_of_the_token_comes_before_its_expiry() {
    let test = start().await;
    test.operator.add("fabric", OTHER_USER).await;
    let expired = test.operator.reset_token("fabric", OTHER_USER, Duration::from_nanos(1)).await;
    assert_not_found(&test.send(&with(&test.good, "resetToken", expired)).await);
}

/// Proves FABRIC-40.
#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_token_comes_before_an_inactive_account_and_the_policy() {
    let test = open(Server::builder().tables(NEVER_LOCKED_OUT)).await;
    let unknown = with_token(&test, "unknown").await;
    assert_not_found(&test.send(&with(&unknown, "newPassword", "short")).await);
    deactivate(&test).await;
    assert_not_found(&test.send(&unknown).await);
}

/// Proves FABRIC-29, FABRIC-40.
#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_comes_before_an_inactive_account_and_the_policy() {
    let test = open(Server::builder().tables(NEVER_LOCKED_OUT)).await;
    let expired = with_token(&test, EXPIRED).await;
    assert_expired(&test.send(&with(&expired, "newPassword", "short")).await);
    deactivate(&test).await;
    let expired = with_token(&test, EXPIRED).await;
    assert_expired(&test.send(&expired).await);
}

/// Proves FABRIC-30, FABRIC-40.
#[tokio::test(flavor = "multi_thread")]
async fn an_inactive_account_comes_before_the_policy() {
    let test = start().await;
    deactivate(&test).await;
    let wire = with_token(&test, "good").await;
    let answer = test.send(&with(&wire, "newPassword", "short")).await;
    assert_error(&answer, 401, "Unauthorized", "USER_INACTIVE");
}

/// Proves FABRIC-27, FABRIC-40.
#[tokio::test(flavor = "multi_thread")]
async fn a_lockout_comes_after_the_fields_and_refuses_wrong_tokens_only() {
    let test = open(Server::builder().tables(SOON_LOCKED_OUT)).await;
    let unknown = with_token(&test, "unknown").await;
    assert_not_found(&test.send(&unknown).await);
    let too_many =
        |answer: &Answer| assert_error(answer, 429, "Too Many Requests", "TOO_MANY_REQUESTS");
    too_many(&test.send(&unknown).await);
    assert_bad_request(&test.send_body("{}").await);
    assert_bad_request(&test.send(&test.good.with("x-site-context", None)).await);
    assert_answer(&test.send(&test.good.with("x-api-key", None)).await, 403, FORBIDDEN);
    let short = with(&test.good, "newPassword", "short");
    assert_error(&test.send(&short).await, 400, "Bad Request", "INVALID_PASSWORD");
    assert!(test.is_password(FIRST_PASSWORD).await);
    too_many(&test.send(&unknown).await);
    assert_user(&test.send(&test.good).await, USER);
}
