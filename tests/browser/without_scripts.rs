//! The pages without scripts.

use crate::browser::{Browser, Settings};
use crate::site::{NEW, Site};

const OTHER: &str = "yet another long phrase";

#[tokio::test]
#[cfg_attr(browser_missing, ignore = "needs Chromium and its driver")]
async fn the_code_of_the_mail_is_typed() {
    let mut site = Site::start().await;
    let email = site.add("pat").await;
    let without = Settings { scripts: false, ..Settings::default() };
    let browser = Browser::start(&site.origin, without).await;
    browser.open("/account/forgot").await;
    browser.submit(&[("username", &email)]).await;
    browser.arrives_at("/account/forgot/sent").await;
    let link = site.mailed_link().await;
    browser.open(&link).await;
    assert_eq!(browser.value("#username").await, "", "no script has run");
    assert_eq!(browser.run("return document.querySelectorAll('button').length").await, 1);
    let code = link.split("token=").nth(1).unwrap().split('&').next().unwrap();
    let typed = code.replace('-', " ").to_lowercase();
    browser.submit(&[("username", "pat"), ("code", &typed), ("new-password", NEW)]).await;
    assert_eq!(browser.arrives_at("/account/reset/done").await, "Your new password is set");
    assert!(site.is_password("pat", NEW).await);

    browser.open("/account/password?lang=de").await;
    let fields = [("username", "pat"), ("current-password", NEW), ("new-password", OTHER)];
    browser.submit(&fields).await;
    let done = browser.arrives_at("/account/password/done?lang=de").await;
    assert_eq!(done, "Ihr Passwort ist geändert");
    assert!(site.is_password("pat", OTHER).await);
    browser.finish().await;
}
