//! Headers, routes, languages and the operator's brand.

use std::sync::Arc;

use axum::body::Body;
use http::{Method, StatusCode};
use repass_messages::Language;
use repass_pages::{DefaultTemplates, Logo, Page, PageKind, Templates};

use crate::test_context::{NEW, OLD, TestContext};

const FORMS: [&str; 3] = ["/account/password", "/account/forgot", "/account/reset"];

#[tokio::test]
async fn every_answer_has_the_protecting_headers() {
    let test = TestContext::new().await;
    let browser = test.browser();
    let paths = [
        FORMS.as_slice(),
        &["/account/password/done", "/account/other", "/account", "/.well-known/change-password"],
    ]
    .concat();
    for path in paths {
        let answer = browser.get(path).await;
        let policy = answer.header("content-security-policy");
        for part in ["default-src 'none'", "frame-ancestors 'none'", "form-action 'self'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains("data:"), "{policy}");
        for (name, value) in [
            ("cache-control", "no-store"),
            ("referrer-policy", "same-origin"),
            ("x-content-type-options", "nosniff"),
            ("cross-origin-opener-policy", "same-origin"),
            ("strict-transport-security", "max-age=31536000"),
        ] {
            assert_eq!(answer.header(name), value, "{path}");
        }
        assert!(!answer.header("x-request-id").is_empty());
    }
}

// Row: the well-known URL answers for anything, or holds the form.
#[tokio::test]
async fn the_well_known_url_redirects_from_the_root_and_the_reliability_url_is_404() {
    let test = TestContext::with_url("https://example.org/a/b", |_| {}).await;
    let browser = test.browser();
    let answer = browser.get("/.well-known/change-password").await;
    assert_eq!(answer.location(), "/a/b/password");
    assert_eq!(browser.get(answer.location()).await.status, StatusCode::OK);
    let reliability =
        "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200";
    assert!(test.pages.base_url().serves(reliability));
    for path in [reliability, "/.well-known/change-password/", "/account/password", "/a/b/x"] {
        let answer = browser.get(path).await;
        assert_eq!((answer.status, answer.outcome), (StatusCode::NOT_FOUND, "not-found"), "{path}");
    }
    assert_eq!(browser.get("/a/b").await.location(), "/a/b/password");
}

#[tokio::test]
async fn other_methods_are_refused() {
    let test = TestContext::new().await;
    let browser = test.browser();
    for method in [Method::PUT, Method::DELETE, Method::OPTIONS] {
        for path in FORMS {
            let answer = browser.send(method.clone(), path, Body::empty(), &[]).await;
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
            assert_eq!(answer.outcome, "method-not-allowed");
        }
    }
    let head = browser.send(Method::HEAD, FORMS[0], Body::empty(), &[]).await;
    assert_eq!((head.status, head.body.as_str()), (StatusCode::OK, ""));
}

#[tokio::test]
async fn the_language_is_that_of_the_browser_or_the_link() {
    let test = TestContext::new().await;
    let mut browser = test.browser();
    for (accepted, path, language) in [
        ("", "/account/password", "en"),
        ("ja", "/account/password", "en"),
        ("ja, nl;q=0.5", "/account/password", "nl"),
        ("de-AT", "/account/reset?x=1", "de"),
        ("de-AT", "/account/reset?lang=es", "es"),
        ("de-AT", "/account/reset?lang=xx", "de"),
    ] {
        browser.language = accepted.to_owned();
        let page = browser.get(path).await;
        assert_eq!(page.attribute("<html lang=\""), language, "{accepted} {path}");
    }
    for language in Language::ALL {
        let chosen = format!("/account/password?lang={}", language.subtag());
        let page = browser.get(&chosen).await;
        assert_eq!(page.attribute("<form method=\"post\" action=\""), chosen);
        assert!(
            page.body.contains(&format!("href=\"/account/forgot?lang={}\"", language.subtag()))
        );
        assert!(page.body.contains(&format!("{chosen}\" lang")), "the page in each language");
    }
}

// Row: `form-action 'self'` blocks the redirect after success. The form redirects to a page of ours,
// which has a link.
#[tokio::test]
async fn success_leads_to_the_application_by_a_link() {
    let url = Some("https://shop.example/start?a=1&b=2".to_owned());
    let test = TestContext::with(|options| options.application_url = url).await;
    let browser = test.browser();
    let fields = [("username", "pat"), ("current-password", OLD), ("new-password", NEW)];
    let answer = browser.submit(FORMS[0], &fields).await;
    let done = browser.get(answer.location()).await;
    let link = "<a class=\"button\" href=\"https://shop.example/start?a=1&#38;b=2\">Continue</a>";
    assert!(done.body.contains(link), "{}", done.body);
}

#[tokio::test]
async fn the_brand_is_the_operators_and_inert() {
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>".to_vec();
    let test = TestContext::with(|options| {
        options.product = "<i>Shop</i> & Söhne".to_owned();
        options.accent = "#0f766e".parse().unwrap();
        options.support_url = Some("https://example.org/\"help".to_owned());
        options.logo = Logo::new(svg.clone()).ok();
    })
    .await;
    let browser = test.browser();
    let page = browser.get(FORMS[0]).await;
    assert!(!page.body.contains("<i>") && !page.body.contains("/\"help"), "{}", page.body);
    let logo = browser.get(&page.attribute("<img src=\"")).await;
    assert_eq!(logo.body.as_bytes(), svg);
    assert!(logo.header("content-security-policy").ends_with("sandbox"));
    let style = browser.get(&page.attribute("<link rel=\"stylesheet\" href=\"")).await;
    assert_eq!(style.body.matches("--accent: #").count(), 2, "{}", style.body);
    assert!(style.body.contains("--accent: #0f766e"), "{}", style.body);
    assert!(style.header("cache-control").contains("immutable"));
    let icon = browser.get(&page.attribute("<link rel=\"icon\" href=\"")).await;
    assert!(icon.body.contains("#0f766e"), "{}", icon.body);
    assert_eq!(TestContext::new().await.browser().get("/account/assets/logo").await.status, 404);
}

#[tokio::test]
async fn an_embedder_writes_pages_of_its_own() {
    struct Own;
    impl Templates for Own {
        fn render(&self, page: &Page) -> String {
            match page.kind {
                PageKind::Forgot => format!("own {} {}", page.title(), page.link(page.path())),
                _ => DefaultTemplates.render(page),
            }
        }
    }
    let test = TestContext::with(|options| options.templates = Arc::new(Own)).await;
    let browser = test.browser();
    let own = browser.get("/account/forgot?lang=de").await;
    assert_eq!(own.body, "own Neues Passwort anfordern /account/forgot?lang=de");
    assert!(browser.get(FORMS[0]).await.body.starts_with("<!DOCTYPE html>"));
}
