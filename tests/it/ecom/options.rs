//! `errors_as_ok`, and the mount's prefix.

use http::Method;
use repass_tests::{FIRST_PASSWORD, Server};
use serde_json::json;

use super::{account_info, assert_changed, assert_failed, open, passwords};
use crate::requests::Wire;
use crate::test_context::{NEVER_LOCKED_OUT, NEW, SOON_LOCKED_OUT, TestContext, assert_locked_out};

/// The failures that `errors_as_ok` changes, each with its default status.
fn affected(test: &TestContext) -> [(Wire, u16); 5] {
    let unknown = test.good.edit(|body| {
        body["conversationRequest"]["userInfo"]["uid"] = json!("nobody");
    });
    let differs = account_info(&test.good, |info| info["confirmPassword"] = json!("another"));
    [
        (passwords(&test.good, FIRST_PASSWORD, "password"), 400),
        (passwords(&test.good, FIRST_PASSWORD, FIRST_PASSWORD), 400),
        (passwords(&test.good, "a wrong guess", NEW), 403),
        (unknown, 403),
        (differs, 400),
    ]
}

/// Proves ECOM-39.
#[tokio::test(flavor = "multi_thread")]
async fn errors_as_ok_answers_three_failures_by_200_with_the_same_text() {
    let builder = Server::builder().tables(NEVER_LOCKED_OUT);
    let usual = open(builder).await;
    let builder = Server::builder().tables(NEVER_LOCKED_OUT).options("ecom", "errors_as_ok = true");
    let as_ok = open(builder).await;
    for ((one, status), (two, _)) in affected(&usual).into_iter().zip(affected(&as_ok)) {
        let text = assert_failed(&usual.send(&one).await, status);
        assert_eq!(assert_failed(&as_ok.send(&two).await, 200), text);
    }
    assert!(as_ok.is_password(FIRST_PASSWORD).await, "none of it is a success");
    assert_changed(&as_ok.send(&as_ok.good).await);
    assert!(as_ok.is_password(NEW).await);
}

/// Proves ECOM-39.
#[tokio::test(flavor = "multi_thread")]
async fn errors_as_ok_leaves_all_other_failures_as_they_are() {
    let builder = Server::builder().tables(SOON_LOCKED_OUT).options("ecom", "errors_as_ok = true");
    let test = open(builder).await;
    assert_failed(&test.send_body("{bad").await, 400);
    assert_failed(&test.send_body("{}").await, 400);
    assert_failed(&test.send_body(&"x".repeat(65_537)).await, 413);
    assert_failed(&test.send(&test.good.with("authorization", None)).await, 401);
    assert_failed(&test.send(&test.good.with("content-type", None)).await, 415);
    assert_failed(&test.send_as(Method::GET).await, 405);
    assert_failed(&test.send_to("/api").await, 404);
    let broken = test.without_table("password_history", test.send(&test.good)).await;
    assert_failed(&broken, 500);
    assert_failed(&test.send(&passwords(&test.good, "a wrong guess", NEW)).await, 200);
    let answer = test.send(&test.good).await;
    assert_locked_out(&answer);
    assert_failed(&answer, 429);
}

/// Proves ECOM-1.
#[tokio::test(flavor = "multi_thread")]
async fn with_a_prefix_the_api_is_served_below_it_only() {
    let test = open(Server::builder().api("ecom", "prefix = '/shop'")).await;
    assert_failed(&test.send(&test.good).await, 404);
    test.assert_untouched().await;
    assert_changed(&test.send_to(&format!("/shop{}", test.good.path)).await);
    assert!(test.is_password(NEW).await);
}
