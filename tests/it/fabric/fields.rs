//! The members of the body.

use repass_tests::Server;
use serde_json::{Value, json};

use super::{USER, assert_bad_request, assert_user, open, start, token, with};
use crate::requests::Wire;
use crate::test_context::{ANY_PASSWORD, NEW};

const FIELDS: [&str; 3] = ["userId", "resetToken", "newPassword"];

/// Proves FABRIC-7, FABRIC-8, FABRIC-24.
#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_is_missing_empty_or_no_string_is_named() {
    let test = start().await;
    for field in FIELDS {
        let missing = test.good.edit(|body| {
            body.as_object_mut().unwrap().remove(field);
        });
        let renamed = test.good.replace(field, &field.to_uppercase());
        let mut wires = vec![missing, renamed];
        for value in
            [json!(null), json!(""), json!(5), json!(true), json!([]), json!({}), json!(["a"])]
        {
            wires.push(with(&test.good, field, value));
        }
        for wire in wires {
            let message = assert_bad_request(&test.send(&wire).await);
            assert!(message.contains(field), "{message}");
            for other in FIELDS.into_iter().filter(|other| *other != field) {
                assert!(!message.contains(other), "{message}");
            }
            assert!(!message.contains(NEW), "no value is quoted");
        }
    }
    test.assert_untouched().await;
}

/// Proves FABRIC-8, FABRIC-24.
#[tokio::test(flavor = "multi_thread")]
async fn every_bad_field_is_named_at_once() {
    let test = start().await;
    let message = assert_bad_request(&test.send_body("{}").await);
    for field in FIELDS {
        assert!(message.contains(field), "{message}");
    }
}

/// Proves FABRIC-7, FABRIC-24.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_no_json_object_is_malformed() {
    let test = start().await;
    for body in ["", " ", "null", "5", "\"text\"", "[]", "{", "{\"userId\":}", "userId=x"] {
        let answer = test.send_body(body).await;
        assert_eq!(answer.status, 400, "{body}");
        assert_bad_request(&answer);
    }
    let listed = format!("[{}]", test.good.body);
    assert_bad_request(&test.send_body(&listed).await);
    test.assert_untouched().await;
}

/// Proves FABRIC-7.
#[tokio::test(flavor = "multi_thread")]
async fn unknown_members_are_ignored_and_of_duplicates_the_last_counts() {
    let test = open(Server::builder().tables(ANY_PASSWORD)).await;
    let unknown = test.good.edit(|body| {
        body["UserId"] = json!(5);
        body["password"] = json!({ "newPassword": "x" });
        body["confirmPassword"] = Value::Null;
    });
    assert_user(&test.send(&unknown).await, USER);
    let token = token(&test).await;
    let body = format!(
        r#"{{"newPassword":"one","userId":"x","newPassword":"two","userId":"{USER}","resetToken":"{token}"}}"#
    );
    assert_user(&test.send(&Wire { body, ..test.good.clone() }).await, USER);
    assert!(test.is_password("two").await);
}

/// Proves FABRIC-10.
#[tokio::test(flavor = "multi_thread")]
async fn nist_3_1_1_2_the_new_password_is_kept_exactly_as_sent() {
    let test = open(Server::builder().tables(ANY_PASSWORD)).await;
    for new in [" ", " a b ", "ABC123", "é🔑漢", "a\u{0}b\r\n\"\\", "e\u{301}", &"x".repeat(256)]
    {
        let wire = with(&test.good, "resetToken", token(&test).await);
        assert_user(&test.send(&with(&wire, "newPassword", new)).await, USER);
        assert!(test.is_password(new).await, "{new:?}");
    }
}
