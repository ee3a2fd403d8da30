//! The policy and the evaluation of candidates.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use repass_admin_api::{AdminApi, Options};
use repass_core::serde_json::json;
use repass_core::{
    CompromisedPasswords, CompromisedRule, CompromisedUnavailable, Engine, InstallationKey,
    Plaintext,
};
use repass_testkit::fixtures;

use crate::test_context::{NEW, PASSWORD, TestContext, realm};

#[tokio::test]
async fn the_policy_of_the_realm_is_shown_and_used() {
    let policy = fixtures::policy(|rules| {
        (rules.min_length, rules.require_digit, rules.require_special) = (12, true, true);
    });
    let test = TestContext::with(|options| {
        options.policies.insert(realm(), policy);
    })
    .await;
    let shown = test.get("/policy").await.json();
    let max = &shown["max_length"];
    let classes = "required: lower; required: upper; required: digit; required: [-!#$%&*+=?@_];";
    assert_eq!(shown["passwordrules"], format!("minlength: 12; maxlength: {max}; {classes}"));
    assert_eq!((&shown["min_length"], &shown["require_digit"]), (&json!(12), &json!(true)));
    let refused = test.post("/accounts", json!({ "user_id": "pat", "password": PASSWORD })).await;
    refused.assert_problem(422, "password-rejected");
    let codes: Vec<_> = refused.json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["code"].clone())
        .collect();
    let evaluated = test.post("/policy/evaluate", json!({ "password": PASSWORD })).await.json();
    assert_eq!(evaluated["accepted"], false);
    let violations = evaluated["violations"].as_array().unwrap().iter();
    assert_eq!(violations.map(|violation| violation["code"].clone()).collect::<Vec<_>>(), codes);
}

#[tokio::test]
async fn a_candidate_is_evaluated_without_being_set() {
    let test = TestContext::new().await;
    let account = test
        .create_with(json!({ "user_id": "pat", "email": "patterson@example.org",
        "password": PASSWORD }))
        .await;
    let id = account.strip_prefix("/accounts/").unwrap();
    let good =
        test.post("/policy/evaluate", json!({ "password": NEW, "account": id })).await.json();
    assert_eq!(good, json!({ "accepted": true, "violations": [] }));
    let body = json!({ "password": "short", "language": "de" });
    let evaluated = test.post("/policy/evaluate", body).await.json();
    let violation = &evaluated["violations"][0];
    assert!(violation["parameters"]["min"].is_u64(), "{evaluated}");
    let english = test.post("/policy/evaluate", json!({ "password": "short" })).await.json();
    assert_ne!(violation["message"], english["violations"][0]["message"]);
    // Names of the account are not accepted in its password.
    let candidate = "patterson-patterson";
    let body = json!({ "password": candidate, "account": id });
    assert_eq!(test.post("/policy/evaluate", body).await.json()["accepted"], false);
    let body = json!({ "password": candidate });
    assert_eq!(test.post("/policy/evaluate", body).await.json()["accepted"], true);
    let body = json!({ "password": NEW, "account": "x" });
    test.post("/policy/evaluate", body).await.assert_problem(404, "no-such-account");
    let body = json!({ "password": NEW, "language": "tlh" });
    test.post("/policy/evaluate", body).await.assert_invalid(&["/language"]);
    assert_eq!(test.verify("pat", PASSWORD).await["verified"], true);
}

#[tokio::test]
async fn the_rules_that_are_off_by_default_are_shown_and_used() {
    let shown = TestContext::new().await.get("/policy").await.json();
    let off = [&shown["require_letter"], &shown["min_score"], &shown["max_age"]];
    assert_eq!(off, [&json!(false), &json!(0), &json!(null)]);
    let policy = fixtures::policy(|rules| {
        (rules.min_length, rules.require_letter, rules.min_score) = (8, true, 3);
        rules.max_age = Some(Duration::from_secs(90 * 86_400));
    });
    let test = TestContext::with(|options| {
        options.policies.insert(realm(), policy);
    })
    .await;
    let shown = test.get("/policy").await.json();
    let on = [&shown["require_letter"], &shown["min_score"], &shown["max_age"]];
    assert_eq!(on, [&json!(true), &json!(3), &json!(7_776_000)]);
    let evaluate = async |password: &str| {
        let body = json!({ "password": password, "language": "nl" });
        test.post("/policy/evaluate", body).await.json()["violations"].clone()
    };
    let weak = json!([{ "code": "weak", "parameters": { "score": 2, "min": 3 },
        "message": "Het nieuwe wachtwoord is te makkelijk te raden." }]);
    assert_eq!(evaluate("Password2026!").await, weak);
    assert_eq!(evaluate("7391-5520-8846").await[0]["code"], "missing-letter");
}

/// Knows the password [`NEW`], or cannot be asked.
#[derive(Debug)]
struct Known {
    is_down: bool,
}

#[async_trait]
impl CompromisedPasswords for Known {
    async fn seen(
        &self,
        candidate: &Arc<Plaintext>,
    ) -> Result<Option<u64>, CompromisedUnavailable> {
        let seen = (candidate.expose() == NEW).then_some(1000);
        if self.is_down { Err(CompromisedUnavailable("no route".into())) } else { Ok(seen) }
    }
}

/// Proves ASVS 6.2.12.
#[tokio::test]
async fn asvs_6_2_12_an_evaluation_looks_the_password_up() {
    let plain = TestContext::new().await;
    assert_eq!(plain.get("/policy").await.json()["compromised"], "off", "there is no source");
    let with = |rule, is_down| {
        let mut options = Options::default();
        let policy = fixtures::policy(|rules| rules.compromised = rule);
        options.policies.insert(realm(), policy);
        let key = InstallationKey::from_bytes([3; 32]);
        let engine =
            Engine::builder(Arc::new(plain.store.clone()), Arc::new(fixtures::hasher()), key)
                .clock(plain.clock.clone())
                .compromised(Arc::new(Known { is_down }))
                .build();
        let api = AdminApi::new(engine.clone(), options);
        let (store, clock) = (plain.store.clone(), plain.clock.clone());
        TestContext { api, engine, store, clock, key: plain.key.clone() }
    };
    let body = json!({ "password": NEW });
    let refuses = with(CompromisedRule::Refuse, false);
    assert_eq!(refuses.get("/policy").await.json()["compromised"], "refuse");
    let evaluated = refuses.post("/policy/evaluate", body.clone()).await.json();
    assert_eq!(evaluated["accepted"], false);
    let violation = &evaluated["violations"][0];
    assert_eq!(
        (&violation["code"], &violation["parameters"]["seen"]),
        (&json!("compromised"), &json!(1000))
    );
    let other = refuses.post("/policy/evaluate", json!({ "password": PASSWORD })).await.json();
    assert_eq!(other["accepted"], true);
    let warns = with(CompromisedRule::Warn, false);
    assert_eq!(warns.get("/policy").await.json()["compromised"], "warn");
    assert_eq!(warns.post("/policy/evaluate", body.clone()).await.json()["accepted"], true);
    let unasked = with(CompromisedRule::Warn, true).post("/policy/evaluate", body.clone()).await;
    assert_eq!(
        unasked.json()["accepted"],
        true,
        "a source whose answer does not count is not asked"
    );
    let down = with(CompromisedRule::Refuse, true).post("/policy/evaluate", body).await;
    down.assert_problem(503, "compromised-unavailable");
    assert_eq!(down.headers["retry-after"], "1");
}
