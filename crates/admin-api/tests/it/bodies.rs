//! Bodies that are not as described.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::Method;
use repass_core::serde_json::json;

use crate::test_context::{FORM, PASSWORD, TestContext};

#[tokio::test]
async fn a_body_of_another_content_type_is_refused() {
    let test = TestContext::new().await;
    for content_type in ["", "text/plain", FORM, "application/jsonp", "application/x-ndjson"] {
        let sent = test.send_text(Method::POST, "/accounts", content_type, "{}").await;
        sent.assert_problem(415, "unsupported-media-type");
    }
    for content_type in ["", "application/json"] {
        let sent =
            test.send_text(Method::POST, "/tokens/introspect", content_type, "token=x").await;
        sent.assert_problem(415, "unsupported-media-type");
        let sent = test.send_text(Method::POST, "/accounts:import", content_type, "{}").await;
        sent.assert_problem(415, "unsupported-media-type");
    }
    let request = test.request(Method::POST, "/accounts").body(Body::from("{}")).unwrap();
    test.send(request).await.assert_problem(415, "unsupported-media-type");
    for content_type in ["application/json; charset=utf-8", "Application/JSON"] {
        let sent = test.send_text(Method::POST, "/accounts", content_type, "{}").await;
        sent.assert_problem(400, "invalid-body");
    }
    for content_type in ["application/x-ndjson; charset=utf-8", "Application/X-NDJSON"] {
        let sent = test.send_text(Method::POST, "/accounts:import", content_type, "").await;
        assert_eq!(sent.status, 200, "{content_type}");
    }
}

#[tokio::test]
async fn a_body_has_at_most_64_kib() {
    let test = TestContext::new().await;
    let body = |length: usize| {
        let rest = json!({ "user_id": "pat", "profile": { "x": "" } }).to_string().len();
        json!({ "user_id": "pat", "profile": { "x": "x".repeat(length - rest) } })
    };
    test.post("/accounts", body(65537)).await.assert_problem(413, "too-large");
    assert_eq!(test.post("/accounts", body(65536)).await.status, 201);
    let form = format!("token={}", "x".repeat(70_000));
    let sent = test.send_text(Method::POST, "/tokens/introspect", FORM, form).await;
    sent.assert_problem(413, "too-large");
}

