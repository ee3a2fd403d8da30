//! The pages by keyboard alone.

use repass_tests::FIRST_PASSWORD;

use crate::browser::Browser;
use crate::site::{NEW, Site};
use crate::webdriver::key;

/// Returns the id of the element that has the focus, or that of the field of a button. The focus is
/// visible.
async fn focus(browser: &Browser) -> String {
    let script = "const { activeElement: own } = document;
        if (own === document.body) return 'nothing';
        const outline = getComputedStyle(own);
        if (outline.outlineStyle !== 'solid' || parseFloat(outline.outlineWidth) < 2) return 'hidden';
        return own.id || own.getAttribute('aria-controls') || own.type || own.hash;";
    browser.run(script).await.as_str().unwrap().to_owned()
}

#[tokio::test]
#[cfg_attr(browser_missing, ignore = "needs Chromium and its driver")]
async fn a_password_is_changed_by_tab_and_enter() {
    let site = Site::start().await;
    site.add("pat").await;
    let browser = site.browser().await;
    browser.open("/account/password").await;
    let stops = [
        "username",
        "current-password",
        "current-password",
        "new-password",
        "new-password",
        "otp",
        "submit",
    ];
    for stop in stops {
        browser.press(key::TAB).await;
        assert_eq!(focus(&browser).await, stop);
    }
    browser.press(key::ENTER).await;
    browser.wait_for("document.getElementById('problems')").await;
    assert_eq!(focus(&browser).await, "problems");
    browser.press(key::TAB).await;
    assert_eq!(focus(&browser).await, "#username");
    browser.press(key::ENTER).await;
    assert_eq!(focus(&browser).await, "username");
    browser.press(&["pat", key::TAB, FIRST_PASSWORD, key::TAB].concat()).await;
    // The button that shows the password.
    browser.press(key::SPACE).await;
    assert_eq!(
        browser.run("return document.getElementById('current-password').type").await,
        "text"
    );
    browser.press(&[key::TAB, NEW, key::ENTER].concat()).await;
    browser.arrives_at("/account/password/done").await;
    assert!(site.is_password("pat", NEW).await);
    browser.press(key::TAB).await;
    assert_eq!(browser.run("return document.activeElement.className").await, "button");
    browser.finish().await;
}
