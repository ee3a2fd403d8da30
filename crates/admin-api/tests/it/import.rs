//! Imports.

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::Method;
use http_body_util::BodyExt as _;
use repass_core::serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::test_context::{Answer, NDJSON, PASSWORD, TestContext};

async fn import(test: &TestContext, query: &str, body: impl Into<Body>) -> Answer {
    let path = format!("/accounts:import{query}");
    let answer = test.send_text(Method::POST, &path, NDJSON, body).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, NDJSON), "{answer:?}");
    answer
}

fn summary(read: u64, added: u64, present: u64, refused: u64) -> Value {
    json!({ "read": read, "added": added, "present": present, "refused": refused,
        "dry_run": false, "complete": true })
}

/// What bit others: a BOM drops records; BOM, CRLF, blank lines, no last newline.
#[tokio::test]
async fn rows_are_read_with_a_bom_crlf_blank_lines_and_no_last_newline() {
    let test = TestContext::new().await;
    let body =
        "\u{feff}{\"user_id\":\"a\"}\r\n\r\n\n{\"user_id\":\"b\"}\r\n   \n{\"user_id\":\"c\"}";
    let answer = import(&test, "?all=true", body).await;
    let lines = answer.lines();
    let added = |line| json!({ "line": line, "outcome": "added" });
    assert_eq!(lines, [added(1), added(4), added(6), summary(3, 3, 0, 0)]);
    let listed = test.get("/accounts").await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 3);
    let empty = import(&test, "", "").await.lines();
    assert_eq!((&empty[0]["read"], &empty[0]["error"]), (&json!(0), &json!("the file is empty")));
}

/// What bit others: one bad row fails the batch unnamed; one result for each line with its number.
#[tokio::test]
async fn a_bad_row_is_named_by_its_line_and_the_others_are_imported() {
    let test = TestContext::new().await;
    test.create("present").await;
    let rows = [
        r#"{"user_id":"a","email":"a@example.org","active":false}"#,
        "{not json",
        r#"{"user_id":""}"#,
        r#"{"email":"nobody@example.org"}"#,
        r#"{"user_id":"b","password_hash":"secret-unknown-hash"}"#,
        r#"{"user_id":"c","realm":"other"}"#,
        r#"{"user_id":"d","username":"x","nickname":"y"}"#,
        r#"{"user_id":"present","email":"changed@example.org"}"#,
        r#"{"user_id":"present","email":"present@example.org"}"#,
        r#"{"user_id":"e","realm":"shop"}"#,
        r#"[1]"#,
    ];
    let answer = import(&test, "", rows.join("\n")).await;
    let mut lines = answer.lines();
    assert_eq!(lines.pop(), Some(summary(11, 2, 2, 7)));
    let refused: Vec<&Value> = lines
        .iter()
        .filter(|line| line["outcome"] == "refused" && line["reason"].is_string())
        .map(|line| &line["line"])
        .collect();
    assert_eq!(refused, [2, 3, 4, 5, 6, 7, 11]);
    let differing: Vec<&Value> = lines.iter().filter(|line| line["outcome"] == "present").collect();
    assert_eq!(differing, [&json!({ "line": 8, "outcome": "present", "differing": ["email"] })]);
    assert!(!answer.text().contains("secret-unknown-hash"), "{}", answer.text());
    // An account that exists is not changed.
    let shown = test.get("/accounts?user_id=present").await.json();
    assert_eq!(shown["items"][0]["email"], "present@example.org");
    assert_eq!(test.verify("present", PASSWORD).await["verified"], true);
    let shown = test.get("/accounts?user_id=a").await.json();
    assert_eq!(shown["items"][0]["active"], false);
    let key = test.issue_key("other", repass_core::Scope::ALL, false).await;
    let other = TestContext { key, ..test };
    let listed = other.get("/admin/v1/realms/other/accounts").await.json();
    assert_eq!(listed["items"], json!([]));
}

#[tokio::test]
async fn a_dry_run_writes_nothing_and_a_repetition_adds_nothing() {
    let test = TestContext::new().await;
    let rows: Vec<String> =
        (0..1201).map(|n| json!({ "user_id": format!("u{n}") }).to_string()).collect();
    let rows = rows.join("\n");
    let before = test.records().await.len();
    let dry = import(&test, "?dry_run=true", rows.clone()).await.lines();
    assert_eq!((&dry[0]["added"], &dry[0]["dry_run"]), (&json!(1201), &json!(true)));
    assert_eq!(test.get("/accounts").await.json()["items"], json!([]));
    assert_eq!(test.records().await.len(), before);
    assert_eq!(import(&test, "", rows.clone()).await.lines(), [summary(1201, 1201, 0, 0)]);
    let again = import(&test, "?all=true&dry_run=false", rows).await.lines();
    assert_eq!((again.len(), &again[1201]), (1202, &summary(1201, 0, 1201, 0)));
    let record = &test.records().await[0];
    assert_eq!(record.action, "account.import");
    assert!(record.caller.starts_with("key:"), "{}", record.caller);
    for query in ["?dry_run=maybe", "?all=", "?format=csv"] {
        let path = format!("/accounts:import{query}");
        let refused = test.send_text(Method::POST, &path, NDJSON, "").await;
        refused.assert_problem(400, "invalid-query");
    }
}

#[tokio::test]
async fn a_client_that_disconnects_ends_the_import_and_complete_rows_are_kept() {
    let test = TestContext::new().await;
    let rows: [Result<Bytes, std::io::Error>; 2] = [
        Ok(Bytes::from_static(b"{\"user_id\":\"a\"}\n{\"user_id\":\"b\"}\n{\"user_id\":\"cut")),
        Err(std::io::Error::other("the client is gone")),
    ];
    let answer = import(&test, "", Body::from_stream(stream::iter(rows))).await;
    let lines = answer.lines();
    let last = lines.last().unwrap();
    assert_eq!((&last["complete"], &last["added"]), (&json!(false), &json!(2)), "{last}");
    assert!(last["error"].is_string());
    let listed = test.get("/accounts").await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn an_answer_that_is_not_read_ends_the_import() {
    let test = TestContext::new().await;
    // A body without end.
    let rows = stream::iter(0..).map_row();
    let request = test.request(Method::POST, "/accounts:import?all=true");
    let request = request.header("content-type", NDJSON).body(Body::from_stream(rows)).unwrap();
    let mut response = test.api.clone().oneshot(request).await.unwrap();
    assert!(response.body_mut().frame().await.is_some());
    drop(response);
    test.api.drain().await;
    assert!(test.get("/accounts?limit=1").await.json()["next_cursor"].is_string());
}

trait Rows {
    fn map_row(self) -> impl futures_util::Stream<Item = Result<Bytes, std::io::Error>>;
}

impl<S: futures_util::Stream<Item = i32>> Rows for S {
    fn map_row(self) -> impl futures_util::Stream<Item = Result<Bytes, std::io::Error>> {
        use futures_util::StreamExt as _;
        self.map(|n| Ok(Bytes::from(format!("{{\"user_id\":\"u{n}\"}}\n"))))
    }
}