#[tokio::test]
async fn a_body_that_ends_early_is_refused_and_changes_nothing() {
    let test = TestContext::new().await;
    let parts: [Result<Bytes, std::io::Error>; 2] = [
        Ok(Bytes::from_static(br#"{"user_id":"pat"}"#)),
        Err(std::io::Error::other("the client is gone")),
    ];
    let body = Body::from_stream(futures_util::stream::iter(parts));
    let sent = test.send_text(Method::POST, "/accounts", "application/json", body).await;
    sent.assert_problem(408, "incomplete-body");
    assert_eq!(sent.header("connection"), "close");
    assert_eq!(test.get("/accounts").await.json()["items"], json!([]));
}

#[tokio::test]
async fn a_body_that_does_not_arrive_ends_after_its_timeout() {
    let test = TestContext::with(|options| options.body_timeout = Duration::from_millis(20)).await;
    let body = Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());
    let sent = test.send_text(Method::POST, "/accounts", "application/json", body).await;
    sent.assert_problem(408, "incomplete-body");
    assert_eq!(sent.header("connection"), "close");
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused_at_its_place() {
    let test = TestContext::new().await;
    for (body, pointer, code) in [
        ("", "", "syntax"),
        ("{", "", "syntax"),
        (r#"{"user_id":"pat"} {}"#, "", "syntax"),
        (r#"{"user_id":}"#, "/user_id", "syntax"),
        ("{}", "", "missing"),
        (r#"{"user_id":7}"#, "/user_id", "type"),
        (r#"{"user_id":"a","user_id":"b"}"#, "", "duplicate"),
        (r#"{"user_id":"a","name":{"given":[]}}"#, "/name/given", "type"),
        (r#"{"user_id":"a","x/y~":1}"#, "/x~1y~0", "unknown"),
        (r#"{"user_id":"a","active":"yes"}"#, "/active", "type"),
    ] {
        let sent = test.send_text(Method::POST, "/accounts", "application/json", body).await;
        sent.assert_invalid(&[pointer]);
        assert_eq!(sent.json()["errors"][0]["code"], code, "{body}");
    }
    for (path, body, pointer) in [
        ("/accounts", json!(["pat"]), ""),
        ("/accounts/x/otp", json!([null, null]), ""),
        ("/accounts", json!({ "user_id": "a", "name": ["Pat"] }), "/name"),
        ("/accounts", json!({ "user_id": "a", "client": ["127.0.0.1"] }), "/client"),
        ("/accounts/x/resets", json!({ "deliver": { "return": null } }), "/deliver"),
    ] {
        let sent = test.post(path, body).await;
        sent.assert_invalid(&[pointer]);
        assert_eq!(sent.json()["errors"][0]["code"], "type", "{path} {pointer}");
    }
    test.patch("/accounts/x", json!({ "name": ["a"] })).await.assert_invalid(&["/name"]);
    let bytes = b"{\"user_id\":\"\xff\"}".as_slice();
    let sent = test.send_text(Method::POST, "/accounts", "application/json", bytes).await;
    sent.assert_problem(400, "invalid-body");
}

#[tokio::test]
async fn all_mistakes_of_shape_are_told_at_once() {
    let test = TestContext::new().await;
    // A text, since the mistakes are in the order of the members.
    let body = r#"{
        "email": 7, "nickname": {}, "name": { "given": ["Pat"], "last": "Kake" },
        "client": { "ip": null, "agent": "x" }, "active": "yes"
    }"#;
    let refused = test.send_text(Method::POST, "/accounts", "application/json", body).await;
    refused.assert_invalid(&[
        "/email",
        "/nickname",
        "/name/given",
        "/name/last",
        "/client/agent",
        "/active",
        "",
    ]);
    let errors = &refused.json()["errors"];
    let codes: Vec<_> = (0..7).map(|at| errors[at]["code"].as_str().unwrap()).collect();
    let [kind, unknown] = ["type", "unknown"];
    assert_eq!(codes, [kind, unknown, kind, unknown, unknown, kind, "missing"]);
    assert_eq!(errors[0]["detail"], "must be string or null");
    assert_eq!(errors[1]["detail"], "unknown member `nickname`");
    assert_eq!(errors[6]["detail"], "the member `user_id` is missing");

    let body = r#"{ "kind": null, "scopes": ["tokens", 7, {}], "all_realms": 1 }"#;
    let refused = test.send_text(Method::POST, "/keys", "application/json", body).await;
    refused.assert_invalid(&["/kind", "/scopes/1", "/scopes/2", "/all_realms", ""]);
    for lifetime in [json!(-1), json!(1.5), json!("600")] {
        let body = json!({ "deliver": "pigeon", "lifetime": lifetime });
        let refused = test.post("/accounts/x/resets", body).await;
        refused.assert_invalid(&["/deliver", "/lifetime"]);
    }
    let twice = r#"{"user_id":"a","user_id":"b","active":7}"#;
    let sent = test.send_text(Method::POST, "/accounts", "application/json", twice).await;
    sent.assert_invalid(&["", "/active"]);
    assert_eq!(sent.json()["errors"][0]["code"], "duplicate");
}

#[tokio::test]
async fn all_invalid_values_are_told_at_once() {
    let test = TestContext::new().await;
    let body = json!({
        "user_id": "", "email": "nobody", "username": "", "password": PASSWORD,
        "password_hash": "x", "hash_format": "nonsense", "profile": { "locale": "de" },
    });
    test.post("/accounts", body).await.assert_invalid(&[
        "/user_id",
        "/email",
        "/username",
        "/profile/locale",
        "/hash_format",
        "/password_hash",
    ]);
    let account = test.create("pat").await;
    let body = json!({ "email": "nobody", "username": "a\nb" });
    test.patch(&account, body).await.assert_invalid(&["/email", "/username"]);
    let body = json!({ "kind": "king", "name": "", "scopes": ["tokens", "all", "none"] });
    let refused = test.post("/keys", body).await;
    refused.assert_invalid(&["/kind", "/name", "/scopes/1", "/scopes/2"]);
    let body = json!({ "ids": ["1", "2"], "all": true });
    test.post("/outbox/retry", body).await.assert_invalid(&["", "/ids/0", "/ids/1"]);
    for lifetime in [0, 601] {
        let body = json!({ "lifetime": lifetime });
        let refused = test.post(&format!("{account}/otp/code"), body).await;
        refused.assert_invalid(&["/lifetime"]);
    }
    let refused = test.post(&format!("{account}/otp"), json!({ "issuer": "a:b" })).await;
    refused.assert_invalid(&["/issuer"]);
}

#[tokio::test]
async fn an_error_does_not_quote_the_value() {
    let test = TestContext::new().await;
    let secret = "unmistakable-5c3f";
    for (path, body) in [
        ("/accounts", json!({ "user_id": "a", "active": secret })),
        ("/accounts", json!({ "user_id": "a", "password_hash": secret })),
        ("/accounts", json!({ "user_id": "a", "email": secret })),
        ("/passwords/verify", json!({ "user_id": "a", "password": secret, "otp": 5 })),
        ("/passwords/verify", json!({ "password": secret })),
        ("/sessions", json!({ "user_id": "a", "password": secret, "lifetime": secret })),
        ("/accounts/x/resets", json!({ "deliver": secret })),
    ] {
        let refused = test.post(path, body.clone()).await;
        assert_eq!(refused.status, 400, "{body}");
        assert!(!refused.text().contains(secret), "{body}: {}", refused.text());
    }
    let refused = test.get(&format!("/accounts?active={secret}")).await;
    assert!(refused.status == 400 && !refused.text().contains(secret));
}
