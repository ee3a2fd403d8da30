//! Path, method and media type.

use http::Method;
use repass_tests::{FIRST_PASSWORD, Server};

use super::{assert_answer, assert_changed, body, open, start};
use crate::test_context::{ANY_PASSWORD, NEW, TestContext};

fn not_found(test: &TestContext, path: &str) -> String {
    let uri = format!("http://{}{path}", test.server.address);
    format!(r#"{{"Message":"No HTTP resource was found that matches the request URI '{uri}'."}}"#)
}

/// Proves ETNA-1, ETNA-2, ETNA-14.
#[tokio::test(flavor = "multi_thread")]
async fn other_paths_are_404_and_named_absolutely() {
    let test = start().await;
    for path in [
        "/",
        "/v1.0",
        "/v1.0/users/@me/password",
        "/v1.0/users/@me/password/change/now",
        "/v1.0/users//password/change",
        "/v1.0/users/@me/password/changed",
        "/v1.1/users/@me/password/change",
        "/v2/users/@me/password/change",
        "/v10/users/@me/password/change",
        "/users/@me/password/change",
        "/api/v1.0/users/@me/password/change",
    ] {
        assert_answer(&test.send_to(path).await, 404, &not_found(&test, path));
    }
    test.assert_untouched().await;
}

/// Proves ETNA-14.
#[tokio::test(flavor = "multi_thread")]
async fn asvs_14_2_1_a_query_is_not_echoed() {
    let test = start().await;
    let answer = test.send_to("/v1.0/users?Password=an-unmistakable-secret").await;
    assert_answer(&answer, 404, &not_found(&test, "/v1.0/users"));
}

/// Proves ETNA-15.
#[tokio::test(flavor = "multi_thread")]
async fn other_methods_are_405_and_put_is_allowed() {
    let test = start().await;
    for method in [Method::GET, Method::POST, Method::DELETE, Method::PATCH, Method::OPTIONS] {
        let answer = test.send_as(method.clone()).await;
        let body = format!(
            r#"{{"Message":"The requested resource does not support http method '{method}'."}}"#
        );
        assert_answer(&answer, 405, &body);
        assert_eq!(answer.header("allow"), "PUT");
    }
    let answer = test.send_as(Method::HEAD).await;
    assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "PUT"));
    assert!(answer.body.is_empty());
    test.assert_untouched().await;
}

/// Proves ETNA-20.
#[tokio::test(flavor = "multi_thread")]
async fn other_media_types_are_415_and_named_as_received() {
    let test = start().await;
    for (sent, named) in [
        ("text/plain", "text/plain"),
        ("Text/Plain; charset=utf-8", "Text/Plain"),
        ("application/xml", "application/xml"),
        ("application/x-www-form-urlencoded", "application/x-www-form-urlencoded"),
        ("application/json-patch+json", "application/json-patch+json"),
        ("multipart/form-data; boundary=x", "multipart/form-data"),
    ] {
        let answer = test.send(&test.good.with("content-type", Some(sent))).await;
        let body = format!(
            r#"{{"Message":"The request entity's media type '{named}' is not supported for this resource."}}"#
        );
        assert_answer(&answer, 415, &body);
    }
    let answer = test.send(&test.good.with("content-type", None)).await;
    assert_eq!(answer.status, 415);
    test.assert_untouched().await;
}

/// Proves ETNA-6.
#[tokio::test(flavor = "multi_thread")]
async fn json_is_accepted_by_both_its_names() {
    let test = open(Server::builder().tables(ANY_PASSWORD)).await;
    let mut passwords = (FIRST_PASSWORD, NEW);
    for media_type in [
        "application/json",
        "text/json",
        "application/json; charset=utf-8",
        "Application/JSON;charset=\"UTF-8\"",
        "TEXT/JSON",
    ] {
        let mut wire = test.good.with("content-type", Some(media_type));
        wire.body = body(passwords.0, passwords.1);
        assert_changed(&test.send(&wire).await);
        assert!(test.is_password(passwords.1).await, "{media_type}");
        passwords = (passwords.1, passwords.0);
    }
}

/// Proves ETNA-2.
#[tokio::test(flavor = "multi_thread")]
async fn both_spellings_of_the_version_are_accepted() {
    let test = open(Server::builder().tables(ANY_PASSWORD)).await;
    let mut passwords = (FIRST_PASSWORD, NEW);
    for path in ["/v1/users/@me/password/change", "/v1.0/users/1001/password/change"] {
        let mut wire = test.good.clone();
        wire.path = path.to_owned();
        wire.body = body(passwords.0, passwords.1);
        assert_changed(&test.send(&wire).await);
        assert!(test.is_password(passwords.1).await, "{path}");
        passwords = (passwords.1, passwords.0);
    }
}

/// Proves ETNA-1.
#[tokio::test(flavor = "multi_thread")]
async fn with_a_prefix_the_api_is_served_below_it_only() {
    let test = open(Server::builder().api("etna", "prefix = '/api'")).await;
    let plain = test.good.path.clone();
    assert_answer(&test.send_to(&plain).await, 404, &not_found(&test, &plain));
    for path in [format!("/API{plain}"), format!("/apis{plain}"), format!("/api{plain}/x")] {
        assert_answer(&test.send_to(&path).await, 404, &not_found(&test, &path));
    }
    let mut good = test.good.clone();
    good.path = format!("/api{plain}");
    good.method = Method::GET;
    let answer = test.send(&good).await;
    assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "PUT"));
    test.assert_untouched().await;
    good.method = Method::PUT;
    assert_changed(&test.send(&good).await);
    assert!(test.is_password(NEW).await);
}
