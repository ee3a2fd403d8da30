//! Changing, requesting and resetting a password.

use repass_tests::FIRST_PASSWORD;

use crate::browser::{Browser, Settings};
use crate::site::{NEW, Site};

#[tokio::test]
#[cfg_attr(browser_missing, ignore = "needs Chromium and its driver")]
async fn a_password_is_changed() {
    let site = Site::start().await;
    let email = site.add("pat").await;
    let browser = site.browser().await;
    browser.open("/.well-known/change-password").await;
    assert_eq!(browser.arrives_at("/account/password").await, "Change your password");
    let wrong = [
        ("username", email.as_str()),
        ("current-password", "not the password"),
        ("new-password", NEW),
    ];
    browser.submit(&wrong).await;
    let problem = "The account or the current password is incorrect.";
    assert!(browser.text("#problems").await.contains(problem));
    assert_eq!(browser.value("#username").await, email);
    assert_eq!(browser.value("#current-password").await, "");
    assert!(site.is_password("pat", FIRST_PASSWORD).await);

    browser.submit(&[("current-password", FIRST_PASSWORD), ("new-password", "short")]).await;
    let problem = "The new password must have at least 15 characters.";
    assert!(browser.text("#new-password-error").await.contains(problem));
    browser.submit(&[("current-password", FIRST_PASSWORD), ("new-password", NEW)]).await;
    let done = browser.arrives_at("/account/password/done").await;
    assert_eq!(done, "Your password is changed");
    let application = browser.find("a.button").await.text("attribute/href").await;
    assert_eq!(application, "https://shop.example/");
    assert!(site.is_password("pat", NEW).await);
    browser.finish().await;
}

#[tokio::test]
#[cfg_attr(browser_missing, ignore = "needs Chromium and its driver")]
async fn a_forgotten_password_is_reset_by_the_link_of_the_mail() {
    let mut site = Site::start().await;
    let email = site.add("pat").await;
    let german = Settings { languages: "de-AT,de", ..Settings::default() };
    let browser = Browser::start(&site.origin, german).await;
    browser.open("/account/password").await;
    browser.click("main p a[href*=forgot]").await;
    assert_eq!(browser.arrives_at("/account/forgot").await, "Neues Passwort anfordern");
    browser.submit(&[("username", &email)]).await;
    assert_eq!(browser.arrives_at("/account/forgot/sent").await, "Sehen Sie in Ihre E-Mails");

    let link = site.mailed_link().await;
    browser.open(&link).await;
    assert_eq!(browser.arrives_at("/account/reset").await, "Neues Passwort festlegen");
    browser.wait_for("document.getElementById('code-field').hidden").await;
    assert_eq!(browser.value("#username").await, email);
    // A refused password does not spend the token.
    browser.submit(&[("new-password", "kurz")]).await;
    assert!(browser.text("#problems").await.contains("mindestens 15 Zeichen"));
    assert!(!browser.find("#code").await.is("displayed").await);
    browser.submit(&[("new-password", NEW)]).await;
    let done = browser.arrives_at("/account/reset/done").await;
    assert_eq!(done, "Ihr neues Passwort ist festgelegt");
    assert!(site.is_password("pat", NEW).await);

    // The link is spent, which is told when it is opened again.
    browser.open(&link).await;
    browser.arrives_at("/account/forgot?dead=1").await;
    assert!(browser.text("#problems").await.contains("nicht mehr gültig"));
    assert_eq!(browser.value("#username").await, "");
    browser.finish().await;
}

#[tokio::test]
#[cfg_attr(browser_missing, ignore = "needs Chromium and its driver")]
async fn a_link_that_has_expired_leads_to_the_form_for_another_mail() {
    let mut site = Site::start().await;
    let email = site.add("pat").await;
    let browser = site.browser().await;
    browser.open(&site.expired_link("pat").await).await;
    assert_eq!(browser.arrives_at("/account/forgot?dead=1").await, "Request a new password");
    let problem = "This link or code is not valid any more. It was used, or has expired.";
    assert!(browser.text("#problems").await.contains(problem));
    browser.submit(&[("username", &email)]).await;
    browser.arrives_at("/account/forgot/sent").await;
    let mail = site.mails.next().await;
    assert_eq!(mail.recipients, [email]);
    browser.finish().await;
}

#[tokio::test]
#[cfg_attr(browser_missing, ignore = "needs Chromium and its driver")]
async fn a_locked_account_is_told_when_to_try_again_or_that_no_wait_helps() {
    let lockout = "[lockout]\nthreshold = 1\ninitial_delay = '15m'\nmax_delay = '15m'\n";
    for (max_failures, problem, heading) in [
        (
            2,
            "There were too many failed attempts. Try again in 15 minutes.",
            "Change your password",
        ),
        (1, "Only a new password unlocks the account.", "Request a new password"),
    ] {
        let site = Site::with(&format!("{lockout}max_failures = {max_failures}\n")).await;
        let email = site.add("pat").await;
        let browser = site.browser().await;
        browser.open("/account/password").await;
        for current in ["not the password", FIRST_PASSWORD] {
            let fields =
                [("username", &*email), ("current-password", current), ("new-password", NEW)];
            browser.submit(&fields).await;
        }
        assert!(browser.text("#problems").await.contains(problem), "{max_failures}");
        assert_eq!(browser.text("h1").await, heading);
        assert!(site.is_password("pat", FIRST_PASSWORD).await);
        browser.finish().await;
    }
}
