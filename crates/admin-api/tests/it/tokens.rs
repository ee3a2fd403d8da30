//! Access tokens.

use http::Method;
use repass_core::Scope;
use repass_core::serde_json::json;

use crate::test_context::{FORM, TestContext};

#[tokio::test]
async fn tokens_are_issued_listed_and_revoked() {
    let test = TestContext::new().await;
    let account = test.create("pat").await;
    let path = format!("{account}/tokens");
    let body = json!({ "roles": ["support"], "lifetime": 600 });
    let issued = test.post(&path, body).await;
    assert_eq!(
        (issued.status, issued.member("expires_at").as_str()),
        (201, "2027-01-15T08:10:00Z")
    );
    test.pass(1);
    let other = test.post(&path, json!({})).await;
    let listed = test.get(&path).await;
    assert!(!listed.text().contains(&issued.member("access_token")));
    let listed = listed.json();
    let ids = [&listed["items"][0]["id"], &listed["items"][1]["id"]];
    assert_eq!(ids, [&other.json()["token_id"], &issued.json()["token_id"]], "the latest first");
    assert_eq!(
        (&listed["items"][1]["roles"], &listed["items"][1]["valid"]),
        (&json!(["support"]), &json!(true))
    );
    let one = format!("/tokens/{}", issued.member("token_id"));
    for path in [one.as_str(), one.as_str(), "/tokens/x"] {
        assert_eq!(test.delete(path).await.status, 204);
    }
    let listed = test.get(&path).await.json();
    assert_eq!(
        (&listed["items"][0]["valid"], &listed["items"][1]["valid"]),
        (&json!(true), &json!(false))
    );
    assert!(listed["items"][1]["revoked_at"].is_string());
    assert_eq!(test.delete(&path).await.status, 204);
    assert_eq!(test.get(&path).await.json()["items"][0]["valid"], false);
    test.patch(&account, json!({ "active": false })).await;
    test.post(&path, json!({})).await.assert_problem(409, "account-inactive");
    for lifetime in [0, 30 * 86400 + 1] {
        let refused = test.post(&path, json!({ "lifetime": lifetime })).await;
        refused.assert_invalid(&["/lifetime"]);
    }
    let body = json!({ "roles": ["good", "", "a b", "a\u{0}"], "lifetime": 0 });
    let refused = test.post(&path, body).await;
    refused.assert_invalid(&["/roles/1", "/roles/2", "/roles/3", "/lifetime"]);
    for path in ["/accounts/x/tokens", "/accounts/00000000-0000-4000-8000-000000000000/tokens"] {
        test.get(path).await.assert_problem(404, "no-such-account");
        test.post(path, json!({})).await.assert_problem(404, "no-such-account");
        test.delete(path).await.assert_problem(404, "no-such-account");
    }
}

/// What bit others: introspection answers 401, expired is active.
#[tokio::test]
async fn a_token_that_is_not_valid_is_inactive_and_nothing_else_is_told() {
    let test = TestContext::new().await;
    let account = test.create("pat").await;
    let path = format!("{account}/tokens");
    let expired = test.post(&path, json!({ "lifetime": 10 })).await.member("access_token");
    let revoked = test.post(&path, json!({})).await;
    test.delete(&format!("/tokens/{}", revoked.member("token_id"))).await;
    let good = test.post(&path, json!({})).await.member("access_token");
    test.pass(10);
    let body = r#"{"active":false}"#;
    for token in ["", "x", &expired, &revoked.member("access_token"), &test.key] {
        let form = format!("token={token}&token_type_hint=refresh_token");
        let answer = test.send_text(Method::POST, "/tokens/introspect", FORM, form).await;
        assert_eq!((answer.status, answer.text()), (200, body), "{token}");
    }
    assert_eq!(test.introspect(&good).await["active"], true);
    let key = test.issue_key("other", Scope::ALL, false).await;
    let other = TestContext { key, ..test };
    let path = "/admin/v1/realms/other/tokens/introspect";
    let answer = other.send_text(Method::POST, path, FORM, format!("token={good}")).await;
    assert_eq!((answer.status, answer.text()), (200, body), "of another realm");
    for form in ["", "token", "tokens=x", "token=a&token=b"] {
        let answer = other.send_text(Method::POST, path, FORM, form).await;
        if form == "token" {
            assert_eq!(answer.text(), body);
        } else {
            answer.assert_problem(400, "invalid-body");
        }
    }
}

#[tokio::test]
async fn the_list_has_the_client_and_the_last_use() {
    let test = TestContext::new().await;
    let account = test.create("pat").await;
    let client = json!({ "ip": "2001:db8::1", "user_agent": "Browser 1" });
    let issued = test.post(&format!("{account}/tokens"), json!({ "client": client })).await;
    let listed = async || {
        let list = test.get(&format!("{account}/tokens")).await.json();
        list["items"][0].clone()
    };
    let token = listed().await;
    assert_eq!(
        (&token["ip_address"], &token["user_agent"]),
        (&json!("2001:db8::1"), &json!("Browser 1"))
    );
    assert_eq!(token["last_used_at"], json!(null));
    let now = || json!(test.engine.administration().now().to_string());
    let mut expected = now();
    for (seconds, is_recorded) in [(0, true), (599, false), (1, true), (5, false)] {
        test.pass(seconds);
        assert_eq!(test.introspect(&issued.member("access_token")).await["active"], true);
        if is_recorded {
            expected = now();
        }
        assert_eq!(listed().await["last_used_at"], expected, "to ten minutes");
    }
    // A token that is not valid is not used.
    test.delete(&format!("{account}/tokens")).await;
    test.pass(3600);
    assert_eq!(test.introspect(&issued.member("access_token")).await["active"], false);
    assert_eq!(listed().await["last_used_at"], expected);
}
