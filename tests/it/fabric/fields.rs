//! Row 3: the members of the body.

use repass_tests::Server;
use serde_json::{Value, json};

use super::{USER, assert_bad_request, assert_user, open, start, token, with};
use crate::house::{ANY_PASSWORD, NEW};
use crate::requests::Wire;

const FIELDS: [&str; 3] = ["userId", "resetToken", "newPassword"];

#[tokio::test(flavor = "multi_thread")]
async fn row_3_a_field_that_is_missing_empty_or_no_string_is_named() {
    let house = start().await;
    for field in FIELDS {
        let missing = house.good.edit(|body| {
            body.as_object_mut().unwrap().remove(field);
        });
        let renamed = house.good.replace(field, &field.to_uppercase());
        let mut wires = vec![missing, renamed];
        for value in
            [json!(null), json!(""), json!(5), json!(true), json!([]), json!({}), json!(["a"])]
        {
            wires.push(with(&house.good, field, value));
        }
        for wire in wires {
            let message = assert_bad_request(&house.send(&wire).await);
            assert!(message.contains(field), "{message}");
            for other in FIELDS.into_iter().filter(|other| *other != field) {
                assert!(!message.contains(other), "{message}");
            }
            assert!(!message.contains(NEW), "no value is quoted");
        }
    }
    house.assert_untouched().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn row_3_every_bad_field_is_named_at_once() {
    let house = start().await;
    let message = assert_bad_request(&house.send_body("{}").await);
    for field in FIELDS {
        assert!(message.contains(field), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_3_a_body_that_is_no_json_object_is_malformed() {
    let house = start().await;
    for body in ["", " ", "null", "5", "\"text\"", "[]", "{", "{\"userId\":}", "userId=x"] {
        let answer = house.send_body(body).await;
        assert_eq!(answer.status, 400, "{body}");
        assert_bad_request(&answer);
    }
    let listed = format!("[{}]", house.good.body);
    assert_bad_request(&house.send_body(&listed).await);
    house.assert_untouched().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_members_are_ignored_and_of_duplicates_the_last_counts() {
    let house = open(Server::builder().tables(ANY_PASSWORD)).await;
    let unknown = house.good.edit(|body| {
        body["UserId"] = json!(5);
        body["password"] = json!({ "newPassword": "x" });
        body["confirmPassword"] = Value::Null;
    });
    assert_user(&house.send(&unknown).await, USER);
    let token = token(&house).await;
    let body = format!(
        r#"{{"newPassword":"one","userId":"x","newPassword":"two","userId":"{USER}","resetToken":"{token}"}}"#
    );
    assert_user(&house.send(&Wire { body, ..house.good.clone() }).await, USER);
    assert!(house.is_password("two").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn nist_3_1_1_2_the_new_password_is_kept_exactly_as_sent() {
    let house = open(Server::builder().tables(ANY_PASSWORD)).await;
    for new in [" ", " a b ", "ABC123", "é🔑漢", "a\u{0}b\r\n\"\\", "e\u{301}", &"x".repeat(256)]
    {
        let wire = with(&house.good, "resetToken", token(&house).await);
        assert_user(&house.send(&with(&wire, "newPassword", new)).await, USER);
        assert!(house.is_password(new).await, "{new:?}");
    }
}
