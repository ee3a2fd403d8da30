//! `/account/reset`.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::{Method, StatusCode};
use repass_testkit::conformance::{AdministrationFixture, Fixture as _};
use repass_testkit::fixtures;

use crate::test_context::{Answer, Browser, NEW, OLD, PAT, TestContext, realm};

const PATH: &str = "/account/reset";

async fn reset(browser: &Browser, name: &str, code: &str, new: &str) -> Answer {
    let fields = [("username", name), ("code", code), ("otp", ""), ("new-password", new)];
    browser.submit(PATH, &fields).await
}

async fn is_valid(browser: &Browser, code: &str) -> String {
    let origin = browser.origin.clone();
    let own = [("origin", origin.as_str())];
    browser.post("/account/reset/check", &[("code", code)], &own).await.body
}

#[tokio::test]
async fn the_token_of_the_link_and_the_code_that_is_typed_set_the_password() {
    for (name, typed) in [
        (PAT, str::to_owned as fn(&str) -> String),
        ("pat", |code| code.replace('-', "").to_lowercase()),
        (" PAT@example.org ", |code| format!(" {} ", code.replace('-', " "))),
        ("pat", |code| code.replace('0', "o").replace('1', "l")),
    ] {
        let test = TestContext::new().await;
        let browser = test.browser();
        let code = typed(&test.token().await);
        let answer = reset(&browser, name, &code, NEW).await;
        assert_eq!(answer.location(), "/account/reset/done", "{name} {code}");
        assert!(test.is_password(NEW).await);
        let done = browser.get(answer.location()).await;
        assert!(!done.body.contains("<input"), "{}", done.body);
    }
}

#[tokio::test]
async fn a_token_that_an_operator_issued_is_accepted_too() {
    let test = TestContext::new().await;
    let minute = Duration::from_secs(60);
    let issued = test.engine.administration().issue_reset(&realm(), "pat", minute).await;
    let (_, token) = issued.unwrap();
    let answer = reset(&test.browser(), "pat", token.expose(), NEW).await;
    assert_eq!(answer.location(), "/account/reset/done");
}

// Row: scanners burn tokens.
#[tokio::test]
async fn opening_and_checking_a_link_any_number_of_times_leaves_the_token_valid() {
    let test = TestContext::new().await;
    let browser = test.browser();
    let token = test.token().await;
    for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
        for _ in 0..20 {
            let url = format!("{PATH}?token={token}&user_id=pat");
            browser.send(method.clone(), &url, Body::empty(), &[]).await;
        }
    }
    for _ in 0..20 {
        assert_eq!(is_valid(&browser, &token).await, "{\"valid\":true}");
    }
    let script = browser.get("/account/assets/script.js").await.body;
    assert!(!script.contains(".submit(") && !script.contains("requestSubmit"), "{script}");
    assert_eq!(reset(&browser, "pat", &token, NEW).await.location(), "/account/reset/done");
    assert_eq!(is_valid(&browser, &token).await, "{\"valid\":false}");
}

#[tokio::test]
async fn a_refused_password_keeps_the_token_and_the_entries() {
    let test = TestContext::new().await;
    let browser = test.browser();
    let token = test.token().await;
    let refused = reset(&browser, PAT, &token, "short").await;
    assert_eq!(refused.outcome, "rejected");
    assert!(refused.body.contains(&format!("value=\"{token}\"")), "{}", refused.body);
    assert!(refused.body.contains(&format!("value=\"{PAT}\"")), "{}", refused.body);
    assert_eq!(reset(&browser, PAT, &token, NEW).await.location(), "/account/reset/done");
}

// Row: a second request voids the first mail; the error comes only after typing.
#[tokio::test]
async fn older_links_stay_valid_until_one_is_used() {
    let test = TestContext::new().await;
    let browser = test.browser();
    for expected in 1..=2 {
        browser.submit("/account/forgot", &[("username", PAT)]).await;
        test.pages.drain().await;
        assert_eq!(test.mailed().await.len(), expected);
        test.clock.advance(Duration::from_secs(61));
    }
    let tokens = test.mailed().await;
    let (first, second) = (tokens[0].expose(), tokens[1].expose());
    assert_eq!(is_valid(&browser, first).await, "{\"valid\":true}");
    assert_eq!(reset(&browser, PAT, first, NEW).await.location(), "/account/reset/done");
    assert_eq!(is_valid(&browser, second).await, "{\"valid\":false}");
}

