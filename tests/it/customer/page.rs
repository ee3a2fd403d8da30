//! The examples of the vendor's page.

use repass_tests::{FIRST_PASSWORD, Server};

use super::bodies::xml_change;
use super::{open, start};
use crate::requests::{GUID, customer_body};
use crate::test_context::NEW;
use crate::vendor_page::{assert_shown, refusals, requests};

/// Proves CUSTOMER-2, CUSTOMER-37.
#[tokio::test(flavor = "multi_thread")]
async fn each_request_of_the_page_changes_the_password() {
    for number in 0..3 {
        let test = start().await;
        test.send(&requests::<3>(&test)[number]).await;
        assert!(test.is_password(NEW).await, "request {number}");
    }
}

/// Proves CUSTOMER-25, CUSTOMER-31, CUSTOMER-32, CUSTOMER-34, CUSTOMER-35, CUSTOMER-36.
/// Proves CUSTOMER-37.
#[tokio::test(flavor = "multi_thread")]
async fn the_page_shows_the_answers_of_the_server() {
    let test = start().await;
    let xml = test.good.with("content-type", Some("application/xml"));
    let short = xml_change(FIRST_PASSWORD, "short").into_bytes();
    let no_guid = test.good.replace(GUID, "nope");
    let wrong = test.send_body(&customer_body(GUID, "a wrong guess", NEW)).await;
    let refused = test.send_body(&customer_body(GUID, FIRST_PASSWORD, "short")).await;
    let invalid = test.send(&no_guid).await;
    let xml_refused = xml.send_body(&test.client, short).await;
    let xml_invalid = test.send(&no_guid.with("accept", Some("application/xml"))).await;
    let changed = test.send(&test.good).await;

    let test = start().await;
    let xml_change = xml_change(FIRST_PASSWORD, NEW).into_bytes();
    let xml_changed = xml.send_body(&test.client, xml_change).await;
    let test = open(Server::builder().options("customer", "authentication = 'api-key'")).await;
    let denied = test.send(&test.good).await;
    let [locked_out, overloaded] = refusals("customer", 200).await;
    assert_shown(
        "customer",
        &[
            changed,
            wrong,
            refused,
            invalid,
            denied,
            locked_out,
            overloaded,
            xml_changed,
            xml_refused,
            xml_invalid,
        ],
    );
}
