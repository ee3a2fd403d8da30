//! Site accounts: each a realm of its own.

use repass_tests::{FIRST_PASSWORD, Server};
use serde_json::json;

use super::{OTHER_SITE, TEN_MINUTES, USER, assert_not_found, assert_user, open, start, with};
use crate::house::{House, NEW};
use crate::requests::{SITE, Wire};

/// The realm of the second site account.
const SECOND: &str = "second";

fn of_site(wire: &Wire, site: &str) -> Wire {
    wire.with("x-site-context", Some(&json!({ "account": site }).to_string()))
}

/// Two site accounts are mapped, and the user is in both.
async fn two_shops(more: &str) -> House {
    let accounts = format!(
        "accounts = {{ \"{SITE}\" = \"fabric\", \"{OTHER_SITE}\" = \"{SECOND}\" }}\n{more}"
    );
    let house = open(Server::builder().options("fabric", &accounts)).await;
    house.desk.add(SECOND, USER).await;
    house
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_account_selects_its_realm() {
    let house = two_shops("").await;
    let token = house.desk.reset_token(SECOND, USER, TEN_MINUTES).await;
    let other = with(&of_site(&house.good, OTHER_SITE), "resetToken", token);
    let answer = house.send(&other).await;
    assert_user(&answer, USER);
    assert_eq!(answer.json()["account"], OTHER_SITE);
    assert!(house.desk.is_password(SECOND, USER, NEW).await);
    house.assert_untouched().await;
    assert_user(&house.send(&house.good).await, USER);
    assert!(house.is_password(NEW).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn row_4_a_token_of_another_site_account_is_unknown_and_stays_usable_in_its_own() {
    let house = two_shops("").await;
    assert_not_found(&house.send(&of_site(&house.good, OTHER_SITE)).await);
    let token = house.desk.reset_token(SECOND, USER, TEN_MINUTES).await;
    assert_not_found(&house.send(&with(&house.good, "resetToken", token)).await);
    assert!(house.is_password(FIRST_PASSWORD).await);
    assert_user(&house.send(&house.good).await, USER);
}

#[tokio::test(flavor = "multi_thread")]
async fn row_4_a_site_account_that_is_not_mapped_is_the_same_404() {
    let house = two_shops("").await;
    for site in ["zzzz1111bbbb2222cccc3333", &SITE.to_uppercase()] {
        assert_not_found(&house.send(&of_site(&house.good, site)).await);
    }
    house.assert_untouched().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_is_the_realm_of_whatever_is_not_mapped() {
    let house = two_shops("default_realm = 'rest'").await;
    house.desk.add("rest", USER).await;
    let token = house.desk.reset_token("rest", USER, TEN_MINUTES).await;
    let of_rest = with(&of_site(&house.good, "zzzz1111bbbb2222cccc3333"), "resetToken", token);
    assert_not_found(&house.send(&of_site(&of_rest, SITE)).await);
    assert_user(&house.send(&of_rest).await, USER);
    assert!(house.desk.is_password("rest", USER, NEW).await);
    assert!(house.desk.is_password(SECOND, USER, FIRST_PASSWORD).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_alone_takes_every_site_account() {
    let house = open(Server::builder().options("fabric", "default_realm = 'rest'")).await;
    assert_not_found(&house.send(&house.good).await);
    house.desk.add("rest", USER).await;
    let token = house.desk.reset_token("rest", USER, TEN_MINUTES).await;
    assert_user(&house.send(&with(&house.good, "resetToken", token)).await, USER);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_mapping_every_site_account_is_the_mount_s_realm() {
    let house = start().await;
    assert_user(&house.send(&of_site(&house.good, OTHER_SITE)).await, USER);
    assert!(house.is_password(NEW).await);
}
