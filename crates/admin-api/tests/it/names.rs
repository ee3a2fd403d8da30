//! Case and Unicode of addresses and user names.

use http::Method;
use repass_core::serde_json::{Value, json};

use crate::test_context::{NDJSON, PASSWORD, TestContext};

async fn found(test: &TestContext, query: &str) -> Vec<Value> {
    let page = test.get(&format!("/accounts?{query}")).await;
    assert_eq!(page.status, 200, "{query}: {page:?}");
    let items = page.json()["items"].as_array().unwrap().clone();
    items.into_iter().map(|item| item["user_id"].clone()).collect()
}

/// What bit others: `+` in an address decoded to a blank.
#[tokio::test]
async fn an_encoded_plus_finds_the_account_and_a_blank_is_refused() {
    let test = TestContext::new().await;
    test.create_with(json!({ "user_id": "pat", "email": "pat+shop@example.org" })).await;
    assert_eq!(found(&test, "email=pat%2Bshop@example.org").await, ["pat"]);
    for query in ["email=pat+shop@example.org", "email=pat%20shop@example.org"] {
        let refused = test.get(&format!("/accounts?{query}")).await;
        refused.assert_problem(400, "invalid-query");
        assert_eq!(refused.json()["errors"][0]["pointer"], "/email");
    }
}

/// What bit others: case and Unicode of addresses: one normalizer for create, import, look-up and
/// sign-in; `ı` never matches `i`.
#[tokio::test]
async fn one_form_of_a_name_is_compared_by_every_call() {
    let test = TestContext::new().await;
    let composed = json!({ "user_id": "composed", "email": "Re\u{e9}@Example.org",
        "username": "Ilk\u{e9}", "password": PASSWORD });
    test.create_with(composed).await;
    // `é` of two characters, in capitals.
    let same = "RE%45%CC%81@EXAMPLE.ORG".replace("%45", "E");
    assert_eq!(found(&test, &format!("email={same}")).await, ["composed"]);
    assert_eq!(found(&test, "username=ILKE%CC%81").await, ["composed"]);
    for (member, name) in [("email", "REE\u{301}@example.ORG"), ("username", "ILKE\u{301}")] {
        let body = json!({ "user_id": "other", member: name });
        test.post("/accounts", body).await.assert_problem(409, &format!("{member}-taken"));
        let body = json!({ member: name, "password": PASSWORD });
        let verified = test.post("/passwords/verify", body).await.json();
        assert_eq!(verified["account"]["user_id"], "composed", "{verified}");
    }
    for (member, name) in [("email", "ree@example.org"), ("username", "\u{131}lk\u{e9}")] {
        let body = json!({ member: name, "password": PASSWORD });
        let refused = test.post("/passwords/verify", body).await.json();
        assert_eq!(refused["code"], "invalid-credentials");
        let body = json!({ "user_id": format!("own {member}"), member: name });
        assert_eq!(test.post("/accounts", body).await.status, 201, "{name}");
    }
    let rows = json!({ "user_id": "imported", "email": "M\u{fc}ller@example.org" }).to_string();
    test.send_text(Method::POST, "/accounts:import", NDJSON, rows).await;
    assert_eq!(found(&test, "email=MU%CC%88LLER@example.org").await, ["imported"]);
    // The stored spelling is kept.
    let account = test.get("/accounts?user_id=imported").await.json()["items"][0].clone();
    assert_eq!(account["email"], "M\u{fc}ller@example.org");
}

#[tokio::test]
async fn an_address_of_two_accounts_signs_in_none() {
    let test = TestContext::new().await;
    let rows = ["a", "b"]
        .map(|user_id| json!({ "user_id": user_id, "email": "twin@example.org" }).to_string());
    test.send_text(Method::POST, "/accounts:import", NDJSON, rows.join("\n")).await;
    assert_eq!(found(&test, "email=TWIN@example.org").await, ["a", "b"]);
    let body = json!({ "email": "twin@example.org", "password": PASSWORD });
    let refused = test.post("/passwords/verify", body).await.json();
    assert_eq!(refused, json!({ "verified": false, "code": "invalid-credentials" }));
}
