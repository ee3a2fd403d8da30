//! Row 1, and row 9: what is turned away before anything is read.

use http::Method;
use repass_core::KeyKind;

use super::{FORBIDDEN, USER, assert_answer, assert_error, assert_user, start};
use crate::house::NEW;
use crate::requests::Wire;

#[tokio::test(flavor = "multi_thread")]
async fn row_1_without_a_key_that_counts_the_answer_is_the_gateway_s_403() {
    let house = start().await;
    let mut wires = vec![
        ("missing", house.good.with("x-api-key", None)),
        ("empty", house.good.with("x-api-key", Some(""))),
        ("blank", house.good.with("x-api-key", Some("  "))),
    ];
    for (why, key) in house.bad_keys(KeyKind::Api).await {
        wires.push((why, house.good.with("x-api-key", Some(&key))));
    }
    let key = house.good_header("x-api-key").to_owned();
    let bearer = format!("Bearer {key}");
    let elsewhere = house.good.with("x-api-key", None).with("authorization", Some(&bearer));
    wires.push(("in another header", elsewhere));
    let mut doubled = house.good.clone();
    doubled.headers.push(("x-api-key".to_owned(), key));
    wires.push(("doubled", doubled));
    for (why, wire) in wires {
        let answer = house.send(&wire).await;
        assert_eq!(answer.status, 403, "{why}");
        assert_answer(&answer, 403, FORBIDDEN);
    }
    house.assert_untouched().await;
    assert_user(&house.send(&house.good).await, USER);
}

#[tokio::test(flavor = "multi_thread")]
async fn row_9_other_methods_are_405_with_allow() {
    let house = start().await;
    for method in ["GET", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "FOO"] {
        let answer = house.send_as(Method::from_bytes(method.as_bytes()).unwrap()).await;
        assert_error(&answer, 405, "Method Not Allowed", "METHOD_NOT_ALLOWED");
        assert_eq!(answer.header("allow"), "PATCH");
    }
    let head = house.send_as(Method::HEAD).await;
    assert_eq!((head.status.as_u16(), head.text()), (405, ""));
    assert_eq!(head.header("allow"), "PATCH");
    house.assert_untouched().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn row_9_other_media_types_are_415() {
    let house = start().await;
    for content_type in [
        None,
        Some(""),
        Some("text/plain"),
        Some("text/json"),
        Some("application/jsonp"),
        Some("application/merge-patch+json"),
        Some("application/x-www-form-urlencoded"),
    ] {
        let answer = house.send(&house.good.with("content-type", content_type)).await;
        assert_error(&answer, 415, "Unsupported Media Type", "UNSUPPORTED_MEDIA_TYPE");
    }
    house.assert_untouched().await;
    let capitals = house.good.with("content-type", Some("Application/JSON; charset=utf-8"));
    assert_user(&house.send(&capitals).await, USER);
    assert!(house.is_password(NEW).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_path_is_exact_but_for_a_slash_behind_and_others_are_404() {
    let house = start().await;
    for path in [
        "/",
        "/api-commerceIdentity/auth",
        "/api-commerceidentity/auth/change-password",
        "/api-commerceIdentity/auth/change-password//",
        "/api-commerceIdentity/auth/change-password/5",
    ] {
        let answer = house.send_to(path).await;
        assert_error(&answer, 404, "Not Found", "NOT_FOUND");
    }
    house.assert_untouched().await;
    let slash = Wire { path: format!("{}/", house.good.path), ..house.good.clone() };
    assert_user(&house.send(&slash).await, USER);
}
