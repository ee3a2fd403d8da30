//! `/account/password`.

use std::time::Duration;

use axum::body::{Body, Bytes};
use http::header::{CONNECTION, RETRY_AFTER};
use http::{Method, StatusCode};
use repass_core::{CallerAuthenticator, EventKind, LockoutPolicy};
use repass_testkit::fixtures;

use crate::test_context::{NEW, OLD, PAT, TestContext, realm};

const PATH: &str = "/account/password";

fn fields<'a>(username: &'a str, old: &'a str, new: &'a str) -> [(&'a str, &'a str); 4] {
    [("username", username), ("current-password", old), ("otp", ""), ("new-password", new)]
}

// Row: managers save nothing; the success page has no password field. Row: passwords trimmed.
#[tokio::test]
async fn a_change_ends_on_a_page_without_fields_and_ends_every_session() {
    let test = TestContext::new().await;
    let hour = Duration::from_secs(3600);
    let administration = test.engine.administration();
    let (_, session) = administration.issue_token(&realm(), "pat", vec![], hour).await.unwrap();
    let browser = test.browser();
    let answer = browser.submit(PATH, &fields("pat", OLD, NEW)).await;
    assert_eq!(answer.location(), "/account/password/done");
    assert_eq!(answer.outcome, "ok");
    let done = browser.get(answer.location()).await;
    assert!(done.body.contains("signed out on all devices"), "{}", done.body);
    assert!(!done.body.contains("<input") && !done.body.contains("<form"), "{}", done.body);
    assert!(test.is_password(NEW).await, "white space around a password is part of it");
    assert!(!test.is_password(NEW.trim()).await);
    assert!(test.engine.access_token(&realm(), &session).await.unwrap().is_none());
    let event = fixtures::events(&test.store).await.pop().unwrap();
    assert_eq!(event.kind, EventKind::PasswordChanged.as_str());
    assert_eq!((event.payload["language"].as_str(), event.payload["peer"].as_str()), {
        (Some("en"), Some("192.0.2.1"))
    });
}

#[tokio::test]
async fn the_event_of_a_change_has_the_traceparent_of_the_request() {
    let test = TestContext::new().await;
    let browser = test.browser();
    let form = browser.get(PATH).await;
    let token = form.attribute("name=\"form_token\" value=\"");
    let fields = [&fields("pat", OLD, NEW)[..], &[("form_token", token.as_str())]].concat();
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let headers = [("origin", browser.origin.as_str()), ("traceparent", trace)];
    assert_eq!(browser.post(PATH, &fields, &headers).await.outcome, "ok");
    let event = fixtures::events(&test.store).await.pop().unwrap();
    assert_eq!(event.payload["traceparent"], trace);
}

// Row: addresses trimmed; one normalisation.
#[tokio::test]
async fn the_account_is_named_by_its_user_id_or_address_with_blanks_around_it() {
    for name in ["pat", " pat ", "Pat@Example.org ", PAT] {
        let test = TestContext::new().await;
        let answer = test.browser().submit(PATH, &fields(name, OLD, NEW)).await;
        assert_eq!(answer.location(), "/account/password/done", "{name}");
    }
}

