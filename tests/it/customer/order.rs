//! The order of the checks. Each test sends requests that two of them refuse.

use http::Method;
use repass_tests::{FIRST_PASSWORD, Server};

use super::{DENIED, assert_error, assert_json, assert_rejected, assert_wrong, open, start};
use crate::requests::{GUID, Wire, customer_body};
use crate::test_context::{NEW, SOON_LOCKED_OUT};

/// Proves CUSTOMER-39.
#[tokio::test(flavor = "multi_thread")]
async fn path_and_method_come_before_the_caller_and_the_body() {
    let test = open(Server::builder().options("customer", "authentication = 'api-key'")).await;
    let stranger = Wire { body: "{bad".to_owned(), ..test.good.clone() };
    let elsewhere = Wire { path: "/api/Customer/Other".to_owned(), ..stranger.clone() };
    assert_error(&test.send(&elsewhere).await, 404);
    let other_method = Wire { method: Method::PUT, ..stranger };
    assert_error(&test.send(&other_method).await, 405);
}

/// Proves CUSTOMER-39.
#[tokio::test(flavor = "multi_thread")]
async fn the_caller_comes_before_media_type_and_body() {
    for authentication in ["api-key", "bearer"] {
        let setting = format!("authentication = '{authentication}'");
        let test = open(Server::builder().options("customer", &setting)).await;
        for wire in [
            test.good.with("content-type", Some("text/plain")),
            Wire { body: "{bad".to_owned(), ..test.good.clone() },
            Wire { body: "x".repeat(100_000), ..test.good.clone() },
        ] {
            assert_json(&test.send(&wire).await, 401, DENIED);
        }
    }
}

/// Proves CUSTOMER-39.
#[tokio::test(flavor = "multi_thread")]
async fn the_media_type_comes_before_the_body_and_the_body_before_the_account() {
    let test = start().await;
    let plain = test.good.with("content-type", Some("text/plain"));
    let bad = Wire { body: "{bad".to_owned(), ..plain };
    assert_error(&test.send(&bad).await, 415);
    let wrong = test.good.replace(FIRST_PASSWORD, "a wrong guess");
    let answer = test.send(&wrong.replace("\"a wrong guess\"", "5")).await;
    assert_eq!(answer.status, 400);
    test.assert_untouched().await;
}

/// Proves CUSTOMER-39.
#[tokio::test(flavor = "multi_thread")]
async fn the_old_password_comes_before_the_policy() {
    let test = start().await;
    let wish =
        |old: &str, new: &str| Wire { body: customer_body(GUID, old, new), ..test.good.clone() };
    assert_wrong(&test.send(&wish("a wrong guess", "short")).await);
    assert_rejected(&test.send(&wish(FIRST_PASSWORD, "short")).await);
}

/// Proves CUSTOMER-34, CUSTOMER-39.
#[tokio::test(flavor = "multi_thread")]
async fn a_lockout_comes_after_the_body_and_before_old_password_and_policy() {
    let test = open(Server::builder().tables(SOON_LOCKED_OUT)).await;
    let wish =
        |old: &str, new: &str| Wire { body: customer_body(GUID, old, new), ..test.good.clone() };
    assert_wrong(&test.send(&wish("a wrong guess", NEW)).await);
    for (old, new) in [("a wrong guess", NEW), (FIRST_PASSWORD, NEW), (FIRST_PASSWORD, "short")] {
        assert_error(&test.send(&wish(old, new)).await, 429);
    }
    assert_eq!(test.send_body("{bad").await.status, 400);
    assert!(test.is_password(FIRST_PASSWORD).await);
    assert_eq!(test.failures().await, 1, "no attempt counts during a lockout");
}
