//! The order of the checks, each proved by a request that two of them refuse.

use http::Method;
use repass_tests::{FIRST_PASSWORD, Server};

use super::{
    FORBIDDEN, TYPE, UNAUTHORIZED, assert_failed, assert_message, by, open, passwords, start, with,
    without,
};
use crate::house::{NEW, SOON_CLOSED, assert_bytes};
use crate::requests::Wire;

#[tokio::test(flavor = "multi_thread")]
async fn path_and_method_come_before_the_token() {
    let house = start().await;
    let stranger = house.good.with("authorization", None);
    let other_method = Wire { method: Method::GET, ..stranger.clone() };
    assert_failed(&house.send(&other_method).await, 405);
    let elsewhere = Wire { path: "/v1/changePasswords".to_owned(), ..stranger };
    assert_failed(&house.send(&elsewhere).await, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_comes_before_content_type_and_body() {
    let house = start().await;
    let stranger = house.good.with("authorization", None);
    for wire in [
        stranger.with("content-type", Some("text/plain")),
        Wire { body: "{bad".to_owned(), ..stranger.clone() },
        Wire { body: "x".repeat(100_000), ..stranger.clone() },
    ] {
        assert_bytes(&house.send(&wire).await, 401, TYPE, UNAUTHORIZED);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fields_come_before_the_authority_over_the_account() {
    let house = start().await;
    let nosy = by(&house, "nosy", &[]).await;
    for wire in [
        without(&nosy, "newPassword"),
        with(&nosy, "email", "pat"),
        nosy.with("content-type", Some("text/plain")),
        Wire { body: "{bad".to_owned(), ..nosy.clone() },
    ] {
        assert_failed(&house.send(&wire).await, 400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_authority_comes_before_the_account_is_looked_at() {
    let house = start().await;
    let nosy = by(&house, "nosy", &[]).await;
    for wire in [
        passwords(&nosy, "a wrong guess", NEW),
        passwords(&nosy, FIRST_PASSWORD, "short"),
        with(&nosy, "secureOTP", "x"),
        with(&nosy, "email", "nosy@example.org"),
    ] {
        assert_bytes(&house.send(&wire).await, 403, TYPE, FORBIDDEN);
    }
    house.assert_untouched().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn asvs_6_3_8_the_old_password_comes_before_the_policy() {
    let house = start().await;
    let realm = house.desk.realm("zap");
    let text = assert_failed(&house.send(&passwords(&house.good, "a wrong guess", NEW)).await, 400);
    for new in ["short", "password", "a wrong guess"] {
        house.desk.administration.unlock(&realm, house.user_id).await.unwrap();
        let answer = house.send(&passwords(&house.good, "a wrong guess", new)).await;
        assert_message(&answer, 400, &text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_one_time_password_comes_before_the_policy() {
    let house = start().await;
    let wire = with(&passwords(&house.good, FIRST_PASSWORD, "short"), "secureOTP", "x");
    assert_failed(&house.send(&wire).await, 400);
    assert_eq!(house.last_try().await.outcome, "wrong-otp");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_account_comes_after_caller_and_fields_and_before_password_and_policy() {
    let house = open(Server::builder().tables(SOON_CLOSED)).await;
    let nosy = by(&house, "nosy", &[]).await;
    assert_failed(&house.send(&passwords(&house.good, "a wrong guess", NEW)).await, 400);
    for (old, new) in [("a wrong guess", NEW), (FIRST_PASSWORD, "short")] {
        assert_failed(&house.send(&passwords(&house.good, old, new)).await, 429);
    }
    assert_failed(&house.send_body("{}").await, 400);
    assert_bytes(&house.send(&nosy).await, 403, TYPE, FORBIDDEN);
    let stranger = house.good.with("authorization", None);
    assert_bytes(&house.send(&stranger).await, 401, TYPE, UNAUTHORIZED);
}
