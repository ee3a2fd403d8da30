//! Opaque tokens.

use std::sync::Arc;
use std::time::Duration;

use repass_core::Plaintext;
use repass_token_issuers::{
    ClaimNames, EndpointOptions, Introspection, IntrospectionOptions, TokenIssuers,
};
use serde_json::{Value, json};

use crate::issuer::{Behavior, Issuer, endpoint_that_is_down};
use crate::test_context::{ISSUER, TestContext, cause_of_unavailable, holder, realm};

fn options(endpoint: EndpointOptions) -> IntrospectionOptions {
    IntrospectionOptions {
        endpoint,
        client_id: "repass shop".to_owned(),
        client_secret: "a:secret".into(),
        issuer: None,
        audience: None,
        claims: ClaimNames::default(),
    }
}

fn asking_with(test: &TestContext, options: IntrospectionOptions) -> TokenIssuers {
    let endpoint = Introspection::new(options, test.clock.clone()).unwrap();
    test.authenticator().with_introspection(Arc::new(endpoint))
}

fn asking(test: &TestContext, issuer: &Issuer) -> TokenIssuers {
    asking_with(test, options(issuer.endpoint()))
}

fn active(test: &TestContext) -> Value {
    let mut answer = test.claims();
    answer["active"] = true.into();
    answer
}

fn token() -> Plaintext {
    "opaque & long".into()
}

#[tokio::test]
async fn an_active_token_names_its_holder_and_the_client_is_authenticated() {
    let test = TestContext::new().await;
    let issuer = Issuer::start(&active(&test)).await;
    let identity = holder(&asking(&test, &issuer), &token()).await.unwrap();
    assert_eq!((identity.account, identity.user_id.as_str()), (test.account.id, "pat"));
    assert_eq!(identity.roles, Vec::<String>::new());
    assert!(identity.issuer.unwrap().starts_with("http://127.0.0.1:"));
    let request = &issuer.received()[0];
    assert_eq!(request.body, "token=opaque+%26+long&token_type_hint=access_token");
    assert_eq!(request.headers["content-type"], "application/x-www-form-urlencoded");
    // RFC 6749, 2.3.1: `repass+shop:a%3Asecret`.
    assert_eq!(request.headers["authorization"], "Basic cmVwYXNzK3Nob3A6YSUzQXNlY3JldA==");
}

#[tokio::test]
async fn wrong_answers_are_refused() {
    let test = TestContext::new().await;
    let issuer = Issuer::start(&active(&test)).await;
    let mut strict = options(issuer.endpoint());
    (strict.issuer, strict.audience) = (Some(ISSUER.to_owned()), Some("repass".to_owned()));
    let issuers = asking_with(&test, strict);
    for (member, value) in [
        ("active", json!(false)),
        ("iss", json!("https://evil.example")),
        ("iss", json!(null)),
        ("aud", json!("other")),
        ("aud", json!([])),
        ("sub", json!("nobody")),
        ("sub", json!(null)),
        ("iat", json!(null)),
        ("iat", json!(test.second(-3600))),
        ("nbf", json!(test.second(61))),
        ("exp", json!(test.second(0))),
        ("token_use", json!("id")),
    ] {
        let mut answer = active(&test);
        answer[member] = value;
        issuer.answers(&answer);
        let fresh = Plaintext::new(answer.to_string());
        assert_eq!(holder(&issuers, &fresh).await, None, "{answer}");
    }
    issuer.answers(&active(&test));
    assert_eq!(holder(&issuers, &token()).await.unwrap().issuer.as_deref(), Some(ISSUER));
    let mut without_expiry = active(&test);
    without_expiry.as_object_mut().unwrap().remove("exp");
    issuer.answers(&without_expiry);
    assert!(holder(&issuers, &"another".into()).await.is_some());
}

#[tokio::test]
async fn an_answer_is_kept_for_a_minute_at_most() {
    let test = TestContext::new().await;
    let issuer = Issuer::start(&active(&test)).await;
    let issuers = asking(&test, &issuer);
    assert!(holder(&issuers, &token()).await.is_some());
    issuer.answers(&json!({ "active": false }));
    test.pass(59);
    assert!(holder(&issuers, &token()).await.is_some());
    assert_eq!(issuer.requests(), 1);
    test.pass(1);
    assert_eq!(holder(&issuers, &token()).await, None);
    assert_eq!(issuer.requests(), 2);
    issuer.answers(&active(&test));
    assert!(holder(&issuers, &token()).await.is_some(), "a refusal is not kept");
}

