//! The order of the checks, each proved by a request that two of them refuse.

use http::Method;
use repass_tests::{FIRST_PASSWORD, Server};
use serde_json::json;

use super::{account_info, assert_failed, open, passwords, start};
use crate::house::{NEW, SOON_CLOSED};
use crate::requests::Wire;

#[tokio::test(flavor = "multi_thread")]
async fn the_key_comes_before_the_media_type_and_the_body() {
    let house = start().await;
    let no_key = house.good.with("authorization", None);
    for wire in [
        no_key.with("content-type", Some("text/plain")),
        Wire { body: "{bad".to_owned(), ..no_key.clone() },
        Wire { body: "x".repeat(100_000), ..no_key.clone() },
    ] {
        assert_failed(&house.send(&wire).await, 401);
    }
    let other_method = Wire { method: Method::GET, ..no_key };
    assert_failed(&house.send(&other_method).await, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_media_type_comes_before_the_body() {
    let house = start().await;
    let plain = house.good.with("content-type", Some("text/plain"));
    for body in ["{bad".to_owned(), "x".repeat(100_000)] {
        assert_failed(&house.send(&Wire { body, ..plain.clone() }).await, 415);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fields_come_before_the_account() {
    let house = start().await;
    let wrong = passwords(&house.good, "a wrong guess", NEW);
    for spoil in [json!("another"), json!(null), json!("")] {
        let wire = account_info(&wrong, |info| info["confirmPassword"] = spoil);
        assert_failed(&house.send(&wire).await, 400);
    }
    house.assert_untouched().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn asvs_6_3_8_the_old_password_comes_before_the_policy() {
    let house = start().await;
    let realm = house.desk.realm("ecom");
    let text = assert_failed(&house.send(&passwords(&house.good, "a wrong guess", NEW)).await, 403);
    for new in ["short", "password", "a wrong guess", "mine is ram123 and no other"] {
        house.desk.administration.unlock(&realm, house.user_id).await.unwrap();
        let answer = house.send(&passwords(&house.good, "a wrong guess", new)).await;
        assert_eq!(assert_failed(&answer, 403), text, "{new}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_account_comes_after_key_and_fields_and_before_password_and_policy() {
    let house = open(Server::builder().tables(SOON_CLOSED)).await;
    assert_failed(&house.send(&passwords(&house.good, "a wrong guess", NEW)).await, 403);
    for (old, new) in [("a wrong guess", NEW), (FIRST_PASSWORD, "short")] {
        assert_failed(&house.send(&passwords(&house.good, old, new)).await, 429);
    }
    assert_failed(&house.send_body("{}").await, 400);
    assert_failed(&house.send(&house.good.with("authorization", None)).await, 401);
}
