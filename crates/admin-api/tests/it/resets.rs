//! Reset tokens.

use repass_core::serde_json::json;
use repass_core::{Plaintext, Proof};

use crate::test_context::{NEW, PASSWORD, TestContext};

#[tokio::test]
async fn a_reset_token_is_returned_once_listed_and_voided() {
    let test = TestContext::new().await;
    let account = test.create("pat").await;
    let path = format!("{account}/resets");
    let issued = test.post(&path, json!({ "deliver": "return", "lifetime": 60 })).await;
    assert_eq!(
        (issued.status, issued.member("expires_at").as_str()),
        (201, "2027-01-15T08:01:00Z")
    );
    let listed = test.get(&path).await;
    assert!(!listed.text().contains(&issued.member("token")));
    let expected = json!({ "items": [{ "issued_at": "2027-01-15T08:00:00Z",
        "expires_at": "2027-01-15T08:01:00Z", "spent_at": null, "valid": true }],
        "next_cursor": null });
    assert_eq!(listed.json(), expected);
    assert_eq!(test.delete(&path).await.status, 204);
    assert_eq!(test.delete(&path).await.status, 204);
    assert_eq!(test.get(&path).await.json()["items"][0]["valid"], false);
    let token = Plaintext::from(issued.member("token"));
    assert!(test.change("pat", Proof::ResetToken(token), NEW).await.is_err());
    for lifetime in [0, 86401] {
        let refused = test.post(&path, json!({ "deliver": "return", "lifetime": lifetime })).await;
        refused.assert_invalid(&["/lifetime"]);
    }
    test.post(&path, json!({ "deliver": "pigeon" })).await.assert_invalid(&["/deliver"]);
    test.post(&path, json!({})).await.assert_invalid(&[""]);
    let unknown = test.post("/accounts/x/resets", json!({ "deliver": "return" })).await;
    unknown.assert_problem(404, "no-such-account");
    assert_eq!(test.verify("pat", PASSWORD).await["verified"], true);
}

#[tokio::test]
async fn a_mailed_reset_returns_no_token() {
    let test = TestContext::new().await;
    let account = test.create("pat").await;
    let path = format!("{account}/resets");
    let sent = test.post(&path, json!({ "deliver": "mail" })).await;
    assert_eq!((sent.status, sent.text()), (202, ""));
    let events = test.get("/outbox").await;
    assert_eq!(events.json()["items"][0]["kind"], "reset.requested");
    assert!(!events.text().contains("sealed_token"), "{}", events.text());
    let without = test.create_with(json!({ "user_id": "kim" })).await;
    let refused = test.post(&format!("{without}/resets"), json!({ "deliver": "mail" })).await;
    refused.assert_problem(400, "invalid-body");
    test.patch(&account, json!({ "active": false })).await;
    let refused = test.post(&path, json!({ "deliver": "mail" })).await;
    refused.assert_problem(409, "account-inactive");

    let test = TestContext::with(|options| options.mails_resets = false).await;
    let account = test.create("pat").await;
    let refused = test.post(&format!("{account}/resets"), json!({ "deliver": "mail" })).await;
    refused.assert_problem(409, "mail-not-configured");
    let refused = test.post("/resets", json!({ "email": "pat@example.org" })).await;
    refused.assert_problem(409, "mail-not-configured");
    assert_eq!(test.get("/outbox").await.json()["items"], json!([]));
}

#[tokio::test]
async fn a_request_for_a_reset_is_always_accepted_and_limited_an_hour() {
    let test = TestContext::with(|options| {
        (options.mails_resets, options.resets_per_hour) = (true, 2);
    })
    .await;
    test.create("pat").await;
    let inactive = test.create("kim").await;
    test.patch(&inactive, json!({ "active": false })).await;
    for email in ["nobody@example.org", "no address", "", "kim@example.org", "a\u{0}@b.c"] {
        let accepted = test.post("/resets", json!({ "email": email })).await;
        assert_eq!((accepted.status, accepted.text()), (202, ""), "{email}");
    }
    for _ in 0..4 {
        let accepted = test.post("/resets", json!({ "email": "PAT@example.org" })).await;
        assert_eq!((accepted.status, accepted.text()), (202, ""));
        test.pass(61);
    }
    // The calls do not wait for the work.
    test.api.drain().await;
    let events = test.get("/outbox").await.json();
    assert_eq!(events["items"].as_array().unwrap().len(), 2, "{events}");
    let records = test.records().await;
    let outcomes = records.iter().filter(|record| record.action == "reset.request");
    let mut outcomes: Vec<&str> = outcomes.map(|record| record.outcome.as_str()).collect();
    outcomes.sort_unstable();
    assert_eq!(outcomes[..3], ["inactive", "limited", "limited"]);
    assert_eq!(outcomes[3..], ["ok", "ok", "unknown", "unknown", "unknown", "unknown"]);
}
