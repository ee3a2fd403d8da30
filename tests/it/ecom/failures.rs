//! The table of failures.

use http::Method;
use repass_core::KeyKind;
use repass_tests::{FIRST_PASSWORD, Server};
use serde_json::json;

use super::{assert_changed, assert_failed, open, passwords, start, violations};
use crate::house::{NEVER_CLOSED, NEW, SOON_CLOSED, assert_closed};

#[tokio::test(flavor = "multi_thread")]
async fn malformed_json_is_400() {
    let house = start().await;
    for body in ["", " ", "{", "{bad", "[]", "null", "5", "\"text\"", "{}{}", "{\"uuid\":\"a\",}"] {
        assert_failed(&house.send_body(body).await, 400);
    }
    let composite = house.good.edit(|body| body["queryInfo"]["parameters"] = json!("text"));
    assert_failed(&house.send(&composite).await, 400);
    house.assert_untouched().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_by_the_policy_is_400_with_every_broken_rule_and_costs_nothing() {
    let house = start().await;
    let too_long = "x".repeat(257);
    for new in ["short", "password", &too_long] {
        let text =
            assert_failed(&house.send(&passwords(&house.good, FIRST_PASSWORD, new)).await, 400);
        let broken = violations(new);
        assert!(!broken.is_empty());
        for violation in broken {
            assert!(text.contains(&violation.to_string()), "{new}: {text}");
        }
        house.assert_untouched().await;
    }
    let own_words = passwords(&house.good, FIRST_PASSWORD, "mine is RAM123, for Example");
    let text = assert_failed(&house.send(&own_words).await, 400);
    assert!(text.contains("the user ID") && text.contains("e-mail address"), "{text}");
    house.assert_untouched().await;
    assert_changed(&house.send(&house.good).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_service_key_that_counts_the_answer_is_401() {
    let house = start().await;
    let good = house.good_header("authorization").to_owned();
    let mut headers = vec![
        ("missing", None),
        ("empty", Some(String::new())),
        ("only a scheme", Some("Bearer".to_owned())),
        ("another scheme", Some(good.replace("Bearer", "Basic"))),
        ("no scheme", Some(good.replace("Bearer ", ""))),
        ("two keys", Some(format!("{good} {}", &good[7..]))),
    ];
    for (why, key) in house.bad_keys(KeyKind::Service).await {
        headers.push((why, Some(format!("Bearer {key}"))));
    }
    for (why, value) in headers {
        let answer = house.send(&house.good.with("authorization", value.as_deref())).await;
        assert_eq!(answer.status, 401, "{why}");
        assert_failed(&answer, 401);
        assert_eq!(answer.header("www-authenticate"), "Bearer", "{why}");
    }
    house.assert_untouched().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn asvs_6_3_8_wrong_password_unknown_and_inactive_account_are_one_403() {
    let house = start().await;
    let realm = house.desk.realm("ecom");
    house.desk.add("ecom", "inactive").await;
    house.desk.administration.set_active(&realm, "inactive", false).await.unwrap();
    let wrong = passwords(&house.good, "a wrong guess", NEW);
    let text = assert_failed(&house.send(&wrong).await, 403);
    assert_eq!((house.failures().await, house.is_password(FIRST_PASSWORD).await), (1, true));
    let long = "x".repeat(5000);
    for (user_id, old) in [
        ("nobody", FIRST_PASSWORD),
        ("inactive", FIRST_PASSWORD),
        ("RAM123@gmail.com", FIRST_PASSWORD),
        ("\u{0}", FIRST_PASSWORD),
        (&long, FIRST_PASSWORD),
        (house.user_id, &long),
    ] {
        let wire = passwords(&house.good, old, NEW);
        let wire =
            wire.edit(|body| body["conversationRequest"]["userInfo"]["uid"] = json!(user_id));
        assert_eq!(assert_failed(&house.send(&wire).await, 403), text);
    }
    assert!(house.desk.is_password("ecom", "inactive", FIRST_PASSWORD).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_methods_are_405_and_post_is_allowed() {
    let house = start().await;
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
        let answer = house.send_as(method).await;
        assert_failed(&answer, 405);
        assert_eq!(answer.header("allow"), "POST");
    }
    let answer = house.send_as(Method::HEAD).await;
    assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "POST"));
    assert!(answer.body.is_empty());
    house.assert_untouched().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_media_types_are_415() {
    let house = start().await;
    for media_type in [
        None,
        Some("text/plain"),
        Some("text/json"),
        Some("application/xml"),
        Some("application/x-www-form-urlencoded"),
        Some("application/jsonp"),
        Some("json"),
    ] {
        assert_failed(&house.send(&house.good.with("content-type", media_type)).await, 415);
    }
    house.assert_untouched().await;
    let charset = house.good.with("content-type", Some("Application/JSON; charset=utf-8"));
    assert_changed(&house.send(&charset).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn nist_3_2_2_too_many_failures_are_429_and_even_the_right_password_waits() {
    let house = open(Server::builder().tables(SOON_CLOSED)).await;
    let wrong = passwords(&house.good, "a wrong guess", NEW);
    assert_failed(&house.send(&wrong).await, 403);
    for wire in [&wrong, &house.good] {
        let answer = house.send(wire).await;
        assert_closed(&answer);
        assert_failed(&answer, 429);
    }
    assert!(house.is_password(FIRST_PASSWORD).await);
    assert_eq!(house.failures().await, 1, "what is not looked at is not charged");
    let german = house.good.edit(|body| body["languageCode"] = json!("de"));
    assert_ne!(
        assert_failed(&house.send(&german).await, 429),
        assert_failed(&house.send(&wrong).await, 429)
    );
    let realm = house.desk.realm("ecom");
    house.desk.administration.unlock(&realm, house.user_id).await.unwrap();
    assert_changed(&house.send(&house.good).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_64_kib_is_413() {
    let house = start().await;
    let large = format!("{}{}", house.good.body, " ".repeat(65_537 - house.good.body.len()));
    assert_failed(&house.send_body(&large).await, 413);
    assert_changed(&house.send_body(&large[..65_536]).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_vendors_misspelt_path_is_the_only_one() {
    let house = open(Server::builder().tables(NEVER_CLOSED)).await;
    let path = house.good.path.clone();
    assert!(path.ends_with("/updateUserChangePasswrod"));
    for other in [
        path.replace("Passwrod", "Password"),
        path.to_lowercase(),
        path.replace("/v1", "/v2"),
        format!("{path}/x"),
        "/".to_owned(),
    ] {
        assert_failed(&house.send_to(&other).await, 404);
    }
    house.assert_untouched().await;
    assert_changed(&house.send(&house.good).await);
}
