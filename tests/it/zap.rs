//! The rows of `crates/spec-zap/README.md`, over real HTTP.

mod callers;
mod fields;
mod one_time_passwords;
mod order;
mod outcomes;
mod page;
mod policy;
mod routes;
mod trouble;

use repass_tests::{Answer, ServerBuilder};
use serde_json::{Value, json};

use crate::requests::Wire;
use crate::test_context::{TestContext, assert_bytes};

pub(crate) const TYPE: &str = "application/json; charset=utf-8";
const CHANGED: &str = r#"{"success":true,"data":"Password updated successfully"}"#;
pub(crate) const UNAUTHORIZED: &str = r#"{"success":false,"data":"Unauthorized"}"#;
const FORBIDDEN: &str = r#"{"success":false,"data":"Forbidden"}"#;
pub(crate) const FAULT: &str =
    r#"{"success":false,"data":"An error occured while processing the request"}"#;

async fn start() -> TestContext {
    TestContext::start("zap").await
}

async fn open(builder: ServerBuilder) -> TestContext {
    TestContext::open("zap", builder).await
}

#[track_caller]
fn assert_changed(answer: &Answer) {
    assert_bytes(answer, 200, TYPE, CHANGED);
}

/// Asserts a failure of this status in the vendor's shape, byte for byte, and returns its message.
#[track_caller]
fn assert_failed(answer: &Answer, status: u16) -> String {
    assert_eq!(answer.status, status, "{}", answer.text());
    let data = answer.json()["data"].clone();
    assert_bytes(answer, status, TYPE, &format!(r#"{{"success":false,"data":{data}}}"#));
    let message = data.as_str().unwrap().to_owned();
    assert!(!message.is_empty());
    message
}

#[track_caller]
fn assert_message(answer: &Answer, status: u16, message: &str) {
    assert_eq!(assert_failed(answer, status), message);
}

/// The good request with other passwords.
fn passwords(wire: &Wire, old: &str, new: &str) -> Wire {
    wire.edit(|body| {
        body["oldPassword"] = json!(old);
        body["newPassword"] = json!(new);
    })
}

/// The good request with a member set.
fn with(wire: &Wire, member: &str, value: impl Into<Value>) -> Wire {
    wire.edit(|body| body[member] = value.into())
}

/// The good request without a member.
fn without(wire: &Wire, member: &str) -> Wire {
    wire.edit(|body| {
        body.as_object_mut().unwrap().remove(member);
    })
}

/// The good request with the access token of another user.
async fn by(test: &TestContext, user_id: &str, roles: &[&str]) -> Wire {
    test.operator.add("zap", user_id).await;
    let token = test.operator.token("zap", user_id, roles).await;
    test.good.with("authorization", Some(&format!("Bearer {token}")))
}
