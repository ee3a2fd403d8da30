//! The rows of `crates/spec-fabric/README.md`, over real HTTP.

mod fields;
mod gateway;
mod jwt;
mod order;
mod outcomes;
mod page;
mod reset_tokens;
mod site_accounts;
mod site_context;
mod trouble;
mod user;

use std::time::Duration;

use repass_core::{Plaintext, ResetToken, TokenDigest};
use repass_tests::{Answer, ServerBuilder};
use serde_json::Value;

use crate::requests::Wire;
use crate::test_context::{TestContext, assert_bytes};

const TYPE: &str = "application/json";
const USER: &str = "6169b2d892a5f30009d76480";
const OTHER_USER: &str = "6169b2d892a5f30009d76481";
const OTHER_SITE: &str = "aaaa1111bbbb2222cccc3333";
const TEN_MINUTES: Duration = Duration::from_secs(600);

const FORBIDDEN: &str = r#"{"message":"Forbidden"}"#;
const NOT_FOUND: &str =
    r#"{"error":"Not Found","code":"USER_NOT_FOUND","message":"User not found."}"#;
const EXPIRED: &str =
    r#"{"error":"Unauthorized","code":"VERIFY_TOKEN_FAILED","message":"Token expired."}"#;

async fn start() -> TestContext {
    TestContext::start("fabric").await
}

async fn open(builder: ServerBuilder) -> TestContext {
    TestContext::open("fabric", builder).await
}

/// A new reset token for the account of the good request.
async fn token(test: &TestContext) -> String {
    test.operator.reset_token("fabric", USER, TEN_MINUTES).await
}

/// The good request with a member of its body set.
fn with(wire: &Wire, name: &str, value: impl Into<Value>) -> Wire {
    wire.edit(|body| body[name] = value.into())
}

/// The reset token of a request.
fn token_of(wire: &Wire) -> String {
    let body: Value = serde_json::from_str(&wire.body).unwrap();
    body["resetToken"].as_str().unwrap().to_owned()
}

/// Returns the stored reset token.
async fn stored(test: &TestContext, token: &str) -> Option<ResetToken> {
    let digest = TokenDigest::from_secret(&Plaintext::from(token));
    test.operator.store.reset_token(&digest).await.unwrap()
}

/// Returns whether the database has a reset token as unspent.
async fn is_unspent(test: &TestContext, token: &str) -> bool {
    stored(test, token).await.expect("a token").spent_at.is_none()
}

#[track_caller]
fn assert_answer(answer: &Answer, status: u16, body: &str) {
    assert_bytes(answer, status, TYPE, body);
}

#[track_caller]
fn assert_not_found(answer: &Answer) {
    assert_answer(answer, 404, NOT_FOUND);
}

#[track_caller]
fn assert_expired(answer: &Answer) {
    assert_answer(answer, 401, EXPIRED);
}

/// Asserts an error object of this code and returns its message.
#[track_caller]
fn assert_error(answer: &Answer, status: u16, error: &str, code: &str) -> String {
    assert_eq!(answer.status, status, "{}", answer.text());
    let message = answer.json()["message"].as_str().expect("a message").to_owned();
    assert!(!message.is_empty());
    let quoted = Value::from(message.as_str());
    let body = format!(r#"{{"error":"{error}","code":"{code}","message":{quoted}}}"#);
    assert_answer(answer, status, &body);
    message
}

#[track_caller]
fn assert_bad_request(answer: &Answer) -> String {
    assert_error(answer, 400, "Bad Request", "BAD_REQUEST")
}

/// Asserts that the answer is the object of this user.
#[track_caller]
fn assert_user(answer: &Answer, user_id: &str) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), TYPE);
    assert_eq!(answer.json()["userId"], user_id);
    answer.assert_common_headers();
}
