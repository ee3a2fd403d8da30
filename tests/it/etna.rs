//! The rows of `crates/spec-etna/README.md`, over real HTTP.

mod body;
mod callers;
mod options;
mod order;
mod outcomes;
mod page;
mod routes;
mod trouble;

use repass_tests::{Answer, ServerBuilder};

use crate::requests::Wire;
use crate::test_context::{TestContext, assert_bytes};

pub(crate) const TYPE: &str = "application/json; charset=utf-8";
const NO_APP_KEY: &str = r#"{"error":"Application key is not defined or does not exist"}"#;
pub(crate) const DENIED: &str = r#"{"Message":"Authorization has been denied for this request."}"#;
const BAD_ID: &str = r#"{"Message":"The request is invalid."}"#;
const WRONG: &str =
    r#"{"Errors":["Old password is incorrect."],"StatusCode":400,"IsSucceed":false}"#;
pub(crate) const FAULT: &str = r#"{"message":"An error occurred while processing your request","error":"Unexpected server error"}"#;

async fn start() -> TestContext {
    TestContext::start("etna").await
}

async fn open(builder: ServerBuilder) -> TestContext {
    TestContext::open("etna", builder).await
}

#[track_caller]
fn assert_answer(answer: &Answer, status: u16, body: &str) {
    assert_bytes(answer, status, TYPE, body);
}

#[track_caller]
fn assert_denied(answer: &Answer) {
    assert_answer(answer, 401, DENIED);
    assert_eq!(answer.header("www-authenticate"), "Bearer");
}

#[track_caller]
fn assert_changed(answer: &Answer) {
    assert_eq!((answer.status.as_u16(), answer.text()), (200, ""));
    assert_eq!(answer.header("content-length"), "0");
    answer.assert_common_headers();
}

/// The 422 with these members of its `ModelState`.
fn invalid(state: &str) -> String {
    format!(
        r#"{{"Message":"Validation error occured while processing entity","ModelState":{{{state}}}}}"#
    )
}

/// The good request to another user's path.
fn of_user(test: &TestContext, user_id: &str) -> Wire {
    let path = format!("/v1.0/users/{user_id}/password/change");
    Wire { path, ..test.good.clone() }
}

fn body(old: &str, new: &str) -> String {
    serde_json::json!({ "OldPassword": old, "Password": new, "PasswordConfirm": new }).to_string()
}
