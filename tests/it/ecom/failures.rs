//! The failures.

use http::Method;
use repass_core::KeyKind;
use repass_tests::{FIRST_PASSWORD, Server};
use serde_json::json;

use super::{assert_changed, assert_failed, open, passwords, start, violations};
use crate::test_context::{NEVER_LOCKED_OUT, NEW, SOON_LOCKED_OUT, assert_locked_out};

/// Proves ECOM-6, ECOM-24.
#[tokio::test(flavor = "multi_thread")]
async fn malformed_json_is_400() {
    let test = start().await;
    for body in ["", " ", "{", "{bad", "[]", "null", "5", "\"text\"", "{}{}", "{\"uuid\":\"a\",}"] {
        assert_failed(&test.send_body(body).await, 400);
    }
    let composite = test.good.edit(|body| body["queryInfo"]["parameters"] = json!("text"));
    assert_failed(&test.send(&composite).await, 400);
    test.assert_untouched().await;
}

/// Proves ECOM-29, ECOM-34.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_by_the_policy_is_400_with_every_broken_rule_and_counts_no_failure() {
    let test = start().await;
    let too_long = "x".repeat(257);
    for new in ["short", "password", &too_long] {
        let text =
            assert_failed(&test.send(&passwords(&test.good, FIRST_PASSWORD, new)).await, 400);
        let broken = violations(new);
        assert!(!broken.is_empty());
        for violation in broken {
            assert!(text.contains(&violation.to_string()), "{new}: {text}");
        }
        test.assert_untouched().await;
    }
    let own_words = passwords(&test.good, FIRST_PASSWORD, "my RAM123, 4 Example");
    let text = assert_failed(&test.send(&own_words).await, 400);
    assert!(text.contains("the user ID") && text.contains("e-mail address"), "{text}");
    test.assert_untouched().await;
    assert_changed(&test.send(&test.good).await);
}

/// Proves ECOM-2, ECOM-19.
#[tokio::test(flavor = "multi_thread")]
async fn a_missing_or_invalid_service_key_is_401() {
    let test = start().await;
    let good = test.good_header("authorization").to_owned();
    let mut headers = vec![
        ("missing", None),
        ("empty", Some(String::new())),
        ("only a scheme", Some("Bearer".to_owned())),
        ("another scheme", Some(good.replace("Bearer", "Basic"))),
        ("no scheme", Some(good.replace("Bearer ", ""))),
        ("two keys", Some(format!("{good} {}", &good[7..]))),
    ];
    for (why, key) in test.bad_keys(KeyKind::Service).await {
        headers.push((why, Some(format!("Bearer {key}"))));
    }
    for (why, value) in headers {
        let answer = test.send(&test.good.with("authorization", value.as_deref())).await;
        assert_eq!(answer.status, 401, "{why}");
        assert_failed(&answer, 401);
        assert_eq!(answer.header("www-authenticate"), "Bearer", "{why}");
    }
    let mut doubled = test.good.clone();
    doubled.headers.push(("authorization".to_owned(), good.clone()));
    assert_failed(&test.send(&doubled).await, 401);
    test.assert_untouched().await;
    let other_case = test.good.with("authorization", Some(&good.replace("Bearer", "bEARER")));
    assert_changed(&test.send(&other_case).await);
}

/// Proves ECOM-9, ECOM-28.
#[tokio::test(flavor = "multi_thread")]
async fn asvs_6_3_8_wrong_password_unknown_and_inactive_account_are_one_403() {
    let test = start().await;
    let realm = test.operator.realm("ecom");
    test.operator.add("ecom", "inactive").await;
    test.operator.administration.set_active(&realm, "inactive", false).await.unwrap();
    let wrong = passwords(&test.good, "a wrong guess", NEW);
    let text = assert_failed(&test.send(&wrong).await, 403);
    assert_eq!((test.failures().await, test.is_password(FIRST_PASSWORD).await), (1, true));
    let long = "x".repeat(5000);
    for (user_id, old) in [
        ("nobody", FIRST_PASSWORD),
        ("inactive", FIRST_PASSWORD),
        ("RAM123@gmail.com", FIRST_PASSWORD),
        ("\u{0}", FIRST_PASSWORD),
        (&long, FIRST_PASSWORD),
        (test.user_id, &long),
    ] {
        let wire = passwords(&test.good, old, NEW);
        let wire =
            wire.edit(|body| body["conversationRequest"]["userInfo"]["uid"] = json!(user_id));
        assert_eq!(assert_failed(&test.send(&wire).await, 403), text);
    }
    assert!(test.operator.is_password("ecom", "inactive", FIRST_PASSWORD).await);
}

