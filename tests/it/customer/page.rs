//! The examples of the vendor's page.

use repass_tests::{FIRST_PASSWORD, Server};

use super::bodies::xml_change;
use super::{assert_changed, open, start};
use crate::requests::{GUID, customer_body};
use crate::test_context::{EASILY_OVERLOADED, NEW, SOON_LOCKED_OUT};
use crate::vendor_page::{assert_shown, assert_shown_for_ten_minutes, requests};

const PAGE: &str = include_str!("../../../crates/spec-customer/README.md");

/// Proves CUSTOMER-2, CUSTOMER-37.
#[tokio::test(flavor = "multi_thread")]
async fn each_request_of_the_page_changes_the_password() {
    let wires = requests("customer", PAGE);
    assert_eq!(wires.len(), 3);
    for wire in wires {
        let test = start().await;
        assert_shown(PAGE, &test.send(&wire).await);
        assert!(test.is_password(NEW).await, "{}", wire.body);
    }
}

/// Proves CUSTOMER-31, CUSTOMER-35, CUSTOMER-36.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_request_is_answered_as_on_the_page() {
    let test = start().await;
    let xml = test.good.with("content-type", Some("application/xml"));
    for body in [
        customer_body(GUID, "a wrong guess", NEW),
        customer_body(GUID, FIRST_PASSWORD, "short"),
        customer_body("nope", FIRST_PASSWORD, NEW),
    ] {
        assert_shown(PAGE, &test.send_body(&body).await);
    }
    let short = xml_change(FIRST_PASSWORD, "short").into_bytes();
    assert_shown(PAGE, &xml.send_body(&test.client, short).await);
    let no_guid = test.good.replace(GUID, "nope").with("accept", Some("application/xml"));
    assert_shown(PAGE, &test.send(&no_guid).await);
}

/// Proves CUSTOMER-25, CUSTOMER-32, CUSTOMER-34.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_turned_away_is_told_as_on_the_page() {
    let test = open(Server::builder().options("customer", "authentication = 'api-key'")).await;
    assert_shown(PAGE, &test.send(&test.good).await);

    let test = open(Server::builder().tables(SOON_LOCKED_OUT)).await;
    let wrong = test.good.replace(FIRST_PASSWORD, "a wrong guess");
    assert_shown(PAGE, &test.send(&wrong).await);
    assert_shown_for_ten_minutes(PAGE, test.send(&wrong).await);

    let test = open(Server::builder().tables(EASILY_OVERLOADED)).await;
    assert_changed(&test.send(&test.good).await);
    for answer in test.overload(&wrong, 200).await {
        assert_shown(PAGE, &answer);
    }
}
