//! Path and method.

use http::Method;
use repass_tests::{FIRST_PASSWORD, Server};

use super::{assert_changed, assert_failed, open, passwords, start};
use crate::requests::Wire;
use crate::test_context::{ANY_PASSWORD, NEW};

/// Proves ZAP-1.
#[tokio::test(flavor = "multi_thread")]
async fn the_path_may_end_in_a_slash() {
    let test = open(Server::builder().tables(ANY_PASSWORD)).await;
    assert_changed(&test.send_to("/v1/changePassword").await);
    let back = passwords(&test.good, NEW, FIRST_PASSWORD);
    let back = Wire { path: "/v1/changePassword/".to_owned(), ..back };
    assert_changed(&test.send(&back).await);
    assert!(test.is_password(FIRST_PASSWORD).await);
}

/// Proves ZAP-1, ZAP-14.
#[tokio::test(flavor = "multi_thread")]
async fn other_paths_are_404() {
    let test = start().await;
    for path in [
        "/",
        "/v1",
        "/v2/changePassword",
        "/v1/changePassword//",
        "/v1/changePassword/x",
        "/v1/changePasswords",
        "/api/v1/changePassword",
    ] {
        assert_failed(&test.send_to(path).await, 404);
    }
    test.assert_untouched().await;
}

/// Proves ZAP-15.
#[tokio::test(flavor = "multi_thread")]
async fn other_methods_are_405_and_post_is_allowed() {
    let test = start().await;
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
        let answer = test.send_as(method).await;
        assert_failed(&answer, 405);
        assert_eq!(answer.header("allow"), "POST");
    }
    let answer = test.send_as(Method::HEAD).await;
    assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "POST"));
    assert!(answer.body.is_empty());
    test.assert_untouched().await;
}

/// Proves ZAP-1.
#[tokio::test(flavor = "multi_thread")]
async fn with_a_prefix_the_api_is_served_below_it_only() {
    let test = open(Server::builder().api("zap", "prefix = '/eu/zap'")).await;
    assert_failed(&test.send(&test.good).await, 404);
    test.assert_untouched().await;
    assert_changed(&test.send_to("/eu/zap/v1/changePassword/").await);
    assert!(test.is_password(NEW).await);
}
