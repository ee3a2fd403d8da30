//! The order of the checks. Each test sends requests that two of them refuse.

use http::Method;
use repass_tests::{FIRST_PASSWORD, Server};
use serde_json::json;

use super::{account_info, assert_failed, open, passwords, start};
use crate::requests::Wire;
use crate::test_context::{NEW, SOON_LOCKED_OUT};

/// Proves ECOM-33.
#[tokio::test(flavor = "multi_thread")]
async fn the_key_comes_before_the_media_type_and_the_body() {
    let test = start().await;
    let no_key = test.good.with("authorization", None);
    for wire in [
        no_key.with("content-type", Some("text/plain")),
        Wire { body: "{bad".to_owned(), ..no_key.clone() },
        Wire { body: "x".repeat(100_000), ..no_key.clone() },
    ] {
        assert_failed(&test.send(&wire).await, 401);
    }
    let other_method = Wire { method: Method::GET, ..no_key };
    assert_failed(&test.send(&other_method).await, 405);
}

/// Proves ECOM-33.
#[tokio::test(flavor = "multi_thread")]
async fn the_media_type_comes_before_the_body() {
    let test = start().await;
    let plain = test.good.with("content-type", Some("text/plain"));
    for body in ["{bad".to_owned(), "x".repeat(100_000)] {
        assert_failed(&test.send(&Wire { body, ..plain.clone() }).await, 415);
    }
}

/// Proves ECOM-33.
#[tokio::test(flavor = "multi_thread")]
async fn the_fields_come_before_the_account() {
    let test = start().await;
    let wrong = passwords(&test.good, "a wrong guess", NEW);
    for spoil in [json!("another"), json!(null), json!("")] {
        let wire = account_info(&wrong, |info| info["confirmPassword"] = spoil);
        assert_failed(&test.send(&wire).await, 400);
    }
    test.assert_untouched().await;
}

/// Proves ECOM-33.
#[tokio::test(flavor = "multi_thread")]
async fn asvs_6_3_8_the_old_password_comes_before_the_policy() {
    let test = start().await;
    let realm = test.operator.realm("ecom");
    let text = assert_failed(&test.send(&passwords(&test.good, "a wrong guess", NEW)).await, 403);
    for new in ["short", "password", "a wrong guess", "mine is ram123 and no other"] {
        test.operator.administration.unlock(&realm, test.user_id).await.unwrap();
        let answer = test.send(&passwords(&test.good, "a wrong guess", new)).await;
        assert_eq!(assert_failed(&answer, 403), text, "{new}");
    }
}

/// Proves ECOM-33.
#[tokio::test(flavor = "multi_thread")]
async fn a_lockout_comes_after_key_and_fields_and_before_password_and_policy() {
    let test = open(Server::builder().tables(SOON_LOCKED_OUT)).await;
    assert_failed(&test.send(&passwords(&test.good, "a wrong guess", NEW)).await, 403);
    for (old, new) in [("a wrong guess", NEW), (FIRST_PASSWORD, "short")] {
        assert_failed(&test.send(&passwords(&test.good, old, new)).await, 429);
    }
    assert_failed(&test.send_body("{}").await, 400);
    assert_failed(&test.send(&test.good.with("authorization", None)).await, 401);
}
