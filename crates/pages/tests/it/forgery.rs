//! Requests that pages of others send.

use http::StatusCode;

use crate::test_context::{NEW, OLD, TestContext};

const PATH: &str = "/account/password";
const OWN: (&str, &str) = ("origin", "https://example.org");

#[tokio::test]
async fn a_form_is_accepted_from_our_pages_with_our_cookie_only() {
    let test = TestContext::new().await;
    let browser = test.browser();
    let token = browser.get(PATH).await.attribute("name=\"form_token\" value=\"");
    let fields = |token| {
        [
            ("username", "pat"),
            ("current-password", OLD),
            ("new-password", NEW),
            ("form_token", token),
        ]
    };
    let other = "x".repeat(43);
    for (token, header) in [
        ("", OWN),
        (other.as_str(), OWN),
        (&token, ("origin", "https://evil.example")),
        (&token, ("origin", "null")),
        (&token, ("sec-fetch-site", "cross-site")),
        (&token, ("sec-fetch-site", "same-site")),
    ] {
        let answer = browser.post(PATH, &fields(token), &[header]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{header:?}");
        assert_eq!(answer.outcome, "foreign-origin");
    }
    let cookie = std::mem::take(&mut *browser.cookie.lock().unwrap());
    let answer = browser.post(PATH, &fields(&token), &[OWN]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.body.contains("The form has expired"), "{}", answer.body);
    assert!(test.is_password(OLD).await);

    *browser.cookie.lock().unwrap() = cookie;
    let site = ("sec-fetch-site", "same-origin");
    let answer = browser.post(PATH, &fields(&token), &[site]).await;
    assert_eq!(answer.location(), "/account/password/done");
}

#[tokio::test]
async fn the_cookie_is_set_once_so_that_forms_in_several_tabs_are_valid() {
    let test = TestContext::new().await;
    let browser = test.browser();
    let first = browser.get("/account/forgot").await;
    let cookie = first.header("set-cookie").to_owned();
    assert!(cookie.starts_with("__Host-repass-form="), "{cookie}");
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"), "{cookie}");
    let second = browser.get(PATH).await;
    assert_eq!(second.header("set-cookie"), "");
    let token = "name=\"form_token\" value=\"";
    assert_eq!(first.attribute(token), second.attribute(token));
}

#[tokio::test]
async fn over_plain_http_of_this_machine_the_cookie_has_a_name_that_browsers_accept() {
    let test = TestContext::with_url("http://127.0.0.1:8080", |_| {}).await;
    let browser = test.browser();
    let form = browser.get(PATH).await;
    assert!(form.header("set-cookie").starts_with("repass-form="));
    assert!(!form.header("set-cookie").contains("Secure"));
    assert_eq!(form.header("strict-transport-security"), "");
    let fields = [("username", "pat"), ("current-password", OLD), ("new-password", NEW)];
    assert_eq!(browser.submit(PATH, &fields).await.location(), "/account/password/done");
}
