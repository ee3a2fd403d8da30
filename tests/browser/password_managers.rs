//! The pages as a password manager reads them: what the documents of Chromium ("Password Form
//! Styles that Chromium Understands") and Apple ("Customizing Password AutoFill Rules") ask for.

use repass_tests::FIRST_PASSWORD;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::site::{NEW, Site};
use crate::webdriver::key;

/// Returns the name, type and `autocomplete` of each field of the only form, in order.
async fn fields(browser: &Browser) -> Value {
    let script = "const forms = document.forms;
        const all = document.querySelectorAll('input, select, textarea');
        if (forms.length !== 1 || all.length !== forms[0].querySelectorAll('input').length) return 0;
        return [...all].map((it) => [it.name, it.type, it.autocomplete])";
    browser.run(script).await
}

#[tokio::test]
#[cfg_attr(browser_missing, ignore = "needs Chromium and its driver")]
async fn each_form_has_the_fields_that_managers_fill() {
    let site = Site::start().await;
    site.add("pat").await;
    let browser = site.browser().await;
    let token = json!(["form_token", "hidden", ""]);
    let username = json!(["username", "text", "username"]);
    let current = json!(["current-password", "password", "current-password"]);
    let new = json!(["new-password", "password", "new-password"]);
    let otp = json!(["otp", "text", "one-time-code"]);
    let code = json!(["code", "text", "off"]);
    let attributes = "const own = document.getElementById('new-password');
        return ['minlength', 'maxlength', 'passwordrules', 'required'].map((it) => own.getAttribute(it))";

    browser.open("/account/password").await;
    assert_eq!(fields(&browser).await, json!([token, username, current, new, otp]));
    let rules = json!(["15", null, "minlength: 15; maxlength: 256;", ""]);
    assert_eq!(browser.run(attributes).await, rules);
    browser.open(&site.link("pat").await).await;
    browser.wait_for("document.getElementById('code-field').hidden").await;
    assert_eq!(fields(&browser).await, json!([token, username, code, new, otp]));
    assert_eq!(browser.run(attributes).await, rules);
    // The name is on the page, and a manager saves the password for it.
    let name = browser.find("#username").await;
    assert!(name.is("displayed").await && name.is("enabled").await);
    assert_eq!(browser.value("#username").await, "pat");
    browser.open("/account/forgot").await;
    assert_eq!(fields(&browser).await, json!([token, username]));

    // A success is a page of its own without fields.
    browser.open("/account/password").await;
    let entries =
        [("username", "pat"), ("current-password", FIRST_PASSWORD), ("new-password", NEW)];
    browser.submit(&entries).await;
    browser.arrives_at("/account/password/done").await;
    assert_eq!(browser.run("return document.querySelectorAll('input, form').length").await, 0);
    browser.finish().await;
}

#[tokio::test]
#[cfg_attr(browser_missing, ignore = "needs Chromium and its driver")]
async fn passwords_that_are_shown_are_passwords_again_before_they_are_sent() {
    let site = Site::start().await;
    let browser = site.browser().await;
    browser.open("/account/password").await;
    let types = "[...document.querySelectorAll('[data-show]')].map((it) => it.type).join()";
    browser.fill(&[("current-password", FIRST_PASSWORD), ("new-password", NEW)]).await;
    for id in ["current-password", "new-password"] {
        browser.click(&format!("button[aria-controls={id}]")).await;
    }
    assert_eq!(browser.run(&format!("return {types}")).await, "text,text");
    assert_eq!(browser.text("button[aria-controls=new-password]").await, "Hide the new password");
    let listen = format!(
        "document.forms[0].addEventListener('submit', (event) => {{
            event.preventDefault(); window.sent = {types};
        }})"
    );
    browser.run(&listen).await;
    browser.click("button[type=submit]").await;
    assert_eq!(browser.run("return window.sent").await, "password,password");
    browser.finish().await;
}

#[tokio::test]
#[cfg_attr(browser_missing, ignore = "needs Chromium and its driver")]
async fn rules_are_marked_while_a_password_is_typed_or_pasted() {
    let site = Site::start().await;
    let browser = site.browser().await;
    browser.open("/account/password").await;
    browser.submit(&[]).await;
    assert_eq!(browser.text("#new-password-error").await, "Enter a new password.");
    let met = "[...document.querySelectorAll('li.is-met')].map((it) => it.dataset.rule).join()";
    browser.fill(&[("username", "patricia"), ("new-password", "too short")]).await;
    assert_eq!(browser.run(&format!("return {met}")).await, "same-as-current");
    // The refusal was about another password.
    let refused = "#new-password-error, #new-password[aria-invalid]";
    let count = format!("return document.querySelectorAll('{refused}').length");
    assert_eq!(browser.run(&count).await, 0);
    browser.fill(&[("new-password", NEW)]).await;
    browser.wait_for(&format!("{met} === 'too-short,common,same-as-current'")).await;
    assert_eq!(browser.text("#new-password-live").await, "");
    let name = "patriciapatricia";
    browser.fill(&[("username", name)]).await;
    for (field, letter) in [("username", "c"), ("new-password", "v")] {
        let field = browser.find(&format!("#{field}")).await;
        for letter in ["a", letter] {
            field.send_keys(&format!("{}{letter}", key::CONTROL)).await;
        }
    }
    assert_eq!(browser.value("#new-password").await, name, "it can be pasted");
    browser.wait_for("document.getElementById('new-password-live').textContent").await;
    let live = browser.text("#new-password-live").await;
    assert!(live.contains("user ID"), "{live}");
    let broken = "return document.querySelector('li.is-broken').dataset.rule";
    assert_eq!(browser.run(broken).await, "contains-account-word");
    browser.finish().await;
}