/// Proves ECOM-18.
#[tokio::test(flavor = "multi_thread")]
async fn other_methods_are_405_and_post_is_allowed() {
    let test = start().await;
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
        let answer = test.send_as(method).await;
        assert_failed(&answer, 405);
        assert_eq!(answer.header("allow"), "POST");
    }
    let answer = test.send_as(Method::HEAD).await;
    assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "POST"));
    assert!(answer.body.is_empty());
    test.assert_untouched().await;
}

/// Proves ECOM-3, ECOM-20.
#[tokio::test(flavor = "multi_thread")]
async fn other_media_types_are_415() {
    let test = start().await;
    for media_type in [
        None,
        Some("text/plain"),
        Some("text/json"),
        Some("application/xml"),
        Some("application/x-www-form-urlencoded"),
        Some("application/jsonp"),
        Some("json"),
    ] {
        assert_failed(&test.send(&test.good.with("content-type", media_type)).await, 415);
    }
    let mut doubled = test.good.clone();
    doubled.headers.push(("content-type".to_owned(), "application/json".to_owned()));
    assert_failed(&test.send(&doubled).await, 415);
    test.assert_untouched().await;
    let charset = test.good.with("content-type", Some("Application/JSON; charset=utf-8"));
    assert_changed(&test.send(&charset).await);
}

/// Proves ECOM-27, ECOM-34, ECOM-35.
#[tokio::test(flavor = "multi_thread")]
async fn nist_3_2_2_a_lockout_is_429_for_the_right_password_too() {
    let test = open(Server::builder().tables(SOON_LOCKED_OUT)).await;
    let wrong = passwords(&test.good, "a wrong guess", NEW);
    assert_failed(&test.send(&wrong).await, 403);
    for wire in [&wrong, &test.good] {
        let answer = test.send(wire).await;
        assert_locked_out(&answer);
        assert_failed(&answer, 429);
    }
    assert!(test.is_password(FIRST_PASSWORD).await);
    assert_eq!(test.failures().await, 1, "no attempt counts during a lockout");
    let german = test.good.edit(|body| body["languageCode"] = json!("de"));
    assert_ne!(
        assert_failed(&test.send(&german).await, 429),
        assert_failed(&test.send(&wrong).await, 429)
    );
    let realm = test.operator.realm("ecom");
    test.operator.administration.unlock(&realm, test.user_id).await.unwrap();
    assert_changed(&test.send(&test.good).await);
}

/// Proves ECOM-5, ECOM-22.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_64_kib_is_413() {
    let test = start().await;
    let large = format!("{}{}", test.good.body, " ".repeat(65_537 - test.good.body.len()));
    assert_failed(&test.send_body(&large).await, 413);
    assert_changed(&test.send_body(&large[..65_536]).await);
}

/// Proves ECOM-1, ECOM-17.
#[tokio::test(flavor = "multi_thread")]
async fn the_vendors_misspelt_path_is_the_only_one() {
    let test = open(Server::builder().tables(NEVER_LOCKED_OUT)).await;
    let path = test.good.path.clone();
    assert!(path.ends_with("/updateUserChangePasswrod"));
    for other in [
        path.replace("Passwrod", "Password"),
        path.to_lowercase(),
        path.replace("/v1", "/v2"),
        format!("{path}/x"),
        "/".to_owned(),
    ] {
        assert_failed(&test.send_to(&other).await, 404);
    }
    test.assert_untouched().await;
    assert_changed(&test.send(&test.good).await);
}
