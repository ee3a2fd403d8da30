//! The rows of `crates/spec-customer/README.md`, over real HTTP.

mod binding;
mod bodies;
mod callers;
mod context;
mod forms;
mod json;
mod order;
mod outcomes;
mod page;
mod policy;
mod routes;
mod trouble;
mod vectors;
mod xml;

use repass_tests::{Answer, ServerBuilder};
use serde_json::Value;

use crate::test_context::{TestContext, assert_bytes};

pub(crate) const JSON_TYPE: &str = "application/json; charset=utf-8";
const XML_TYPE: &str = "application/xml; charset=utf-8";
const CHANGED: &str = r#"{"Success":true,"InvalidPassword":false,"ExceptionMessageList":[]}"#;
const CHANGED_XML: &str = "<UpdateUserPasswordResponse \
    xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" \
    xmlns=\"http://schemas.datacontract.org/2004/07/BusinessLayer.Dto.Response\">\
    <ExceptionMessageList \
    xmlns:d2p1=\"http://schemas.microsoft.com/2003/10/Serialization/Arrays\" />\
    <InvalidPassword>false</InvalidPassword><Success>true</Success></UpdateUserPasswordResponse>";
const NULL_MODEL: &str = r#"{"Message":"The request is invalid."}"#;
pub(crate) const DENIED: &str = r#"{"Message":"Authorization has been denied for this request."}"#;
const NOT_READ: &str = "An error has occurred.";

async fn start() -> TestContext {
    TestContext::start("customer").await
}

async fn open(builder: ServerBuilder) -> TestContext {
    TestContext::open("customer", builder).await
}

#[track_caller]
fn assert_json(answer: &Answer, status: u16, body: &str) {
    assert_bytes(answer, status, JSON_TYPE, body);
}

#[track_caller]
fn assert_changed(answer: &Answer) {
    assert_json(answer, 200, CHANGED);
}

/// Asserts that the user id or the old password was wrong, and returns the message.
#[track_caller]
fn assert_wrong(answer: &Answer) -> String {
    let messages = messages(answer);
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert_json(answer, 200, &result(false, true, &messages));
    messages[0].clone()
}

/// Asserts that the policy refused the new password, and returns the messages.
#[track_caller]
fn assert_rejected(answer: &Answer) -> Vec<String> {
    let messages = messages(answer);
    assert!(!messages.is_empty());
    assert_json(answer, 200, &result(false, false, &messages));
    messages
}

/// Asserts an error object that has only a message.
#[track_caller]
pub(crate) fn assert_error(answer: &Answer, status: u16) -> String {
    let message = answer.json()["Message"].as_str().unwrap().to_owned();
    assert!(!message.is_empty());
    assert_json(answer, status, &format!("{{\"Message\":{}}}", Value::from(message.as_str())));
    message
}

fn messages(answer: &Answer) -> Vec<String> {
    serde_json::from_value(answer.json()["ExceptionMessageList"].clone()).unwrap()
}

/// The answer as compact JSON, its members in the page's order.
fn result(success: bool, invalid_password: bool, messages: &[String]) -> String {
    let messages = serde_json::to_string(messages).unwrap();
    format!(
        r#"{{"Success":{success},"InvalidPassword":{invalid_password},"ExceptionMessageList":{messages}}}"#
    )
}

/// The same as XML. None of the messages has anything to escape.
fn result_xml(success: bool, invalid_password: bool, messages: &[String]) -> String {
    let strings: String =
        messages.iter().map(|text| format!("<d2p1:string>{text}</d2p1:string>")).collect();
    CHANGED_XML
        .replace("/Arrays\" />", &format!("/Arrays\">{strings}</ExceptionMessageList>"))
        .replace("<InvalidPassword>false", &format!("<InvalidPassword>{invalid_password}"))
        .replace("<Success>true", &format!("<Success>{success}"))
}

/// The 400 with these keys of the model state, each with one message.
fn invalid(state: &[(&str, &str)]) -> String {
    let members: Vec<String> = state
        .iter()
        .map(|(key, message)| format!("\"{key}\":[{}]", Value::from(*message)))
        .collect();
    format!(r#"{{"Message":"The request is invalid.","ModelState":{{{}}}}}"#, members.join(","))
}

/// The same as XML. Neither keys nor messages have anything to escape.
fn invalid_xml(state: &[(&str, &str)]) -> String {
    let members: String =
        state.iter().map(|(key, message)| format!("<{key}>{message}</{key}>")).collect();
    format!(
        "<Error><Message>The request is invalid.</Message><ModelState>{members}</ModelState></Error>"
    )
}