/// Proves ASVS 6.3.8.
#[tokio::test]
async fn asvs_6_3_8_a_wrong_password_and_an_unknown_account_look_the_same() {
    let test = TestContext::new().await;
    test.add("kim", "kim@example.org").await;
    test.engine.administration().set_active(&realm(), "kim", false).await.unwrap();
    let browser = test.browser();
    let mut pages = Vec::new();
    for name in ["pat", PAT, "nobody", "nobody@example.org", "kim", "a@b", "\u{1}"] {
        let password = if name == "kim" { OLD } else { "a wrong one" };
        let answer = browser.submit(PATH, &fields(name, password, NEW)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
        assert_eq!(answer.outcome, "wrong-password", "{name}");
        let value = format!("value=\"{name}\"");
        assert!(answer.body.contains(&value), "the name is kept");
        assert!(!answer.body.contains("a wrong one"), "a password is not");
        pages.push(answer.page().replace(&value, "value=\"NAME\""));
    }
    pages.dedup();
    assert_eq!(pages.len(), 1);

    // Failures are counted whatever the spelling.
    for [one, other] in [["z@example.org", "Z@Example.ORG"], [PAT, &PAT.to_uppercase()]] {
        let mut statuses = Vec::new();
        for name in [one, one, one, other] {
            let answer = browser.submit(PATH, &fields(name, "a wrong one", NEW)).await;
            statuses.push(answer.status.as_u16());
        }
        assert_eq!(statuses.last(), Some(&429), "{one}: {statuses:?}");
    }
}

// Row: errors not tied to fields.
#[tokio::test]
async fn all_violations_are_at_the_field_and_in_a_summary_that_has_the_focus() {
    let test = TestContext::new().await;
    let answer = test.browser().submit(PATH, &fields("pat", OLD, "password")).await;
    assert_eq!((answer.status.as_u16(), answer.outcome), (422, "rejected"));
    let sentences = [
        "The new password must have at least 15 characters.",
        "The new password is among those that many people use.",
    ];
    for sentence in sentences {
        let linked = format!("<a href=\"#new-password\">{sentence}</a>");
        assert!(answer.body.contains(&linked), "{}", answer.body);
        assert!(answer.body.contains(&format!("<p>{sentence}</p>")), "{}", answer.body);
    }
    let summary =
        "<div class=\"problems\" id=\"problems\" role=\"alert\" tabindex=\"-1\" autofocus";
    assert!(answer.body.contains(summary), "{}", answer.body);
    let described =
        "aria-describedby=\"new-password-rules new-password-error\" aria-invalid=\"true\"";
    assert!(answer.body.contains(described), "{}", answer.body);
    assert!(answer.body.contains("<title>Error: Change your password"), "{}", answer.body);
    assert!(test.is_password(OLD).await);
}

#[tokio::test]
async fn missing_entries_are_told_at_once_and_count_as_no_attempt() {
    let test = TestContext::new().await;
    let before = test.audit().await;
    let answer = test.browser().submit(PATH, &fields(" ", "", "")).await;
    assert_eq!((answer.status.as_u16(), answer.outcome), (422, "invalid-request"));
    for id in ["username", "current-password", "new-password"] {
        assert!(answer.body.contains(&format!("<a href=\"#{id}\">")), "{id}");
        assert!(answer.body.contains(&format!("id=\"{id}-error\"")), "{id}");
    }
    let after = test.audit().await;
    assert_eq!(before, after);
}

#[tokio::test]
async fn an_enrolled_account_needs_a_code_and_only_who_knows_the_password_learns_it() {
    let test = TestContext::new().await;
    let enrolled = test.engine.administration().enroll_otp(&realm(), "pat", "repass").await;
    let secret = enrolled.unwrap();
    let browser = test.browser();
    let wrong = browser.submit(PATH, &fields("pat", "a wrong one", NEW)).await;
    assert_eq!(wrong.outcome, "wrong-password");
    let without = browser.submit(PATH, &fields("pat", OLD, NEW)).await;
    assert_eq!((without.status.as_u16(), without.outcome), (422, "otp-required"));
    assert!(without.body.contains("<a href=\"#otp\">"), "{}", without.body);
    let mut with = fields("pat", OLD, NEW);
    with[2].1 = "000000";
    assert_eq!(browser.submit(PATH, &with).await.outcome, "wrong-otp");
    let code = secret.code(test.engine.administration().now());
    let spaced = format!("{} {}", &code.expose()[..3], &code.expose()[3..]);
    test.clock.advance(Duration::from_secs(30));
    let code = secret.code(test.engine.administration().now());
    assert_ne!(spaced.replace(' ', ""), code.expose());
    let spaced = format!("{} {}", &code.expose()[..3], &code.expose()[3..]);
    with[2].1 = &spaced;
    assert_eq!(browser.submit(PATH, &with).await.location(), "/account/password/done");
}

#[tokio::test]
async fn a_locked_account_tells_when_to_try_again() {
    let test = TestContext::new().await;
    let browser = test.browser();
    for _ in 0..3 {
        browser.submit(PATH, &fields("pat", "a wrong one", NEW)).await;
    }
    let answer = browser.submit(PATH, &fields("pat", OLD, NEW)).await;
    assert_eq!((answer.status.as_u16(), answer.outcome), (429, "too-many-attempts"));
    assert_eq!(answer.header(RETRY_AFTER), "1");
    assert!(answer.body.contains("Try again in a minute."), "{}", answer.body);
}

#[tokio::test]
async fn an_account_that_no_wait_unlocks_is_led_to_a_mail() {
    let minute = Duration::from_secs(60);
    let lockout = LockoutPolicy::new(3, minute, minute, 3).unwrap();
    let test = TestContext::with_engine(|builder| builder.lockout(lockout)).await;
    let browser = test.browser();
    for name in ["pat", "nobody"] {
        for _ in 0..3 {
            let wrong = browser.submit(PATH, &fields(name, "a wrong one", NEW)).await;
            assert_eq!(wrong.outcome, "wrong-password");
        }
        test.clock.advance(2 * minute);
        let answer = browser.submit(PATH, &fields(name, OLD, NEW)).await;
        assert_eq!((answer.status.as_u16(), answer.outcome), (429, "too-many-attempts"));
        assert_eq!(answer.header(RETRY_AFTER), "");
        assert!(
            answer.body.contains("Only a new password unlocks the account."),
            "{}",
            answer.body
        );
        assert!(!answer.body.contains("Try again"), "{}", answer.body);
        assert!(answer.body.contains("action=\"/account/forgot\""), "{}", answer.body);
        assert!(answer.body.contains(&format!("value=\"{name}\"")), "{}", answer.body);
    }
}

#[tokio::test]
async fn a_body_that_does_not_arrive_ends_after_its_timeout() {
    let test = TestContext::with(|options| options.body_timeout = Duration::from_millis(20)).await;
    let body = Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());
    let answer = test.browser().send(Method::POST, PATH, body, &[]).await;
    assert_eq!((answer.status.as_u16(), answer.outcome), (408, "invalid-request"));
    assert_eq!(answer.header(CONNECTION), "close");
}

