//! Where the token of a link goes.

use crate::browser::Request;
use crate::site::{NEW, Site};

fn summary(requests: &[Request], origin: &str) -> Vec<String> {
    let line = |request: &Request| {
        let url = request.url.strip_prefix(origin).unwrap_or(&request.url);
        format!("{} {}", request.method, url.split('?').next().unwrap())
    };
    let mut lines: Vec<_> = requests.iter().map(line).collect();
    lines.sort();
    lines
}

#[tokio::test]
#[cfg_attr(browser_missing, ignore = "needs Chromium and its driver")]
async fn a_link_sends_nothing_by_itself_and_its_token_stands_in_no_address() {
    let site = Site::start().await;
    site.add("pat").await;
    let link = site.link("pat").await;
    let token = link.split("token=").nth(1).unwrap().split('&').next().unwrap();
    let browser = site.browser().await;
    // A scanner of mails that runs scripts opens links as often as it likes.
    for _ in 0..3 {
        browser.open(&link).await;
        browser.wait_for("document.getElementById('code-field').hidden").await;
        let checked = "performance.getEntriesByType('resource')
            .some((it) => it.name.endsWith('/reset/check') && it.responseEnd > 0)";
        browser.wait_for(checked).await;
        let requests = browser.requests().await;
        let mut sent = summary(&requests, &site.origin);
        sent.retain(|line| !line.starts_with("GET /account/assets/"));
        assert_eq!(sent, ["GET /account/reset", "POST /account/reset/check"]);
    }
    assert_eq!(browser.arrives_at("/account/reset").await, "Set a new password");

    // The token stays with the page in another language, and leaves it by the form only.
    browser.click("nav a[lang=fr]").await;
    browser.arrives_at("/account/reset?lang=fr").await;
    browser.wait_for("document.getElementById('code-field').hidden").await;
    browser.click("main p a[href*=forgot]").await;
    browser.arrives_at("/account/forgot?lang=fr").await;
    browser.open(&link).await;
    browser.wait_for("document.getElementById('code-field').hidden").await;
    browser.submit(&[("new-password", NEW)]).await;
    browser.arrives_at("/account/reset/done").await;
    assert!(site.is_password("pat", NEW).await);
    let requests = browser.requests().await;
    let sent = summary(&requests, &site.origin);
    for path in ["GET /account/forgot", "POST /account/reset"] {
        assert!(sent.iter().any(|line| line == path), "{sent:?}");
    }
    assert!(requests.iter().any(|request| request.headers.contains("Referer")));
    for request in &requests {
        assert!(!request.url.contains(token), "{request:?}");
        assert!(!request.headers.contains(token), "{request:?}");
    }
    browser.finish().await;
}
