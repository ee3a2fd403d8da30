//! The language of the texts.

use std::collections::HashSet;

use repass_spec_ecom::Language;
use repass_tests::{FIRST_PASSWORD, Server};
use serde_json::{Value, json};

use super::{CHANGED, account_info, assert_failed, open, passwords, start, text_of};
use crate::requests::Wire;
use crate::test_context::{ANY_PASSWORD, NEVER_LOCKED_OUT, TestContext};

/// The good request in this language, with the old password as the new one.
fn in_language(test: &TestContext, code: &Value) -> Wire {
    let same = passwords(&test.good, FIRST_PASSWORD, FIRST_PASSWORD);
    same.edit(|body| body["languageCode"] = code.clone())
}

/// Proves ECOM-12.
#[tokio::test(flavor = "multi_thread")]
async fn the_text_of_success_is_in_the_language_of_the_first_subtag() {
    let test = open(Server::builder().tables(ANY_PASSWORD)).await;
    let mut texts = HashSet::new();
    for language in Language::ALL {
        let subtag = language.subtag();
        let text = text_of(&test.send(&in_language(&test, &json!(subtag))).await, 200);
        for code in [format!("{subtag}-XX"), subtag.to_uppercase(), format!("{subtag}-Latn-CH")] {
            let answer = test.send(&in_language(&test, &json!(code))).await;
            assert_eq!(text_of(&answer, 200), text, "{code}");
        }
        assert!(texts.insert(text), "{subtag} has a text of its own");
    }
    assert!(texts.contains(CHANGED));
}

/// Proves ECOM-12.
#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_malformed_or_missing_code_means_english_and_is_never_an_error() {
    let test = open(Server::builder().tables(ANY_PASSWORD)).await;
    for code in [
        json!("en-US"),
        json!("en-AU"),
        json!("en-UK"),
        json!("languageCode"),
        json!("ja-JP"),
        json!("xx"),
        json!("deutsch"),
        json!("-de"),
        json!("\u{0}"),
        json!(" "),
        json!("x".repeat(10_000)),
        json!(""),
        json!(null),
        json!(5),
        json!(true),
        json!(["de"]),
        json!({ "de": "de" }),
    ] {
        let answer = test.send(&in_language(&test, &code)).await;
        assert_eq!(text_of(&answer, 200), CHANGED, "{code}");
    }
    let missing = in_language(&test, &json!(null)).edit(|body| {
        body.as_object_mut().unwrap().remove("languageCode");
    });
    assert_eq!(text_of(&test.send(&missing).await, 200), CHANGED);
}

/// Proves ECOM-12.
#[tokio::test(flavor = "multi_thread")]
async fn the_code_at_the_root_comes_before_the_one_of_the_query() {
    let test = open(Server::builder().tables(ANY_PASSWORD)).await;
    let text = async |root: Value, query: Value| {
        let wire = in_language(&test, &root).edit(|body| body["queryInfo"]["languageCode"] = query);
        text_of(&test.send(&wire).await, 200)
    };
    let german = text(json!("de-DE"), json!(null)).await;
    let french = text(json!("fr-FR"), json!(null)).await;
    assert_ne!(german, french);
    assert_eq!(text(json!("de-DE"), json!("fr-FR")).await, german);
    assert_eq!(text(json!(null), json!("fr-FR")).await, french);
    assert_eq!(text(json!("en-US"), json!("fr-FR")).await, CHANGED);
}

/// Proves ECOM-38.
#[tokio::test(flavor = "multi_thread")]
async fn the_texts_of_failures_are_in_the_language_too() {
    let test = open(Server::builder().tables(NEVER_LOCKED_OUT)).await;
    let failures = [
        (passwords(&test.good, "a wrong guess", "whatever it may be"), 403),
        (passwords(&test.good, FIRST_PASSWORD, "password"), 400),
        (account_info(&test.good, |info| info["confirmPassword"] = json!("another")), 400),
        (account_info(&test.good, |info| info["oldPassword"] = json!(null)), 400),
    ];
    for (wire, status) in failures {
        let mut texts = HashSet::new();
        for language in Language::ALL {
            let code = format!("{}-XX", language.subtag());
            let wire = wire.edit(|body| body["languageCode"] = json!(code));
            let text = assert_failed(&test.send(&wire).await, status);
            assert!(texts.insert(text), "{code} has a text of its own");
        }
    }
}

/// Proves ECOM-29, ECOM-38.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_names_every_broken_rule_in_every_language() {
    let test = start().await;
    for language in Language::ALL {
        let say = async |new: &str| {
            let wire = passwords(&test.good, FIRST_PASSWORD, new);
            let wire = wire.edit(|body| body["languageCode"] = json!(language.subtag()));
            assert_failed(&test.send(&wire).await, 400)
        };
        // Two rules each, one of them in common.
        let (short, current) = (say("14 characters.").await, say(FIRST_PASSWORD).await);
        assert!(short.contains("15"), "{short}");
        let short_and_common = say("password").await;
        assert!(short_and_common.starts_with(&short), "{short_and_common}");
        assert!(short_and_common.len() > short.len() + 20, "{short_and_common}");
        assert!(!short_and_common.contains(&current));
    }
    test.assert_untouched().await;
}
