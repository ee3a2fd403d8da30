//! The policy in the pages.

use http::StatusCode;
use http::header::RETRY_AFTER;
use repass_core::{Plaintext, Policy, PolicyContext, PolicyRules};
use repass_pages::{Options, Pages};
use repass_testkit::fixtures;

use crate::test_context::{Answer, Browser, OLD, TestContext, realm};

async fn evaluate(browser: &Browser, username: &str, password: &str) -> Answer {
    let origin = browser.origin.clone();
    let fields = [("username", username), ("new-password", password)];
    browser.post("/account/policy/evaluate", &fields, &[("origin", &origin)]).await
}

// Row: generated passwords refused.
#[tokio::test]
async fn the_attributes_are_those_of_the_policy_and_generated_passwords_are_accepted() {
    let test = TestContext::new().await;
    let browser = test.browser();
    for path in ["/account/password", "/account/reset"] {
        let page = browser.get(path).await;
        assert_eq!(page.attribute("minlength=\""), "15");
        let rules = PolicyRules::nist_800_63b_4().passwordrules();
        assert_eq!(page.attribute("passwordrules=\""), rules);
        assert!(page.body.contains("at least 15 characters"), "{}", page.body);
        assert!(page.body.contains("last 5 passwords"), "{}", page.body);
    }
    // By Safari, by Chrome, and by Bitwarden with the length that `minlength` asks for.
    for generated in ["tuhmyw-7xAndy-vygcif", "k7Fq!vT2x_PmZr9", "9vW#kT2$mQz8!rLp"] {
        let none = Policy::nist_800_63b_4();
        assert!(none.evaluate(&Plaintext::from(generated), &PolicyContext::default()).is_empty());
        assert_eq!(evaluate(&browser, "pat", generated).await.body, "{\"violations\":[]}");
    }
}

#[tokio::test]
async fn the_script_learns_what_is_missing_in_the_language_of_the_page() {
    let test = TestContext::new().await;
    let mut browser = test.browser();
    browser.language = "de".to_owned();
    let answer = evaluate(&browser, "patricia", "password").await;
    assert_eq!(answer.header("content-type"), "application/json");
    for part in ["too-short", "common", "mindestens 15 Zeichen"] {
        assert!(answer.body.contains(part), "{}", answer.body);
    }
    let own = evaluate(&browser, "patricia@example.org", "my patricia 197777").await;
    assert!(own.body.contains("contains-account-word"), "{}", own.body);
}

#[tokio::test]
async fn the_page_lists_the_rules_for_letters_and_strength_and_evaluates_them() {
    let test = TestContext::new().await;
    let policy = fixtures::policy(|rules| (rules.require_letter, rules.min_score) = (true, 3));
    let options = Options::new("https://example.org/account".parse().unwrap(), realm());
    let pages = Pages::new(test.engine.with_policy(policy), options);
    let test = TestContext { pages, ..test };
    let browser = test.browser();
    let page = browser.get("/account/password").await.body;
    for (rule, need) in [("missing-letter", "contain a letter"), ("weak", "be hard to guess")] {
        assert!(page.contains(&format!("data-rule=\"{rule}\"")) && page.contains(need), "{page}");
    }
    let weak = "{\"violations\":[{\"code\":\"weak\",\
                \"message\":\"The new password is too easy to guess.\"}]}";
    assert_eq!(evaluate(&browser, "pat", "summer2026summer2026").await.body, weak);
    let digits = evaluate(&browser, "pat", "7391-5520-8846-2210").await.body;
    assert!(digits.contains("missing-letter"), "{digits}");
    let fields =
        [("username", "pat"), ("current-password", OLD), ("new-password", "summer2026summer2026")];
    let refused = browser.submit("/account/password", &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("too easy to guess"), "{}", refused.body);
}

#[tokio::test]
async fn nobody_learns_whether_a_password_is_the_current_one() {
    let test = TestContext::new().await;
    assert_eq!(evaluate(&test.browser(), "pat", OLD).await.body, "{\"violations\":[]}");
}

#[tokio::test]
async fn calls_of_the_script_are_limited_and_of_our_pages_only() {
    let test = TestContext::new().await;
    let browser = test.browser();
    let fields = [("new-password", "x")];
    let foreign = [("origin", "https://evil.example")];
    for path in ["/account/policy/evaluate", "/account/reset/check"] {
        let answer = browser.post(path, &fields, &foreign).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
    }
    for _ in 2..60 {
        assert_eq!(evaluate(&browser, "", "x").await.status, StatusCode::OK);
    }
    let answer = evaluate(&browser, "", "x").await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.header(RETRY_AFTER), "1");
}