// Row: a dead link is told on opening, with a form for a new one, naming no account.
#[tokio::test]
async fn a_dead_link_leads_to_the_form_for_another_mail() {
    let test = TestContext::new().await;
    let browser = test.browser();
    let token = test.token().await;
    test.clock.advance(Duration::from_secs(60));
    assert_eq!(is_valid(&browser, &token).await, "{\"valid\":false}");
    let dead = browser.get(&browser.get(PATH).await.attribute("data-dead=\"")).await;
    assert_eq!(dead.status, StatusCode::OK);
    let opened = browser.get("/account/forgot?dead=1").await;
    assert!(opened.body.contains("not valid any more"), "{}", opened.body);
    assert!(opened.body.contains("action=\"/account/forgot\""), "{}", opened.body);
    assert!(!opened.body.contains("pat"), "{}", opened.body);

    let sent = reset(&browser, PAT, &token, NEW).await;
    assert_eq!((sent.status.as_u16(), sent.outcome), (422, "token-expired"));
    assert!(sent.body.contains("action=\"/account/forgot\""), "{}", sent.body);
    assert!(!sent.body.contains(&token), "{}", sent.body);
    assert!(test.is_password(OLD).await);
}

#[tokio::test]
async fn a_token_of_another_account_or_nobody_is_refused_alike() {
    let test = TestContext::new().await;
    test.add("kim", "kim@example.org").await;
    let browser = test.browser();
    let token = test.token().await;
    let unknown = "0000-0000-0000-0000-0000-0000";
    for (name, code) in
        [("kim", token.as_str()), ("nobody", &token), ("pat", unknown), ("pat", "x")]
    {
        let answer = reset(&browser, name, code, NEW).await;
        assert_eq!((answer.status.as_u16(), answer.outcome), (422, "unknown-token"), "{name}");
        assert!(answer.body.contains("<a href=\"#code\">"), "{}", answer.body);
    }
    assert_eq!(is_valid(&browser, unknown).await, "{\"valid\":false}");
    assert_eq!(is_valid(&browser, "\u{1}").await, "{\"valid\":false}");
}

#[tokio::test]
async fn the_token_decides_between_accounts_of_one_address() {
    let test = TestContext::new().await;
    let kim = fixtures::with(fixtures::account(&realm(), "kim"), |it| it.email = PAT.parse().ok());
    let fixture = AdministrationFixture::new(Arc::new(test.store.clone()));
    fixture.add_account(&kim, None).await;
    let token = test.token().await;
    assert_eq!(reset(&test.browser(), PAT, &token, NEW).await.location(), "/account/reset/done");
    assert!(test.is_password(NEW).await);
}

#[tokio::test]
async fn an_inactive_account_learns_it_with_a_right_token() {
    let test = TestContext::new().await;
    let administration = test.engine.administration();
    administration.set_active(&realm(), "pat", false).await.unwrap();
    let minute = Duration::from_secs(60);
    let (_, token) = administration.issue_reset(&realm(), "pat", minute).await.unwrap();
    let answer = reset(&test.browser(), "pat", token.expose(), NEW).await;
    assert_eq!(answer.outcome, "inactive");
}

#[tokio::test]
async fn a_reset_does_not_bypass_the_authenticator_app() {
    let test = TestContext::new().await;
    let enrolled = test.engine.administration().enroll_otp(&realm(), "pat", "repass").await;
    let secret = enrolled.unwrap();
    let browser = test.browser();
    let token = test.token().await;
    assert_eq!(reset(&browser, "pat", &token, NEW).await.outcome, "otp-required");
    let code = secret.code(test.engine.administration().now());
    let fields = [
        ("username", "pat"),
        ("code", token.as_str()),
        ("otp", code.expose()),
        ("new-password", NEW),
    ];
    assert_eq!(browser.submit(PATH, &fields).await.location(), "/account/reset/done");
}
