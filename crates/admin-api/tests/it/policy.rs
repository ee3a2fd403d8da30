//! The policy and the evaluation of candidates.

use repass_core::serde_json::json;
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
