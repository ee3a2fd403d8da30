//! Events.

use std::time::Duration;

use repass_core::serde_json::{Value, json};
use repass_core::{ClaimEvents, DeliveryOutcome, OutboxStore as _, Scope};
use repass_testkit::fixtures;

use crate::test_context::TestContext;

/// Returns the ids of three events, the newest first.
async fn events(test: &TestContext) -> Vec<String> {
    for user_id in ["a", "b", "c"] {
        let account = test.create_with(json!({ "user_id": user_id })).await;
        test.post(&format!("{account}/resets"), json!({ "deliver": "return" })).await;
        test.pass(1);
    }
    listed(test, "").await.iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect()
}

async fn listed(test: &TestContext, query: &str) -> Vec<Value> {
    test.get(&format!("/outbox{query}")).await.json()["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn events_are_listed_retried_and_discarded() {
    let test = TestContext::new().await;
    let ids = events(&test).await;
    let newest = &listed(&test, "?state=pending&limit=1").await[0];
    assert_eq!((&newest["kind"], &newest["state"]), (&json!("reset.requested"), &json!("pending")));
    assert_eq!(newest["payload"]["realm"], "shop");
    assert_eq!(listed(&test, "?state=delivered").await, [] as [Value; 0]);
    let unknown = "00000000-0000-4000-8000-000000000000";
    let body = json!({ "ids": [ids[0], unknown, ids[1]] });
    assert_eq!(test.post("/outbox/discard", body.clone()).await.json(), json!({ "events": 2 }));
    assert_eq!(test.post("/outbox/discard", body).await.json(), json!({ "events": 0 }));
    assert_eq!(listed(&test, "").await.len(), 1);
    let body = json!({ "ids": [ids[2]] });
    assert_eq!(test.post("/outbox/retry", body).await.json(), json!({ "events": 1 }));
    for path in ["/outbox/retry", "/outbox/discard"] {
        test.post(path, json!({})).await.assert_invalid(&[""]);
        test.post(path, json!({ "ids": ["x"] })).await.assert_invalid(&["/ids/0"]);
        let ids = vec![unknown; 1001];
        test.post(path, json!({ "ids": ids })).await.assert_invalid(&["/ids"]);
        assert_eq!(test.post(path, json!({ "all": true })).await.json(), json!({ "events": 0 }));
    }
}

#[tokio::test]
async fn events_of_another_realm_are_neither_listed_nor_changed() {
    let test = TestContext::new().await;
    let ids = events(&test).await;
    let key = test.issue_key("other", Scope::ALL, false).await;
    let other = TestContext { key, ..test };
    let path = "/admin/v1/realms/other/outbox";
    assert_eq!(other.get(path).await.json(), json!({ "items": [], "next_cursor": null }));
    for call in ["retry", "discard"] {
        let body = json!({ "ids": ids });
        let answer = other.post(&format!("{path}/{call}"), body).await;
        assert_eq!(answer.json(), json!({ "events": 0 }));
    }
    let all = fixtures::events(&other.store).await;
    assert_eq!(all.len(), 3);
}

/// Gives up all deliveries to a channel.
async fn give_up(test: &TestContext) {
    let (channels, now) = (&["mail"][..], fixtures::at(10));
    let claim = ClaimEvents { channels, now, lease: Duration::from_secs(1), limit: 9 };
    for claimed in test.store.claim(&claim).await.unwrap() {
        let outcome = DeliveryOutcome::Discarded { error: "no such mailbox".to_owned() };
        test.store.finish_delivery(&claimed.claim, &outcome, channels).await.unwrap();
    }
}

#[tokio::test]
async fn all_events_that_were_given_up_are_retried_or_discarded() {
    let test = TestContext::new().await;
    events(&test).await;
    give_up(&test).await;
    let discarded = listed(&test, "?state=discarded").await;
    assert_eq!(discarded.len(), 3);
    let delivery = &discarded[0]["deliveries"][0];
    assert_eq!((&delivery["channel"], &delivery["state"]), (&json!("mail"), &json!("discarded")));
    assert_eq!((&delivery["tries"], &delivery["error"]), (&json!(1), &json!("no such mailbox")));
    let all = json!({ "all": true });
    assert_eq!(test.post("/outbox/retry", all.clone()).await.json(), json!({ "events": 3 }));
    assert_eq!(listed(&test, "?state=pending").await.len(), 3);
    give_up(&test).await;
    assert_eq!(test.post("/outbox/discard", all).await.json(), json!({ "events": 3 }));
    assert_eq!(listed(&test, "").await.len(), 0);
}
