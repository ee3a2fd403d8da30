//! Site accounts: each a realm of its own.

use repass_tests::{FIRST_PASSWORD, Server};
use serde_json::json;

use super::{OTHER_SITE, TEN_MINUTES, USER, assert_not_found, assert_user, open, start, with};
use crate::requests::{SITE, Wire};
use crate::test_context::{NEW, TestContext};

/// The realm of the second site account.
const SECOND: &str = "second";

fn of_site(wire: &Wire, site: &str) -> Wire {
    wire.with("x-site-context", Some(&json!({ "account": site }).to_string()))
}

/// Two site accounts are mapped, and the user is in both.
async fn two_shops(more: &str) -> TestContext {
    let accounts = format!(
        "accounts = {{ \"{SITE}\" = \"fabric\", \"{OTHER_SITE}\" = \"{SECOND}\" }}\n{more}"
    );
    let test = open(Server::builder().options("fabric", &accounts)).await;
    test.operator.add(SECOND, USER).await;
    test
}

/// Proves FABRIC-4, FABRIC-39.
#[tokio::test(flavor = "multi_thread")]
async fn a_site_account_selects_its_realm() {
    let test = two_shops("").await;
    let token = test.operator.reset_token(SECOND, USER, TEN_MINUTES).await;
    let other = with(&of_site(&test.good, OTHER_SITE), "resetToken", token);
    let answer = test.send(&other).await;
    assert_user(&answer, USER);
    assert_eq!(answer.json()["account"], OTHER_SITE);
    assert!(test.operator.is_password(SECOND, USER, NEW).await);
    test.assert_untouched().await;
    assert_user(&test.send(&test.good).await, USER);
    assert!(test.is_password(NEW).await);
}

/// Proves FABRIC-28.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_another_site_account_is_unknown_and_stays_usable_in_its_own() {
    let test = two_shops("").await;
    assert_not_found(&test.send(&of_site(&test.good, OTHER_SITE)).await);
    let token = test.operator.reset_token(SECOND, USER, TEN_MINUTES).await;
    assert_not_found(&test.send(&with(&test.good, "resetToken", token)).await);
    assert!(test.is_password(FIRST_PASSWORD).await);
    assert_user(&test.send(&test.good).await, USER);
}

/// Proves FABRIC-25.
#[tokio::test(flavor = "multi_thread")]
async fn a_site_account_that_is_not_mapped_is_the_same_404() {
    let test = two_shops("").await;
    for site in ["zzzz1111bbbb2222cccc3333", &SITE.to_uppercase()] {
        assert_not_found(&test.send(&of_site(&test.good, site)).await);
    }
    test.assert_untouched().await;
}

/// Proves FABRIC-4.
#[tokio::test(flavor = "multi_thread")]
async fn site_accounts_that_are_not_mapped_are_of_the_default_realm() {
    let test = two_shops("default_realm = 'rest'").await;
    test.operator.add("rest", USER).await;
    let token = test.operator.reset_token("rest", USER, TEN_MINUTES).await;
    let of_rest = with(&of_site(&test.good, "zzzz1111bbbb2222cccc3333"), "resetToken", token);
    assert_not_found(&test.send(&of_site(&of_rest, SITE)).await);
    assert_user(&test.send(&of_rest).await, USER);
    assert!(test.operator.is_password("rest", USER, NEW).await);
    assert!(test.operator.is_password(SECOND, USER, FIRST_PASSWORD).await);
}

/// Proves FABRIC-4.
#[tokio::test(flavor = "multi_thread")]
async fn the_default_alone_takes_every_site_account() {
    let test = open(Server::builder().options("fabric", "default_realm = 'rest'")).await;
    assert_not_found(&test.send(&test.good).await);
    test.operator.add("rest", USER).await;
    let token = test.operator.reset_token("rest", USER, TEN_MINUTES).await;
    assert_user(&test.send(&with(&test.good, "resetToken", token)).await, USER);
}

/// Proves FABRIC-4.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_mapping_every_site_account_is_the_mount_s_realm() {
    let test = start().await;
    assert_user(&test.send(&of_site(&test.good, OTHER_SITE)).await, USER);
    assert!(test.is_password(NEW).await);
}
