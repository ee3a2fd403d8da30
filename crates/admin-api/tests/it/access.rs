//! Keys and realms.

use axum::body::Body;
use http::Method;
use http::header::AUTHORIZATION;
use repass_core::serde_json::json;
use repass_core::{KeyKind, Scope};

use crate::document::DOCUMENT;
use crate::test_context::{NEW, PASSWORD, TestContext, realm, without_key};

async fn status(test: &TestContext, values: &[&str]) -> u16 {
    let mut request = without_key(Method::GET, "/policy");
    for value in values {
        request = request.header(AUTHORIZATION, *value);
    }
    let answer = test.send(request.body(Body::empty()).unwrap()).await;
    if answer.status == 401 {
        answer.assert_problem(401, "unauthenticated");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    answer.status
}

/// What bit others: `bearer` in lower case refused.
#[tokio::test]
async fn only_one_active_admin_key_is_accepted_and_its_scheme_in_any_case() {
    let test = TestContext::new().await;
    let (own, administration) = (realm(), test.engine.administration());
    let service = administration.issue_key(&own, KeyKind::Service, "bot").await.unwrap().1;
    test.create("pat").await;
    let hour = std::time::Duration::from_secs(3600);
    let token = administration.issue_token(&own, "pat", vec![], hour).await.unwrap().1;
    let key = test.key.as_str();
    for scheme in ["Bearer", "bearer", "BEARER"] {
        assert_eq!(status(&test, &[&format!("{scheme} {key}")]).await, 200, "{scheme}");
    }
    let good = format!("Bearer {key}");
    for refused in [
        vec![],
        vec![""],
        vec!["Bearer"],
        vec!["Bearer "],
        vec![key],
        vec![&format!("Basic {key}")],
        vec![&format!("Bearer {}", &key[..key.len() - 1])],
        vec![&format!("Bearer {key} {key}")],
        vec![&format!("Bearer {}", "x".repeat(43))],
        vec![&format!("Bearer {}", service.expose())],
        vec![&format!("Bearer {}", token.expose())],
        vec![&good, &good],
    ] {
        assert_eq!(status(&test, &refused).await, 401, "{refused:?}");
    }
}

/// What bit others: revoked keys live in a cache.
#[tokio::test]
async fn a_revoked_key_is_refused_at_the_next_request() {
    let test = TestContext::new().await;
    let (administration, scopes) = (test.engine.administration(), [Scope::AccountsRead].into());
    let (key, secret) =
        administration.issue_admin_key(&realm(), "old", scopes, false).await.unwrap();
    let value = format!("Bearer {}", secret.expose());
    assert_eq!(status(&test, &[&value]).await, 200);
    assert_eq!(test.delete(&format!("/keys/{}", key.id.0)).await.status, 204);
    assert_eq!(status(&test, &[&value]).await, 401);
}

#[tokio::test]
async fn a_key_is_for_its_realm_or_for_all() {
    let test = TestContext::new().await;
    let elsewhere = "/admin/v1/realms/elsewhere/policy";
    test.get(elsewhere).await.assert_problem(403, "realm-not-allowed");
    test.get("/admin/v1/realms/Else%20where/policy").await.assert_problem(400, "invalid-realm");
    test.get("/admin/v1/realms/%FF/policy").await.assert_problem(400, "invalid-realm");
    let all = test.issue_key("shop", Scope::ALL, true).await;
    for path in [elsewhere, "/policy"] {
        let request = without_key(Method::GET, path).header(AUTHORIZATION, format!("Bearer {all}"));
        assert_eq!(test.send(request.body(Body::empty()).unwrap()).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn accounts_tokens_and_keys_of_another_realm_do_not_exist() {
    let test = TestContext::new().await;
    let account = test.create("pat").await;
    // An event of the first realm.
    let set = test.put(&format!("{account}/password"), json!({ "password": NEW })).await;
    assert_eq!(set.status, 204);
    test.pass(1);
    assert_eq!(test.get("/outbox").await.json()["items"].as_array().unwrap().len(), 1);
    let issued = test.post(&format!("{account}/tokens"), json!({})).await;
    let (token, id) = (issued.member("access_token"), issued.member("token_id"));
    let other = TestContext { key: test.issue_key("other", Scope::ALL, false).await, ..test };
    let of = |path: &str| format!("/admin/v1/realms/other{path}");
    other.get(&of(&account)).await.assert_problem(404, "no-such-account");
    other
        .patch(&of(&account), json!({ "email": null }))
        .await
        .assert_problem(404, "no-such-account");
    assert_eq!(other.delete(&of(&account)).await.status, 204);
    assert_eq!(other.delete(&of(&format!("/tokens/{id}"))).await.status, 204);
    let keys = other.store_keys().await;
    for key in keys {
        if key.realm == realm() {
            assert_eq!(other.delete(&of(&format!("/keys/{}", key.id.0))).await.status, 204);
        }
    }
    let body = json!({ "user_id": "pat", "password": PASSWORD });
    let refused = other.post(&of("/passwords/verify"), body).await;
    assert_eq!(refused.json()["code"], "invalid-credentials");
    let listed = other.get(&of("/accounts")).await.json();
    assert_eq!(listed, json!({ "items": [], "next_cursor": null }));
    for list in ["/audit", "/outbox"] {
        let items = other.get(&of(list)).await.json()["items"].clone();
        let items = items.as_array().unwrap();
        assert!(items.iter().all(|item| item["account"].is_null()), "{list}: {items:?}");
        assert_eq!(items.is_empty(), list == "/outbox");
    }
    // Nothing was deleted or revoked.
    let first = TestContext { key: other.issue_key("shop", Scope::ALL, false).await, ..other };
    assert_eq!(first.introspect(&token).await["active"], true);
    assert!(first.store_keys().await.iter().all(|key| key.revoked_at.is_none()));
}

impl TestContext {
    async fn store_keys(&self) -> Vec<repass_core::Key> {
        self.engine.administration().store().keys(None).await.unwrap()
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    let test = TestContext::new().await;
    for path in ["/admin", "/admin/v1", "/nothing", "/accounts/", "/admin/v1/realms/shop"] {
        test.get(path).await.assert_problem(404, "not-found");
    }
    let answer = test.put("/accounts", json!({})).await;
    answer.assert_problem(405, "method-not-allowed");
    let mut allow: Vec<&str> = answer.header("allow").split(',').map(str::trim).collect();
    allow.sort_unstable();
    assert_eq!(allow, ["GET", "HEAD", "POST"]);
}

#[tokio::test]
async fn the_document_and_its_page_need_no_key() {
    let test = TestContext::new().await;
    for (path, content_type) in [
        ("/admin/v1/openapi.json", "application/json"),
        ("/admin/v1/docs", "text/html; charset=utf-8"),
    ] {
        let request = without_key(Method::GET, path).body(Body::empty()).unwrap();
        let answer = test.send(request).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, content_type));
    }
    let request = without_key(Method::GET, "/admin/v1/openapi.json").body(Body::empty()).unwrap();
    assert_eq!(test.send(request).await.json(), *DOCUMENT.value());
}

#[tokio::test]
async fn the_ids_of_request_and_trace_are_in_the_audit_record() {
    let test = TestContext::new().await;
    let account = test.create("pat").await;
    let request = test.request(Method::POST, &format!("{account}/unlock"));
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let request = request.header("x-request-id", "abc-1").header("traceparent", trace);
    let request = request.body(Body::empty()).unwrap();
    assert_eq!(test.send(request).await.header("x-request-id"), "abc-1");
    let record = &test.records().await[0];
    assert_eq!(record.context.request_id.as_deref(), Some("abc-1"));
    assert_eq!(record.context.traceparent.as_deref(), Some(trace));
    assert!(record.caller.starts_with("key:") && record.caller.ends_with(":back end"));
}

/// What bit others: leftmost `X-Forwarded-For` believed.
#[tokio::test]
async fn the_end_users_address_is_a_claim_of_the_body_and_never_of_a_header() {
    let test = TestContext::new().await;
    test.create("pat").await;
    let body = json!({
        "user_id": "pat", "password": PASSWORD,
        "client": { "ip": "203.0.113.9", "user_agent": "App/2", "on_behalf_of": "kim" },
    });
    let request =
        test.request(Method::POST, "/sessions").header("content-type", "application/json");
    let request = request.header("x-forwarded-for", "198.51.100.1, 10.0.0.1");
    let mut request = request.body(Body::from(body.to_string())).unwrap();
    let peer = repass_http::Peer("192.0.2.7".parse().unwrap());
    request.extensions_mut().insert(peer);
    assert_eq!(test.send(request).await.status, 201);
    for record in test.records().await.into_iter().take(2) {
        let context = record.context;
        assert_eq!(context.peer.as_deref(), Some("192.0.2.7"), "{}", record.action);
        assert_eq!(context.ip_address.as_deref(), Some("203.0.113.9"), "{}", record.action);
        assert_eq!(context.user_agent.as_deref(), Some("App/2"));
        assert_eq!(context.display_name.as_deref(), Some("kim"));
        assert!(!format!("{context:?}").contains("198.51.100.1"));
    }
}