// Row: `maxlength` cuts pastes; long input is hashed; NUL is 500.
#[tokio::test]
async fn long_and_unreadable_entries_are_refused_clearly() {
    let test = TestContext::new().await;
    let browser = test.browser();
    assert!(!browser.get(PATH).await.body.contains("maxlength=\""));
    for (password, max) in [("x".repeat(257), 257), ("é".repeat(5_000), 5_000)] {
        assert_eq!(password.chars().count(), max);
        let answer = browser.submit(PATH, &fields("pat", OLD, &password)).await;
        assert_eq!(answer.outcome, "rejected");
        assert!(answer.body.contains("at most 256 characters"), "{}", answer.body);
    }
    let long = "x".repeat(70_000);
    let answer = browser.submit(PATH, &fields("pat", OLD, &long)).await;
    assert_eq!((answer.status.as_u16(), answer.outcome), (413, "too-large"));
    assert_eq!(answer.header(CONNECTION), "close");
    for name in ["pat\0", "\0"] {
        let answer = browser.submit(PATH, &fields(name, OLD, NEW)).await;
        assert_eq!((answer.status.as_u16(), answer.outcome), (400, "invalid-request"));
    }
    let answer = browser.submit(PATH, &fields("pat", OLD, "a\0 long password here")).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(test.is_password(OLD).await);
}
