//! Every state of every page.

use repass_tests::FIRST_PASSWORD;

use crate::browser::Browser;
use crate::site::{NEW, REALM, Site};

/// The lockout for the states: at the second failure, for a while.
const LOCKOUT: &str = "support_url = 'https://example.org/help'\n\
     [lockout]\nthreshold = 2\ninitial_delay = '15m'\nmax_delay = '15m'\nmax_failures = 100\n";

/// Brings the browser to each state, and calls `look` with its name.
pub(crate) async fn each(browser: &Browser, site: &Site, look: impl AsyncFn(&str)) {
    let change = |current: &'static str, new: &'static str| {
        [("username", "pat"), ("current-password", current), ("new-password", new)]
    };
    browser.open("/account/password").await;
    look("password").await;
    browser.submit(&[]).await;
    look("password-missing").await;
    browser.submit(&change(FIRST_PASSWORD, "password")).await;
    look("password-rejected").await;
    browser.fill(&[("username", "patricia"), ("new-password", "patriciapatricia")]).await;
    browser.wait_for("document.getElementById('new-password-live').textContent").await;
    look("password-typing").await;
    browser.submit(&change("not the password", NEW)).await;
    look("password-wrong").await;
    browser.submit(&change("not the password", NEW)).await;
    browser.submit(&change(FIRST_PASSWORD, NEW)).await;
    look("password-locked").await;
    let realm = site.operator.realm(REALM);
    site.operator.administration.unlock(&realm, "pat").await.unwrap();
    browser.submit(&change(FIRST_PASSWORD, NEW)).await;
    browser.wait_for("location.pathname.endsWith('/password/done')").await;
    look("password-done").await;

    browser.open("/account/forgot").await;
    look("forgot").await;
    browser.submit(&[]).await;
    look("forgot-missing").await;
    browser.submit(&[("username", "nobody@example.org")]).await;
    look("sent").await;

    browser.open("/account/reset").await;
    look("reset-code").await;
    browser.submit(&[("username", "pat"), ("code", "0000-0000"), ("new-password", NEW)]).await;
    look("reset-wrong-code").await;
    browser.open(&site.expired_link("pat").await).await;
    browser.wait_for("document.getElementById('problems')").await;
    look("dead-link").await;
    site.operator.administration.unlock(&realm, "pat").await.unwrap();
    browser.open(&site.link("pat").await).await;
    browser.wait_for("document.getElementById('code-field').hidden").await;
    look("reset-link").await;
    browser.submit(&[("new-password", "password")]).await;
    look("reset-rejected").await;
    site.operator.administration.enroll_otp(&realm, "pat", "repass").await.unwrap();
    browser.submit(&[("new-password", "yet another long phrase")]).await;
    look("reset-otp-required").await;
    browser.open("/account/reset/done").await;
    look("reset-done").await;

    browser.open("/account/elsewhere").await;
    look("not-found").await;
    browser.open("/account/forgot").await;
    browser.forget_cookies().await;
    browser.submit(&[("username", "pat")]).await;
    look("expired-form").await;
}

/// Starts a server for [`each`].
pub(crate) async fn site() -> Site {
    let site = Site::with(LOCKOUT).await;
    site.add("pat").await;
    site
}
