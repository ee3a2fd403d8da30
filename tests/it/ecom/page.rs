//! The examples of the vendor's page.

use repass_tests::{Answer, FIRST_PASSWORD};
use serde_json::json;

use super::{account_info, assert_response_id, passwords, start};
use crate::test_context::NEW;
use crate::vendor_page::{assert_shown, refusals, requests, shown_answers};

/// Proves ECOM-15, ECOM-19, ECOM-26, ECOM-27, ECOM-28, ECOM-29, ECOM-30, ECOM-32.
#[tokio::test(flavor = "multi_thread")]
async fn the_page_shows_the_answers_of_the_server() {
    let test = start().await;
    let no_key = test.send(&test.good.with("authorization", None)).await;
    let other = account_info(&test.good, |info| info["confirmPassword"] = json!("another"));
    let differs = test.send(&other).await;
    let wrong = test.send(&passwords(&test.good, "a wrong guess", NEW)).await;
    let refused = test.send(&passwords(&test.good, FIRST_PASSWORD, "short")).await;
    let [request] = requests(&test);
    let changed = test.send(&request).await;
    assert!(test.is_password(NEW).await);
    let [locked_out, overloaded] = refusals("ecom", 403).await;
    let answers = [changed, no_key, differs, wrong, refused, locked_out, overloaded];
    assert_shown("ecom", &with_shown_ids(answers));
}

/// The answers with the random identifiers replaced by those of the page.
fn with_shown_ids<const N: usize>(answers: [Answer; N]) -> [Answer; N] {
    let shown = shown_answers("ecom");
    let mut ids = shown.split("\"responseId\":\"").skip(1).map(|rest| &rest[..45]);
    answers.map(|mut answer| {
        let id = answer.json()["responseId"].as_str().unwrap().to_owned();
        assert_response_id(&id);
        let shown = ids.next().expect("an answer on the page");
        assert_response_id(shown);
        answer.body = answer.text().replace(&id, shown).into();
        answer
    })
}
