//! The order of the checks, each proved by a request that two of them refuse.

use http::Method;
use repass_tests::{FIRST_PASSWORD, Server};

use super::{DENIED, assert_error, assert_json, assert_rejected, assert_wrong, open, start};
use crate::house::{NEW, SOON_CLOSED};
use crate::requests::{GUID, Wire, customer_body};

#[tokio::test(flavor = "multi_thread")]
async fn path_and_method_come_before_the_caller_and_the_body() {
    let house = open(Server::builder().options("customer", "authentication = 'api-key'")).await;
    let stranger = Wire { body: "{bad".to_owned(), ..house.good.clone() };
    let elsewhere = Wire { path: "/api/Customer/Other".to_owned(), ..stranger.clone() };
    assert_error(&house.send(&elsewhere).await, 404);
    let other_method = Wire { method: Method::PUT, ..stranger };
    assert_error(&house.send(&other_method).await, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_caller_comes_before_media_type_and_body() {
    for authentication in ["api-key", "bearer"] {
        let setting = format!("authentication = '{authentication}'");
        let house = open(Server::builder().options("customer", &setting)).await;
        for wire in [
            house.good.with("content-type", Some("text/plain")),
            Wire { body: "{bad".to_owned(), ..house.good.clone() },
            Wire { body: "x".repeat(100_000), ..house.good.clone() },
        ] {
            assert_json(&house.send(&wire).await, 401, DENIED);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_media_type_comes_before_the_body_and_the_body_before_the_account() {
    let house = start().await;
    let plain = house.good.with("content-type", Some("text/plain"));
    let bad = Wire { body: "{bad".to_owned(), ..plain };
    assert_error(&house.send(&bad).await, 415);
    let wrong = house.good.replace(FIRST_PASSWORD, "a wrong guess");
    let answer = house.send(&wrong.replace("\"a wrong guess\"", "5")).await;
    assert_eq!(answer.status, 400);
    house.assert_untouched().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_password_comes_before_the_policy() {
    let house = start().await;
    let wish =
        |old: &str, new: &str| Wire { body: customer_body(GUID, old, new), ..house.good.clone() };
    assert_wrong(&house.send(&wish("a wrong guess", "short")).await);
    assert_rejected(&house.send(&wish(FIRST_PASSWORD, "short")).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_account_comes_after_the_body_and_before_old_password_and_policy() {
    let house = open(Server::builder().tables(SOON_CLOSED)).await;
    let wish =
        |old: &str, new: &str| Wire { body: customer_body(GUID, old, new), ..house.good.clone() };
    assert_wrong(&house.send(&wish("a wrong guess", NEW)).await);
    for (old, new) in [("a wrong guess", NEW), (FIRST_PASSWORD, NEW), (FIRST_PASSWORD, "short")] {
        assert_error(&house.send(&wish(old, new)).await, 429);
    }
    assert_eq!(house.send_body("{bad").await.status, 400);
    assert!(house.is_password(FIRST_PASSWORD).await);
    assert_eq!(house.failures().await, 1, "a closed account charges nothing");
}