#[tokio::test]
async fn an_answer_is_not_kept_beyond_the_expiry() {
    let test = TestContext::new().await;
    let mut answer = active(&test);
    answer["exp"] = test.second(5).into();
    let issuer = Issuer::start(&answer).await;
    let issuers = asking(&test, &issuer);
    assert!(holder(&issuers, &token()).await.is_some());
    test.pass(4);
    assert!(holder(&issuers, &token()).await.is_some());
    test.pass(1);
    assert_eq!(holder(&issuers, &token()).await, None);
    assert_eq!(issuer.requests(), 2);
}

#[tokio::test]
async fn a_kept_answer_does_not_outlive_a_change_of_the_password() {
    let test = TestContext::new().await;
    let issuer = Issuer::start(&active(&test)).await;
    let issuers = asking(&test, &issuer);
    assert!(holder(&issuers, &token()).await.is_some());
    test.change_at(test.clock_after_micros(1)).await;
    assert_eq!(holder(&issuers, &token()).await, None);
    assert_eq!(issuer.requests(), 1);
}

#[tokio::test]
async fn the_number_of_kept_answers_is_bounded_and_the_oldest_leave() {
    let test = TestContext::new().await;
    let issuer = Issuer::start(&active(&test)).await;
    let issuers = asking(&test, &issuer);
    assert!(holder(&issuers, &"first".into()).await.is_some());
    test.pass(1);
    for number in 1..=4096 {
        let token = Plaintext::new(format!("token {number}"));
        assert!(holder(&issuers, &token).await.is_some());
    }
    assert_eq!(issuer.requests(), 4097);
    assert!(holder(&issuers, &"token 4096".into()).await.is_some());
    assert_eq!(issuer.requests(), 4097);
    assert!(holder(&issuers, &"first".into()).await.is_some());
    assert_eq!(issuer.requests(), 4098);
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_asked_is_unavailable_and_refuses_nobody() {
    let test = TestContext::new().await;
    let issuer = Issuer::start(&json!(null)).await;
    for (behavior, expected) in [
        (Behavior::Hangs, "operation timed out"),
        (Behavior::Floods, "answered more than 65536 bytes"),
        (Behavior::Answers(401, String::new()), "answered 401"),
        (Behavior::Answers(503, active(&test).to_string()), "answered 503"),
        (Behavior::Answers(200, String::new()), "the answer is not that of"),
        (Behavior::Answers(200, "[]".to_owned()), "the answer is not that of"),
        (Behavior::Answers(200, "{}".to_owned()), "the answer is not that of"),
        (Behavior::Answers(200, r#"{"active":"true"}"#.to_owned()), "the answer is not that of"),
    ] {
        let endpoint = match behavior {
            Behavior::Hangs => issuer.impatient_endpoint(),
            _ => issuer.endpoint(),
        };
        issuer.behaves(behavior.clone());
        let issuers = asking_with(&test, options(endpoint));
        let cause = cause_of_unavailable(&issuers, &token()).await;
        assert!(cause.contains(expected), "{behavior:?}: {cause}");
    }
    let down = asking_with(&test, options(endpoint_that_is_down().await));
    let cause = cause_of_unavailable(&down, &token()).await;
    assert!(cause.starts_with("the request failed") && !cause.contains("http://"), "{cause}");
}

#[tokio::test]
async fn tokens_of_repass_are_not_sent_to_the_endpoint() {
    let test = TestContext::new().await;
    let issuer = Issuer::start(&json!({ "active": false })).await;
    let operator = test.engine.administration();
    let hour = Duration::from_secs(3600);
    let (_, own) = operator.issue_token(&realm(), "pat", vec![], hour).await.unwrap();
    assert!(holder(&asking(&test, &issuer), &own).await.is_some());
    assert_eq!(issuer.requests(), 0);
}

#[tokio::test]
async fn one_of_several_endpoints_that_is_down_refuses_nobody() {
    let test = TestContext::new().await;
    let issuer = Issuer::start(&active(&test)).await;
    let endpoint = |options| Arc::new(Introspection::new(options, test.clock.clone()).unwrap());
    let down = endpoint(options(endpoint_that_is_down().await));
    let issuers = test
        .authenticator()
        .with_introspection(down)
        .with_introspection(endpoint(options(issuer.endpoint())));
    assert!(holder(&issuers, &token()).await.is_some());
    issuer.answers(&json!({ "active": false }));
    cause_of_unavailable(&issuers, &"another".into()).await;
}
