//! The rows of `crates/spec-ecom/README.md`, over real HTTP. `page` compares texts with the
//! examples; the other tests compare the status and the shape.

mod answers;
mod failures;
mod languages;
mod options;
mod order;
mod page;
mod requests;
mod trouble;

use repass_core::{Plaintext, Policy, Violation};
use repass_tests::{Answer, ServerBuilder};
use serde_json::Value;
use uuid::Uuid;

use crate::requests::Wire;
use crate::test_context::{TestContext, assert_bytes};

const CHANGED: &str = "password changed successfully";

async fn start() -> TestContext {
    TestContext::start("ecom").await
}

async fn open(builder: ServerBuilder) -> TestContext {
    TestContext::open("ecom", builder).await
}

/// Asserts that an answer is the vendor's envelope, byte for byte, and returns its text.
#[track_caller]
fn text_of(answer: &Answer, status: u16) -> String {
    assert_eq!(answer.status, status, "{}", answer.text());
    let body = answer.json();
    let id = body["responseId"].as_str().unwrap();
    let text = body["responseMessages"][0]["simpleResponse"]["responseText"].as_str().unwrap();
    let quoted = Value::from(text);
    let envelope = format!(
        r#"{{"responseType":"text","responseId":"{id}","responseMessages":[{{"simpleResponse":{{"responseText":{quoted}}}}}]}}"#
    );
    assert_bytes(answer, status, "application/json", &envelope);
    assert_response_id(id);
    assert!(!text.trim().is_empty(), "a bot has something to show");
    text.to_owned()
}

/// A fresh UUIDv4, a hyphen, 8 random lower-case hex digits.
#[track_caller]
fn assert_response_id(id: &str) {
    assert_eq!(id.len(), 36 + 1 + 8, "{id}");
    assert_eq!(id.parse::<Uuid>().ok(), None, "{id}");
    assert_eq!(id[..36].parse::<Uuid>().unwrap().get_version_num(), 4, "{id}");
    assert_eq!(&id[36..37], "-", "{id}");
    let lower_hex = |c: char| matches!(c, '0'..='9' | 'a'..='f' | '-');
    assert!(id.chars().all(lower_hex) && !id[37..].contains('-'), "{id}");
}

#[track_caller]
fn assert_changed(answer: &Answer) {
    assert_eq!(text_of(answer, 200), CHANGED);
}

/// Asserts a failure of this status and returns its text.
#[track_caller]
fn assert_failed(answer: &Answer, status: u16) -> String {
    let text = text_of(answer, status);
    assert_ne!(text, CHANGED);
    text
}

/// The good request with members of `accountInfo` changed.
fn account_info(wire: &Wire, change: impl FnOnce(&mut Value)) -> Wire {
    wire.edit(|body| change(&mut body["queryInfo"]["parameters"]["params"]["accountInfo"]))
}

/// The good request with other passwords.
fn passwords(wire: &Wire, old: &str, new: &str) -> Wire {
    account_info(wire, |info| {
        *info = serde_json::json!({
            "oldPassword": old, "newPassword": new, "confirmPassword": new
        });
    })
}

/// The violations of the default policy by a password, without those about the account.
fn violations(new: &str) -> Vec<Violation> {
    Policy::default().evaluate(&Plaintext::from(new), &repass_core::PolicyContext::default())
}
