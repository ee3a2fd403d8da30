//! The rules of `[policy]` that are off by default.

use http::Method;
use repass_tests::{AdminApi, FIRST_PASSWORD, Server};
use serde_json::{Value, json};

use crate::accounts_table;
use crate::admin_api::NDJSON;
use crate::requests::{GUID, Outcome, change, outcome};

const TABLES: &str = "[admin_api]\nlisten = '127.0.0.1:0'\n\
                      [policy]\npreset = 'pci-dss'\nmin_score = 3\n";
const NEW: &str = "a new one, and the 2nd";

async fn reasons(api: &AdminApi, user_id: &str, password: &str) -> Value {
    let body = json!({ "user_id": user_id, "password": password });
    let answer = api.call(Method::POST, "/customer/passwords/verify", &body).await;
    assert_eq!(answer.json()["verified"], true, "{}", answer.text());
    answer.json()["must_change_reasons"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preset_with_an_estimate_is_used_by_the_apis() {
    let server = Server::builder().tables(TABLES).start().await;
    let operator = server.operator().await;
    operator.add("customer", GUID).await;
    let client = server.client();
    for (new, rule) in [
        ("Password2026!", "weak"),
        ("letters alone do not do", "missing-digit"),
        ("739155208846-22", "missing-letter"),
        ("summer2026", "too-short,weak"),
    ] {
        let refused = change(&client, GUID, FIRST_PASSWORD, new).await;
        assert_eq!(outcome(&refused), Outcome::Refused, "{}", refused.text());
        assert_eq!(operator.audit().await[0].detail.as_deref(), Some(rule));
    }
    let changed = change(&client, GUID, FIRST_PASSWORD, NEW).await;
    assert_eq!(outcome(&changed), Outcome::Changed, "{}", changed.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_password_expires_until_it_is_changed() {
    let server = Server::builder().tables(TABLES).start().await;
    let operator = server.operator().await;
    let api = AdminApi::of(&server, &operator).await;
    let hash = accounts_table::hash(FIRST_PASSWORD).await;
    let row = json!({ "user_id": GUID, "password_hash": hash,
        "password_changed_at": "2026-01-01T00:00:00Z" });
    let imported =
        api.send(Method::POST, "/customer/accounts:import", NDJSON, row.to_string()).await;
    assert_eq!(imported.json()["added"], 1, "{}", imported.text());
    assert_eq!(reasons(&api, GUID, FIRST_PASSWORD).await, json!(["expired"]));
    let changed = change(&server.client(), GUID, FIRST_PASSWORD, NEW).await;
    assert_eq!(outcome(&changed), Outcome::Changed, "{}", changed.text());
    assert_eq!(reasons(&api, GUID, NEW).await, json!([]));
}

/// Its age is unknown.
#[tokio::test(flavor = "multi_thread")]
async fn a_password_of_another_application_does_not_expire() {
    let server = accounts_table::shop().await.tables(TABLES).start().await;
    let operator = server.operator().await;
    let api = AdminApi::of(&server, &operator).await;
    assert_eq!(reasons(&api, GUID, accounts_table::FIRST).await, json!([]));
}
