//! The examples of the vendor's page.

use std::time::Duration;

use repass_spec_fabric::import_profile;
use repass_tests::{Answer, Server};

use super::{TEN_MINUTES, USER, open, start, token, with};
use crate::requests::SITE;
use crate::test_context::{EASILY_OVERLOADED, NEW, SOON_LOCKED_OUT};
use crate::vendor_page::{assert_shown, for_ten_minutes, requests};

/// The user that the vendor's page shows.
const SAMPLE: &str = include_str!("../../../crates/spec-fabric/tests/user.json");

/// Proves FABRIC-8, FABRIC-18, FABRIC-24, FABRIC-26, FABRIC-27, FABRIC-28, FABRIC-29, FABRIC-31.
/// Proves FABRIC-32.
#[tokio::test(flavor = "multi_thread")]
async fn the_page_shows_the_answers_of_the_server() {
    let changed = changed().await;
    let test = start().await;
    let no_key = test.send(&test.good.with("x-api-key", None)).await;
    let no_fields = test.send_body("{}").await;
    let unknown = test.send(&with(&test.good, "resetToken", "unknown")).await;
    let refused = test.send(&with(&test.good, "newPassword", "short")).await;
    let expired = test.operator.reset_token("fabric", USER, Duration::from_nanos(1)).await;
    let expired = test.send(&with(&test.good, "resetToken", expired)).await;

    let test = open(Server::builder().tables(SOON_LOCKED_OUT)).await;
    let wrong = with(&test.good, "resetToken", "unknown");
    test.send(&wrong).await;
    let locked_out = for_ten_minutes(test.send(&wrong).await);
    let answers =
        [changed, no_key, no_fields, unknown, expired, refused, locked_out, overloaded().await];
    assert_shown("fabric", &answers);
}

/// The answer to the page's request, with the time that the page shows.
async fn changed() -> Answer {
    let accounts = format!("accounts = {{ \"{SITE}\" = \"shop\" }}");
    let test = open(Server::builder().options("fabric", &accounts)).await;
    let profile = import_profile(serde_json::from_str(SAMPLE).unwrap()).unwrap();
    test.operator.add_with("shop", USER, profile).await;
    let token = test.operator.reset_token("shop", USER, TEN_MINUTES).await;
    let [request] = requests(&test);
    let mut answer = test.send(&request.replace("RESET_TOKEN", &token)).await;
    assert!(test.operator.is_password("shop", USER, NEW).await);
    let user = answer.json();
    let at = user["updatedAt"].as_str().unwrap();
    answer.body = answer.text().replace(at, "2024-02-29T23:59:59.999Z").into();
    answer
}

async fn overloaded() -> Answer {
    let test = open(Server::builder().tables(EASILY_OVERLOADED)).await;
    for n in 0..5 {
        let wire = with(&test.good, "resetToken", token(&test).await);
        let wire = with(&wire, "newPassword", format!("the wish of number {n}, no less"));
        let answers = test.flood(&wire, 16).await;
        if let Some(busy) = answers.into_iter().find(|answer| answer.status == 503) {
            return busy;
        }
    }
    panic!("one thread and one place in the queue were enough for 16 requests at once");
}
