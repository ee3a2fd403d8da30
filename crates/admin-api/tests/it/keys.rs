//! Issuing, listing and revoking keys.

use repass_core::Scope;
use repass_core::serde_json::json;

use crate::test_context::TestContext;

#[tokio::test]
async fn a_key_is_issued_once_listed_and_revoked() {
    let test = TestContext::new().await;
    let body = json!({ "kind": "admin", "name": "crm", "scopes": ["accounts:read", "tokens"] });
    let issued = test.post("/keys", body).await;
    assert_eq!(issued.status, 201, "{issued:?}");
    let mut expected = issued.json();
    let secret = expected.as_object_mut().unwrap().remove("key").unwrap();
    let listed = test.get("/keys").await;
    assert_eq!(listed.json()["items"][1], expected);
    assert!(!listed.text().contains(secret.as_str().unwrap()));
    assert_eq!(expected["scopes"], json!(["accounts:read", "tokens"]));
    let path = format!("/keys/{}", issued.member("id"));
    for _ in 0..2 {
        assert_eq!(test.delete(&path).await.status, 204);
    }
    for unknown in ["/keys/x", "/keys/00000000-0000-4000-8000-000000000000"] {
        assert_eq!(test.delete(unknown).await.status, 204);
    }
    let listed = test.get("/keys").await.json();
    assert!(listed["items"][1]["revoked_at"].is_string());
    let revocations = test.records().await;
    let revocations = revocations.iter().filter(|record| record.action == "key.revoke");
    assert_eq!(revocations.count(), 1);
}

/// What bit others: keys mint stronger keys, empty scopes mean all.
#[tokio::test]
async fn a_key_issues_no_key_that_allows_more() {
    let test = TestContext::new().await;
    let key = test.issue_key("shop", [Scope::Keys, Scope::Tokens], false).await;
    let weak = TestContext { key, ..test };
    let issue = |body| weak.post("/keys", body);
    let admin = |scopes: &[&str]| json!({ "kind": "admin", "name": "x", "scopes": scopes });
    for scopes in [&["accounts:read"][..], &["tokens", "passwords:set"]] {
        issue(admin(scopes)).await.assert_problem(403, "scope-not-granted");
    }
    let mut of_all_realms = admin(&["tokens"]);
    of_all_realms["all_realms"] = true.into();
    issue(of_all_realms).await.assert_problem(403, "scope-not-granted");
    assert_eq!(issue(admin(&["tokens", "keys"])).await.status, 201);
    // Without scopes, a key allows nothing.
    let none = issue(json!({ "kind": "admin", "name": "x" })).await.member("key");
    let none = TestContext { key: none, ..weak };
    none.get("/policy").await.assert_problem(403, "scope-missing");
    none.get("/keys").await.assert_problem(403, "scope-missing");
}

#[tokio::test]
async fn only_admin_keys_have_scopes() {
    let test = TestContext::new().await;
    for kind in ["service", "app", "api"] {
        let body = json!({ "kind": kind, "name": "x", "scopes": ["tokens"] });
        test.post("/keys", body).await.assert_invalid(&["/kind"]);
        let body = json!({ "kind": kind, "name": "x", "all_realms": true });
        test.post("/keys", body).await.assert_invalid(&["/kind"]);
        let issued = test.post("/keys", json!({ "kind": kind, "name": "x" })).await;
        assert_eq!((issued.status, issued.member("kind").as_str()), (201, kind));
    }
}

#[tokio::test]
async fn a_key_of_all_realms_is_revoked_only_by_another_one() {
    let test = TestContext::new().await;
    let all = test.issue_key("shop", Scope::ALL, true).await;
    let keys = test.get("/keys").await.json();
    let id = keys["items"][1]["id"].as_str().unwrap().to_owned();
    assert_eq!(keys["items"][1]["all_realms"], true);
    let path = format!("/keys/{id}");
    assert_eq!(test.delete(&path).await.status, 204);
    assert_eq!(test.get("/keys").await.json()["items"][1]["revoked_at"], json!(null));
    let strong = TestContext { key: all, ..test };
    assert_eq!(strong.delete(&path).await.status, 204);
    strong.get("/keys").await.assert_problem(401, "unauthenticated");
}
