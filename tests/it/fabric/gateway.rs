//! Refusals before the body is read.

use http::Method;
use repass_core::KeyKind;

use super::{FORBIDDEN, USER, assert_answer, assert_error, assert_user, start};
use crate::requests::Wire;
use crate::test_context::NEW;

/// Proves FABRIC-2, FABRIC-18.
#[tokio::test(flavor = "multi_thread")]
async fn a_missing_or_invalid_key_is_the_403_of_the_gateway() {
    let test = start().await;
    let mut wires = vec![
        ("missing", test.good.with("x-api-key", None)),
        ("empty", test.good.with("x-api-key", Some(""))),
        ("blank", test.good.with("x-api-key", Some("  "))),
    ];
    for (why, key) in test.bad_keys(KeyKind::Api).await {
        wires.push((why, test.good.with("x-api-key", Some(&key))));
    }
    let key = test.good_header("x-api-key").to_owned();
    let bearer = format!("Bearer {key}");
    let elsewhere = test.good.with("x-api-key", None).with("authorization", Some(&bearer));
    wires.push(("in another header", elsewhere));
    let mut doubled = test.good.clone();
    doubled.headers.push(("x-api-key".to_owned(), key));
    wires.push(("doubled", doubled));
    for (why, wire) in wires {
        let answer = test.send(&wire).await;
        assert_eq!(answer.status, 403, "{why}");
        assert_answer(&answer, 403, FORBIDDEN);
    }
    test.assert_untouched().await;
    assert_user(&test.send(&test.good).await, USER);
}

/// Proves FABRIC-1, FABRIC-17.
#[tokio::test(flavor = "multi_thread")]
async fn other_methods_are_405_with_allow() {
    let test = start().await;
    for method in ["GET", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "FOO"] {
        let answer = test.send_as(Method::from_bytes(method.as_bytes()).unwrap()).await;
        assert_error(&answer, 405, "Method Not Allowed", "METHOD_NOT_ALLOWED");
        assert_eq!(answer.header("allow"), "PATCH");
    }
    let head = test.send_as(Method::HEAD).await;
    assert_eq!((head.status.as_u16(), head.text()), (405, ""));
    assert_eq!(head.header("allow"), "PATCH");
    test.assert_untouched().await;
}

/// Proves FABRIC-6, FABRIC-23.
#[tokio::test(flavor = "multi_thread")]
async fn other_media_types_are_415() {
    let test = start().await;
    for content_type in [
        None,
        Some(""),
        Some("text/plain"),
        Some("text/json"),
        Some("application/jsonp"),
        Some("application/merge-patch+json"),
        Some("application/x-www-form-urlencoded"),
    ] {
        let answer = test.send(&test.good.with("content-type", content_type)).await;
        assert_error(&answer, 415, "Unsupported Media Type", "UNSUPPORTED_MEDIA_TYPE");
    }
    test.assert_untouched().await;
    let capitals = test.good.with("content-type", Some("Application/JSON; charset=utf-8"));
    assert_user(&test.send(&capitals).await, USER);
    assert!(test.is_password(NEW).await);
}

/// Proves FABRIC-20.
#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_body_is_415() {
    let test = start().await;
    let answer = test.send(&test.good.with("content-encoding", Some("gzip"))).await;
    assert_error(&answer, 415, "Unsupported Media Type", "UNSUPPORTED_MEDIA_TYPE");
    assert_eq!(answer.header("accept-encoding"), "identity");
    test.assert_untouched().await;
}

/// Proves FABRIC-1, FABRIC-16.
#[tokio::test(flavor = "multi_thread")]
async fn the_path_is_exact_but_for_a_slash_behind_and_others_are_404() {
    let test = start().await;
    for path in [
        "/",
        "/api-commerceIdentity/auth",
        "/api-commerceidentity/auth/change-password",
        "/api-commerceIdentity/auth/change-password//",
        "/api-commerceIdentity/auth/change-password/5",
    ] {
        let answer = test.send_to(path).await;
        assert_error(&answer, 404, "Not Found", "NOT_FOUND");
    }
    test.assert_untouched().await;
    let slash = Wire { path: format!("{}/", test.good.path), ..test.good.clone() };
    assert_user(&test.send(&slash).await, USER);
}
