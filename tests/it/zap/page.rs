//! The examples of the vendor's page.

use repass_tests::FIRST_PASSWORD;

use super::{by, passwords, start};
use crate::test_context::NEW;
use crate::vendor_page::{assert_shown, refusals, requests};

/// Proves ZAP-3, ZAP-8, ZAP-28.
#[tokio::test(flavor = "multi_thread")]
async fn each_request_of_the_page_changes_the_password() {
    for number in 0..2 {
        let test = start().await;
        test.send(&requests::<2>(&test)[number]).await;
        assert!(test.is_password(NEW).await, "request {number}");
    }
}

/// Proves ZAP-16, ZAP-23, ZAP-24, ZAP-25, ZAP-27, ZAP-28, ZAP-30.
#[tokio::test(flavor = "multi_thread")]
async fn the_page_shows_the_answers_of_the_server() {
    let test = start().await;
    let wrong = test.send(&passwords(&test.good, "a wrong guess", NEW)).await;
    let refused = test.send(&passwords(&test.good, FIRST_PASSWORD, "short")).await;
    let no_token = test.send(&test.good.with("authorization", None)).await;
    let forbidden = test.send(&by(&test, "another user", &[]).await).await;
    let changed = test.send(&test.good).await;
    let [locked_out, overloaded] = refusals("zap", 400).await;
    let answers = [changed, wrong, refused, no_token, forbidden, locked_out, overloaded];
    assert_shown("zap", &answers);
}
