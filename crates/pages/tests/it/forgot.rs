//! `/account/forgot`.

use std::time::Duration;

use http::StatusCode;
use http::header::RETRY_AFTER;
use repass_testkit::fixtures;

use crate::test_context::{Answer, Browser, PAT, TestContext, realm};

const PATH: &str = "/account/forgot";

async fn request(browser: &Browser, name: &str) -> Answer {
    browser.submit(PATH, &[("username", name)]).await
}

// Row: the answer waits for SMTP when the address is known.
/// Proves ASVS 6.3.8.
#[tokio::test]
async fn asvs_6_3_8_the_answer_is_the_same_for_every_name_and_mails_known_ones() {
    let test = TestContext::new().await;
    test.add("kim", "kim@example.org").await;
    test.engine.administration().set_active(&realm(), "kim", false).await.unwrap();
    let browser = test.browser();
    let mut answers = Vec::new();
    for name in [" Pat@Example.org ", "nobody@example.org", "kim@example.org", "kim", "<b>", "@"] {
        let answer = request(&browser, name).await;
        assert_eq!(answer.location(), "/account/forgot/sent");
        let mut headers = answer.headers.clone();
        headers.remove("x-request-id");
        answers.push((answer.status, headers, answer.body));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
    test.pages.drain().await;
    assert_eq!(test.mailed().await.len(), 1);
    let sent = browser.get("/account/forgot/sent").await;
    assert!(sent.body.contains("valid for 10 minutes"), "{}", sent.body);
    assert!(!sent.body.contains("<form"), "{}", sent.body);
}

// Row: mail in the site's language.
#[tokio::test]
async fn the_event_has_the_language_of_the_form_and_who_asked() {
    let test = TestContext::new().await;
    let mut browser = test.browser();
    browser.language = "fr-CA,fr;q=0.9".to_owned();
    request(&browser, "pat").await;
    test.pages.drain().await;
    let event = fixtures::events(&test.store).await.remove(0);
    assert_eq!(event.payload["language"], "fr");
    assert_eq!(event.payload["peer"], "192.0.2.1");
    let query = format!("{PATH}?lang=it");
    let answer = browser.submit(&query, &[("username", PAT)]).await;
    assert_eq!(answer.location(), "/account/forgot/sent?lang=it");
}

// Row: mailboxes flooded, or everybody behind one proxy shares a bucket.
#[tokio::test]
async fn mails_are_limited_for_each_account_and_requests_for_each_client() {
    let test = TestContext::with(|options| options.mails_per_hour = 2).await;
    let mut browser = test.browser();
    for _ in 0..5 {
        assert_eq!(request(&browser, PAT).await.location(), "/account/forgot/sent");
        test.pages.drain().await;
        test.clock.advance(Duration::from_secs(61));
    }
    test.pages.drain().await;
    assert_eq!(test.mailed().await.len(), 2);

    let test = TestContext::new().await;
    browser = test.browser();
    for _ in 0..30 {
        assert_eq!(request(&browser, "nobody").await.location(), "/account/forgot/sent");
    }
    let answer = request(&browser, "nobody").await;
    assert_eq!((answer.status, answer.outcome), {
        (StatusCode::TOO_MANY_REQUESTS, "too-many-requests")
    });
    assert_eq!(answer.header(RETRY_AFTER), "120");
    assert!(answer.body.contains("Try again in 2 minutes."), "{}", answer.body);
    browser.peer = "192.0.2.2".to_owned();
    assert_eq!(request(&browser, "nobody").await.location(), "/account/forgot/sent");
}

#[tokio::test]
async fn a_name_is_required() {
    let test = TestContext::new().await;
    let answer = request(&test.browser(), "  ").await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("<a href=\"#username\">"), "{}", answer.body);
}

#[tokio::test]
async fn without_mails_nobody_is_led_to_the_page() {
    let test = TestContext::with(|options| options.mails_resets = false).await;
    let browser = test.browser();
    assert_eq!(browser.get(PATH).await.status, StatusCode::NOT_FOUND);
    for path in ["/account/password", "/account/reset", "/account/other"] {
        assert!(!browser.get(path).await.body.contains("/forgot"), "{path}");
    }
    // A dead link is told on opening all the same.
    let dead = browser.get("/account/reset").await.attribute("data-dead=\"");
    let opened = browser.get(&format!("{dead}?dead=1")).await;
    assert!(opened.body.contains("not valid any more"), "{}", opened.body);
    assert!(opened.body.contains("action=\"/account/reset\""), "{}", opened.body);
}
