//! The examples of the vendor's page.

use std::time::Duration;

use repass_spec_fabric::import_profile;
use repass_tests::Server;

use super::{TEN_MINUTES, USER, open, start, token, with};
use crate::requests::SITE;
use crate::test_context::{EASILY_OVERLOADED, NEW, SOON_LOCKED_OUT};
use crate::vendor_page::{assert_shown, assert_shown_for_ten_minutes, requests};

const PAGE: &str = include_str!("../../../crates/spec-fabric/README.md");

/// The user that the vendor's page shows.
const SAMPLE: &str = include_str!("../../../crates/spec-fabric/tests/user.json");

/// Proves FABRIC-8, FABRIC-32.
#[tokio::test(flavor = "multi_thread")]
async fn the_request_of_the_page_is_answered_by_the_user_of_the_page() {
    let accounts = format!("accounts = {{ \"{SITE}\" = \"shop\" }}");
    let test = open(Server::builder().options("fabric", &accounts)).await;
    let profile = import_profile(serde_json::from_str(SAMPLE).unwrap()).unwrap();
    test.operator.add_with("shop", USER, profile).await;
    let token = test.operator.reset_token("shop", USER, TEN_MINUTES).await;

    let wires = requests("fabric", PAGE);
    assert_eq!(wires.len(), 1);
    let wire = wires[0].replace("RESET_TOKEN", &token);
    let wire = wire.with("x-api-key", Some(test.good_header("x-api-key")));
    let mut answer = test.send(&wire).await;
    assert!(test.operator.is_password("shop", USER, NEW).await);
    let user = answer.json();
    let at = user["updatedAt"].as_str().unwrap();
    answer.body = answer.text().replace(at, "2024-02-29T23:59:59.999Z").into();
    assert_shown(PAGE, &answer);
}

/// Proves FABRIC-18, FABRIC-24, FABRIC-28, FABRIC-29, FABRIC-31.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_request_is_answered_as_on_the_page() {
    let test = start().await;
    assert_shown(PAGE, &test.send(&test.good.with("x-api-key", None)).await);
    assert_shown(PAGE, &test.send_body("{}").await);
    assert_shown(PAGE, &test.send(&with(&test.good, "resetToken", "unknown")).await);
    assert_shown(PAGE, &test.send(&with(&test.good, "newPassword", "short")).await);
    let expired = test.operator.reset_token("fabric", USER, Duration::from_nanos(1)).await;
    assert_shown(PAGE, &test.send(&with(&test.good, "resetToken", expired)).await);
}

/// Proves FABRIC-26, FABRIC-27.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_to_wait_is_told_as_on_the_page() {
    let test = open(Server::builder().tables(SOON_LOCKED_OUT)).await;
    let wrong = with(&test.good, "resetToken", "unknown");
    assert_shown(PAGE, &test.send(&wrong).await);
    assert_shown_for_ten_minutes(PAGE, test.send(&wrong).await);

    let test = open(Server::builder().tables(EASILY_OVERLOADED)).await;
    for n in 0..5 {
        let wire = with(&test.good, "resetToken", token(&test).await);
        let wire = with(&wire, "newPassword", format!("the wish of number {n}, no less"));
        let answers = test.flood(&wire, 16).await;
        if let Some(busy) = answers.iter().find(|answer| answer.status == 503) {
            assert_shown(PAGE, busy);
            return;
        }
    }
    panic!("one thread and one place in the queue were enough for 16 requests at once");
}
