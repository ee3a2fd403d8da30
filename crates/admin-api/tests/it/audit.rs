//! The audit trail.

use axum::body::Body;
use http::Method;
use http::header::ACCEPT;
use http_body_util::BodyExt as _;
use repass_core::Scope;
use repass_core::serde_json::{self, Value, json};
use tower::ServiceExt as _;

use crate::test_context::{NDJSON, TestContext};

async fn actions(test: &TestContext, query: &str) -> Vec<Value> {
    let page = test.get(&format!("/audit?{query}")).await;
    assert_eq!(page.status, 200, "{page:?}");
    let items = page.json()["items"].as_array().unwrap().clone();
    items.into_iter().map(|item| item["action"].clone()).collect()
}

#[tokio::test]
async fn each_call_that_writes_or_verifies_leaves_a_record_with_the_key() {
    let test = TestContext::new().await;
    let account = test.create("pat").await;
    for (method, path, body, action) in [
        (Method::POST, "/otp", "{}", "otp.enroll"),
        (Method::POST, "/otp/code", "{}", "otp.issue"),
        (Method::DELETE, "/otp", "", "otp.remove"),
        (Method::POST, "/resets", r#"{"deliver":"return"}"#, "reset.issue"),
        (Method::DELETE, "/resets", "", "reset.revoke"),
        (Method::POST, "/tokens", "{}", "token.issue"),
        (Method::DELETE, "/tokens", "", "token.revoke"),
        (Method::POST, "/unlock", "", "account.unlock"),
        (Method::PATCH, "", r#"{"locale":"de"}"#, "account.edit"),
        (Method::PATCH, "", r#"{"active":false}"#, "account.deactivate"),
        (Method::PATCH, "", r#"{"active":true}"#, "account.activate"),
        (Method::PATCH, "", r#"{"active":false,"locale":"en"}"#, "account.deactivate"),
        (Method::PATCH, "", r#"{"active":true,"locale":null}"#, "account.activate"),
        (
            Method::PUT,
            "/password",
            r#"{"password":"a second one, quite different"}"#,
            "password.set",
        ),
        (Method::DELETE, "", "", "account.delete"),
    ] {
        test.pass(1);
        let before = test.records().await.len();
        let path = format!("{account}{path}");
        let answer = test.send_text(method, &path, "application/json", body).await;
        assert!(answer.status < 300, "{action}: {answer:?}");
        let records = test.records().await;
        assert_eq!((records.len(), records[0].action.as_str()), (before + 1, action));
        assert!(records[0].caller.starts_with("key:"), "{}", records[0].caller);
        assert!(records[0].caller.ends_with(":back end"), "{}", records[0].caller);
        let request_id = records[0].context.request_id.as_deref();
        assert_eq!(request_id, Some(answer.header("x-request-id")), "{action}");
    }
}

#[tokio::test]
async fn records_are_filtered() {
    let test = TestContext::new().await;
    let account = test.create("pat").await;
    test.pass(10);
    test.create("kim").await;
    test.verify("pat", "wrong").await;
    let id = account.strip_prefix("/accounts/").unwrap();
    assert_eq!(
        actions(&test, "").await,
        ["password.verify", "account.add", "account.add", "key.issue"]
    );
    for (query, expected) in [
        (format!("account={id}"), vec!["password.verify", "account.add"]),
        ("action=account.add".to_owned(), vec!["account.add", "account.add"]),
        ("action=account".to_owned(), vec![]),
        ("outcome=wrong-password".to_owned(), vec!["password.verify"]),
        ("since=2027-01-15T08:00:10Z".to_owned(), vec!["password.verify", "account.add"]),
        ("since=2027-01-15T08:00:10.000001Z".to_owned(), vec![]),
        ("until=2027-01-15T08:00:10Z".to_owned(), vec!["account.add", "key.issue"]),
        (format!("account={id}&outcome=ok"), vec!["account.add"]),
    ] {
        assert_eq!(actions(&test, &query).await, expected, "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn records_without_end_stop_when_the_key_is_revoked() {
    let test = TestContext::new().await;
    let key = test.issue_key("shop", [Scope::AuditRead], false).await;
    let test = TestContext { key, ..test };
    let request = test.request(Method::GET, "/audit?since=2027-01-15T08:00:00Z");
    let request = request.header(ACCEPT, NDJSON).body(Body::empty()).unwrap();
    let mut body = test.api.clone().oneshot(request).await.unwrap().into_body();
    let issued = next(&mut body).await;
    assert_eq!(issued.last().unwrap()["action"], "key.issue");
    let administration = test.engine.administration();
    let keys = administration.store().keys(None).await.unwrap();
    administration.revoke_key(keys.last().unwrap().id).await.unwrap();
    assert!(body.frame().await.is_none(), "a revoked key reads no record");
}

/// Returns the records of the next part of a stream that has any.
async fn next(body: &mut Body) -> Vec<Value> {
    loop {
        let frame = body.frame().await.expect("the stream does not end").unwrap();
        let text = String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap();
        let lines: Vec<Value> = text
            .lines()
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        if !lines.is_empty() {
            return lines;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn records_without_end_follow_oldest_first_and_each_once() {
    let test = TestContext::new().await;
    test.create_with(json!({ "user_id": "a" })).await;
    test.pass(1);
    let request = test.request(Method::GET, "/audit?since=2027-01-15T08:00:00Z&action=account.add");
    let request = request.header(ACCEPT, NDJSON).body(Body::empty()).unwrap();
    let response = test.api.clone().oneshot(request).await.unwrap();
    assert_eq!(response.headers()["content-type"], NDJSON);
    let mut body = response.into_body();
    assert_eq!(next(&mut body).await.len(), 1);
    // The same time as that of a record that was sent already.
    for user_id in ["b", "c"] {
        test.create_with(json!({ "user_id": user_id })).await;
    }
    assert_eq!(next(&mut body).await.len(), 2);
    test.pass(100);
    test.create_with(json!({ "user_id": "d" })).await;
    let last = next(&mut body).await;
    let listed = test.get("/audit?action=account.add&limit=1").await.json();
    assert_eq!(last, *listed["items"].as_array().unwrap());

    // Without a time, it begins now.
    let request = test.request(Method::GET, "/audit").header(ACCEPT, NDJSON);
    let response = test.api.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let mut body = response.into_body();
    test.pass(1);
    test.create_with(json!({ "user_id": "e" })).await;
    assert_eq!(next(&mut body).await.last().unwrap()["action"], "account.add");
    test.api.end_streams();
    while let Some(frame) = body.frame().await {
        assert_eq!(frame.unwrap().into_data().unwrap(), "\n");
    }
    for query in ["until=2027-01-15T08:00:10Z", "cursor=x"] {
        let request = test.request(Method::GET, &format!("/audit?{query}")).header(ACCEPT, NDJSON);
        let refused = test.send(request.body(Body::empty()).unwrap()).await;
        refused.assert_problem(400, "invalid-query");
    }
}
