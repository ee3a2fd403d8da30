//! The examples of the vendor's page.

use repass_tests::FIRST_PASSWORD;

use super::{body, start};
use crate::test_context::NEW;
use crate::vendor_page::{assert_shown, refusals, requests};

/// Proves ETNA-16, ETNA-17, ETNA-27, ETNA-29, ETNA-30, ETNA-31, ETNA-32, ETNA-34.
#[tokio::test(flavor = "multi_thread")]
async fn the_page_shows_the_answers_of_the_server() {
    let test = start().await;
    let no_key = test.send(&test.good.with("et-app-key", None)).await;
    let no_token = test.send(&test.good.with("authorization", None)).await;
    let no_members = test.send_body("{}").await;
    let wrong = test.send_body(&body("a wrong guess", NEW)).await;
    let refused = test.send_body(&body(FIRST_PASSWORD, "short")).await;
    let [request] = requests(&test);
    let changed = test.send(&request).await;
    assert!(test.is_password(NEW).await);
    let [locked_out, overloaded] = refusals("etna", 400).await;
    let answers = [changed, no_key, no_token, no_members, wrong, refused, locked_out, overloaded];
    assert_shown("etna", &answers);
}
