//! The order of the checks. Each test sends requests that two of them refuse.

use http::Method;
use repass_tests::{FIRST_PASSWORD, Server};

use super::{
    FORBIDDEN, TYPE, UNAUTHORIZED, assert_failed, assert_message, by, open, passwords, start, with,
    without,
};
use crate::requests::Wire;
use crate::test_context::{NEW, SOON_LOCKED_OUT, assert_bytes};

/// Proves ZAP-31.
#[tokio::test(flavor = "multi_thread")]
async fn path_and_method_come_before_the_token() {
    let test = start().await;
    let stranger = test.good.with("authorization", None);
    let other_method = Wire { method: Method::GET, ..stranger.clone() };
    assert_failed(&test.send(&other_method).await, 405);
    let elsewhere = Wire { path: "/v1/changePasswords".to_owned(), ..stranger };
    assert_failed(&test.send(&elsewhere).await, 404);
}

/// Proves ZAP-31.
#[tokio::test(flavor = "multi_thread")]
async fn the_token_comes_before_content_type_and_body() {
    let test = start().await;
    let stranger = test.good.with("authorization", None);
    for wire in [
        stranger.with("content-type", Some("text/plain")),
        Wire { body: "{bad".to_owned(), ..stranger.clone() },
        Wire { body: "x".repeat(100_000), ..stranger.clone() },
    ] {
        assert_bytes(&test.send(&wire).await, 401, TYPE, UNAUTHORIZED);
    }
}

/// Proves ZAP-31.
#[tokio::test(flavor = "multi_thread")]
async fn the_fields_come_before_the_authority_over_the_account() {
    let test = start().await;
    let nosy = by(&test, "nosy", &[]).await;
    for wire in [
        without(&nosy, "newPassword"),
        with(&nosy, "email", "pat"),
        nosy.with("content-type", Some("text/plain")),
        Wire { body: "{bad".to_owned(), ..nosy.clone() },
    ] {
        assert_failed(&test.send(&wire).await, 400);
    }
}

/// Proves ZAP-31.
#[tokio::test(flavor = "multi_thread")]
async fn the_authority_comes_before_the_account_is_looked_at() {
    let test = start().await;
    let nosy = by(&test, "nosy", &[]).await;
    for wire in [
        passwords(&nosy, "a wrong guess", NEW),
        passwords(&nosy, FIRST_PASSWORD, "short"),
        with(&nosy, "secureOTP", "x"),
        with(&nosy, "email", "nosy@example.org"),
    ] {
        assert_bytes(&test.send(&wire).await, 403, TYPE, FORBIDDEN);
    }
    test.assert_untouched().await;
}

/// Proves ZAP-31.
#[tokio::test(flavor = "multi_thread")]
async fn asvs_6_3_8_the_old_password_comes_before_the_policy() {
    let test = start().await;
    let realm = test.operator.realm("zap");
    let text = assert_failed(&test.send(&passwords(&test.good, "a wrong guess", NEW)).await, 400);
    for new in ["short", "password", "a wrong guess"] {
        test.operator.administration.unlock(&realm, test.user_id).await.unwrap();
        let answer = test.send(&passwords(&test.good, "a wrong guess", new)).await;
        assert_message(&answer, 400, &text);
    }
}

/// Proves ZAP-31.
#[tokio::test(flavor = "multi_thread")]
async fn the_one_time_password_comes_before_the_policy() {
    let test = start().await;
    let wire = with(&passwords(&test.good, FIRST_PASSWORD, "short"), "secureOTP", "x");
    assert_failed(&test.send(&wire).await, 400);
    assert_eq!(test.last_attempt().await.outcome, "wrong-otp");
}

/// Proves ZAP-31.
#[tokio::test(flavor = "multi_thread")]
async fn a_lockout_comes_after_caller_and_fields_and_before_password_and_policy() {
    let test = open(Server::builder().tables(SOON_LOCKED_OUT)).await;
    let nosy = by(&test, "nosy", &[]).await;
    assert_failed(&test.send(&passwords(&test.good, "a wrong guess", NEW)).await, 400);
    for (old, new) in [("a wrong guess", NEW), (FIRST_PASSWORD, "short")] {
        assert_failed(&test.send(&passwords(&test.good, old, new)).await, 429);
    }
    assert_failed(&test.send_body("{}").await, 400);
    assert_bytes(&test.send(&nosy).await, 403, TYPE, FORBIDDEN);
    let stranger = test.good.with("authorization", None);
    assert_bytes(&test.send(&stranger).await, 401, TYPE, UNAUTHORIZED);
}
