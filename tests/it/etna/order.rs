//! The order of the checks. Each test sends requests that two of them refuse.

use http::Method;
use repass_tests::{FIRST_PASSWORD, Server};
use serde_json::json;

use super::{
    BAD_ID, NO_APP_KEY, WRONG, assert_answer, assert_denied, body, invalid, of_user, open, start,
};
use crate::requests::Wire;
use crate::test_context::{NEW, SOON_LOCKED_OUT, assert_locked_out};

/// Proves ETNA-35.
#[tokio::test(flavor = "multi_thread")]
async fn the_app_key_comes_before_everything_else() {
    let test = start().await;
    let no_key = test.good.with("et-app-key", None);
    let bad_id = Wire { path: of_user(&test, "pat").path, ..no_key.clone() };
    for wire in [
        no_key.with("authorization", None),
        bad_id,
        no_key.with("content-type", Some("text/plain")),
        Wire { body: "{bad".to_owned(), ..no_key.clone() },
    ] {
        assert_answer(&test.send(&wire).await, 403, NO_APP_KEY);
    }
    test.assert_untouched().await;
}

/// Proves ETNA-35.
#[tokio::test(flavor = "multi_thread")]
async fn the_token_comes_before_the_user_id_and_the_body() {
    let test = start().await;
    let no_token = test.good.with("authorization", None);
    let bad_id = Wire { path: of_user(&test, "pat").path, ..no_token.clone() };
    for wire in [
        bad_id,
        no_token.with("content-type", Some("text/plain")),
        Wire { body: "{bad".to_owned(), ..no_token.clone() },
    ] {
        assert_denied(&test.send(&wire).await);
    }
}

/// Proves ETNA-35.
#[tokio::test(flavor = "multi_thread")]
async fn the_user_id_comes_before_the_body() {
    let test = start().await;
    test.operator.add("etna", "1002").await;
    let (bad_id, other_id) = (of_user(&test, "pat"), of_user(&test, "1002"));
    let unreadable = [
        |wire: &Wire| Wire { body: "{bad".to_owned(), ..wire.clone() },
        |wire: &Wire| Wire { body: "{}".to_owned(), ..wire.clone() },
        |wire: &Wire| wire.with("content-type", Some("text/plain")),
        |wire: &Wire| wire.replace(FIRST_PASSWORD, "a wrong guess"),
        |wire: &Wire| wire.replace(NEW, "short"),
    ];
    for spoil in unreadable {
        assert_answer(&test.send(&spoil(&bad_id)).await, 400, BAD_ID);
        assert_denied(&test.send(&spoil(&other_id)).await);
    }
    assert_eq!(
        test.failures_of("1002").await,
        0,
        "a refused caller counts as no failure of another account"
    );
    test.assert_untouched().await;
}

/// Proves ETNA-26, ETNA-27.
#[tokio::test(flavor = "multi_thread")]
async fn types_and_required_members_are_reported_together_with_the_confirmation() {
    let test = start().await;
    let answer = test.send_body(r#"{"OldPassword":5,"PasswordConfirm":"x"}"#).await;
    let state = r#""userPassword.OldPassword":["An error has occurred.","Password is required"],"userPassword.Password":["Password is required"],"userPassword.PasswordConfirm":["'PasswordConfirm' and 'Password' do not match."]"#;
    assert_answer(&answer, 422, &invalid(state));
}

/// Proves ETNA-35.
#[tokio::test(flavor = "multi_thread")]
async fn the_body_comes_before_the_old_password() {
    let test = start().await;
    let wrong = test.good.replace(FIRST_PASSWORD, "a wrong guess");
    let differs = wrong.edit(|body| body["PasswordConfirm"] = json!("another"));
    assert_eq!(test.send(&differs).await.status, 422);
    let missing = wrong.edit(|body| body["Password"] = json!(null));
    assert_eq!(test.send(&missing).await.status, 422);
    test.assert_untouched().await;
}

/// Proves ETNA-35.
#[tokio::test(flavor = "multi_thread")]
async fn asvs_6_3_8_the_old_password_comes_before_the_policy() {
    let test = start().await;
    for new in ["short", "password", "a wrong guess", "my number is 1001"] {
        let answer = test.send_body(&body("a wrong guess", new)).await;
        assert_answer(&answer, 400, WRONG);
        let realm = test.operator.realm("etna");
        test.operator.administration.unlock(&realm, "1001").await.unwrap();
    }
}

/// Proves ETNA-35.
#[tokio::test(flavor = "multi_thread")]
async fn a_lockout_comes_after_caller_and_body_and_before_password_and_policy() {
    let test = open(Server::builder().tables(SOON_LOCKED_OUT)).await;
    test.send_body(&body("a wrong guess", NEW)).await;
    assert_locked_out(&test.send_body(&body("another wrong guess", NEW)).await);
    assert_locked_out(&test.send_body(&body(FIRST_PASSWORD, "short")).await);
    assert_eq!(test.send_body("{}").await.status, 422);
    assert_denied(&test.send(&of_user(&test, "1002")).await);
    assert_denied(&test.send(&test.good.with("authorization", None)).await);
    assert_answer(&test.send(&test.good.with("et-app-key", None)).await, 403, NO_APP_KEY);
}

/// Proves ETNA-35.
#[tokio::test(flavor = "multi_thread")]
async fn path_and_method_come_before_the_caller() {
    let test = start().await;
    let stranger = test.good.with("et-app-key", None).with("authorization", None);
    let elsewhere = Wire { path: "/v1.0/users/@me".to_owned(), ..stranger.clone() };
    assert_eq!(test.send(&elsewhere).await.status, 404);
    let other_method = Wire { method: Method::POST, ..stranger };
    assert_eq!(test.send(&other_method).await.status, 405);
}
