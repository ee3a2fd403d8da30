//! Keys at an address: rotation, faults and limits.

use serde_json::{Value, json};

use crate::issuer::{Behavior, Issuer, endpoint_that_is_down};
use crate::test_context::{Pair, TestContext, cause_of_unavailable, holder};

fn set(keys: &[Value]) -> Value {
    json!({ "keys": keys })
}

#[tokio::test]
async fn keys_are_fetched_once_and_only_when_they_are_needed() {
    let test = TestContext::new().await;
    let issuer = Issuer::start(&set(&[Pair::P256.jwk("k1")])).await;
    let issuers = test.trusting_at(issuer.endpoint());
    assert_eq!(issuer.requests(), 0);
    for _ in 0..3 {
        assert!(holder(&issuers, &Pair::P256.sign("k1", &test.claims())).await.is_some());
    }
    assert_eq!(issuer.requests(), 1);
}

#[tokio::test]
async fn an_unknown_kid_fetches_the_keys_again_at_most_once_in_ten_seconds() {
    let test = TestContext::new().await;
    let issuer = Issuer::start(&set(&[Pair::P256.jwk("k1")])).await;
    let issuers = test.trusting_at(issuer.endpoint());
    assert!(holder(&issuers, &Pair::P256.sign("k1", &test.claims())).await.is_some());

    issuer.answers(&set(&[Pair::P384.jwk("k2")]));
    test.pass(9);
    let new = Pair::P384.sign("k2", &test.claims());
    assert_eq!(holder(&issuers, &new).await, None, "the keys were just fetched");
    assert_eq!(issuer.requests(), 1);
    test.pass(1);
    assert!(holder(&issuers, &new).await.is_some());
    assert_eq!(issuer.requests(), 2);
    assert_eq!(holder(&issuers, &Pair::P256.sign("k1", &test.claims())).await, None, "withdrawn");

    test.pass(10);
    for number in 0..5 {
        let invented = Pair::P256.sign(&format!("x{number}"), &test.claims());
        assert_eq!(holder(&issuers, &invented).await, None);
    }
    assert_eq!(issuer.requests(), 3);
    assert!(holder(&issuers, &new).await.is_some());
}

#[tokio::test]
async fn callers_that_need_keys_at_once_share_one_request() {
    let test = TestContext::new().await;
    let issuer = Issuer::start(&set(&[Pair::P256.jwk("k1")])).await;
    let issuers = test.trusting_at(issuer.endpoint());
    let token = Pair::P256.sign("k1", &test.claims());
    let (one, two, three) =
        tokio::join!(holder(&issuers, &token), holder(&issuers, &token), holder(&issuers, &token));
    assert!(one.is_some() && two.is_some() && three.is_some());
    assert_eq!(issuer.requests(), 1);
}

#[tokio::test]
async fn keys_are_refreshed_while_the_known_ones_stay_in_use_for_an_hour() {
    let test = TestContext::new().await;
    let issuer = Issuer::start(&set(&[Pair::P256.jwk("k1")])).await;
    let issuers = test.trusting_at(issuer.endpoint());
    let token = |test: &TestContext| Pair::P256.sign("k1", &test.claims());
    assert!(holder(&issuers, &token(&test)).await.is_some());

    issuer.behaves(Behavior::Answers(503, String::new()));
    test.pass(10 * 60 - 1);
    assert!(holder(&issuers, &token(&test)).await.is_some());
    assert_eq!(issuer.requests(), 1);
    test.pass(1);
    assert!(holder(&issuers, &token(&test)).await.is_some());
    assert_eq!(issuer.requests(), 2);
    test.pass(50 * 60 - 1);
    assert!(holder(&issuers, &token(&test)).await.is_some());
    assert_eq!(issuer.requests(), 3);
    test.pass(11);
    let cause = cause_of_unavailable(&issuers, &token(&test)).await;
    assert_eq!(cause, "the keys cannot be fetched: answered 503");
}

#[tokio::test]
async fn a_withdrawn_key_is_refused_after_ten_minutes() {
    let test = TestContext::new().await;
    let issuer = Issuer::start(&set(&[Pair::P256.jwk("k1"), Pair::P384.jwk("k2")])).await;
    let issuers = test.trusting_at(issuer.endpoint());
    assert!(holder(&issuers, &Pair::P256.sign("k1", &test.claims())).await.is_some());
    issuer.answers(&set(&[Pair::P384.jwk("k2")]));
    test.pass(10 * 60);
    assert_eq!(holder(&issuers, &Pair::P256.sign("k1", &test.claims())).await, None);
    assert!(holder(&issuers, &Pair::P384.sign("k2", &test.claims())).await.is_some());
    assert_eq!(issuer.requests(), 2);
}

#[tokio::test]
async fn an_issuer_without_usable_keys_is_unavailable_and_refuses_nobody() {
    let test = TestContext::new().await;
    let token = Pair::P256.sign("k1", &test.claims());
    let issuer = Issuer::start(&json!(null)).await;
    for (behavior, expected) in [
        (Behavior::Hangs, "operation timed out"),
        (Behavior::Floods, "answered more than 262144 bytes"),
        (Behavior::Answers(500, String::new()), "answered 500"),
        (Behavior::Answers(302, String::new()), "answered 302"),
        (Behavior::Answers(200, "<html>".to_owned()), "the answer is not valid: it must be"),
        (Behavior::Answers(200, set(&[]).to_string()), "the answer is not valid: it must have"),
    ] {
        let endpoint = match behavior {
            Behavior::Hangs => issuer.impatient_endpoint(),
            _ => issuer.endpoint(),
        };
        issuer.behaves(behavior.clone());
        let cause = cause_of_unavailable(&test.trusting_at(endpoint), &token).await;
        assert!(cause.contains(expected), "{cause}");
    }
    let down = test.trusting_at(endpoint_that_is_down().await);
    let cause = cause_of_unavailable(&down, &token).await;
    assert!(cause.starts_with("the keys cannot be fetched: the request failed"), "{cause}");
    assert!(!cause.contains("http://"), "{cause}");
}

#[tokio::test]
async fn an_issuer_that_is_back_is_asked_again_after_ten_seconds() {
    let test = TestContext::new().await;
    let issuer = Issuer::start(&set(&[Pair::P256.jwk("k1")])).await;
    issuer.behaves(Behavior::Answers(500, String::new()));
    let issuers = test.trusting_at(issuer.endpoint());
    let token = Pair::P256.sign("k1", &test.claims());
    cause_of_unavailable(&issuers, &token).await;
    issuer.answers(&set(&[Pair::P256.jwk("k1")]));
    cause_of_unavailable(&issuers, &token).await;
    assert_eq!(issuer.requests(), 1);
    test.pass(10);
    assert!(holder(&issuers, &token).await.is_some());
}

#[tokio::test]
async fn tokens_that_no_key_can_verify_cause_no_request() {
    let test = TestContext::new().await;
    let issuer = Issuer::start(&set(&[Pair::P256.jwk("k1")])).await;
    let issuers = test.trusting_at(issuer.endpoint());
    let elsewhere = test.claims_with("iss", "https://evil.example");
    for token in [
        Pair::Rsa.sign("k1", &test.claims()),
        Pair::P256.sign("k1", &elsewhere),
        "not a token".into(),
    ] {
        assert_eq!(holder(&issuers, &token).await, None);
    }
    assert_eq!(issuer.requests(), 0);
}
