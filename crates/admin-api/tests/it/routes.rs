//! Every call with a good request and its scope.

use std::collections::BTreeSet;

use axum::body::Body;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request};
use repass_core::Scope;
use repass_core::serde_json::{Value, json};

use crate::document::DOCUMENT;
use crate::test_context::{FORM, NDJSON, NEW, PASSWORD, TestContext, without_key};

/// A call with a good request.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    pub(crate) method: Method,
    /// With `{id}` for the id of an account, a token or a key.
    pub(crate) path: &'static str,
    pub(crate) scopes: &'static [Scope],
    pub(crate) body: Option<Value>,
    /// The status of its answer.
    pub(crate) status: u16,
}

/// Returns every call.
pub(crate) fn routes() -> Vec<Route> {
    use Scope::{
        AccountsRead, AccountsWrite, AuditRead, Keys, Outbox, PasswordsSet, PasswordsVerify,
        Resets, Tokens,
    };
    let sign_in = json!({ "user_id": "pat", "password": PASSWORD });
    let row =
        |method: Method, path, scopes, body, status| Route { method, path, scopes, body, status };
    let (get, post, delete) = (Method::GET, Method::POST, Method::DELETE);
    let (put, patch) = (Method::PUT, Method::PATCH);
    vec![
        row(get.clone(), "/accounts", &[AccountsRead], None, 200),
        row(post.clone(), "/accounts", &[AccountsWrite], Some(json!({ "user_id": "kim" })), 201),
        row(post.clone(), "/accounts:import", &[AccountsWrite], Some(json!("{}")), 200),
        row(get.clone(), "/accounts/{id}", &[AccountsRead], None, 200),
        row(patch, "/accounts/{id}", &[AccountsWrite], Some(json!({ "locale": "de" })), 200),
        row(post.clone(), "/accounts/{id}/unlock", &[AccountsWrite], None, 204),
        row(put, "/accounts/{id}/password", &[PasswordsSet], Some(json!({ "password": NEW })), 204),
        row(get.clone(), "/accounts/{id}/tokens", &[Tokens], None, 200),
        row(post.clone(), "/accounts/{id}/tokens", &[Tokens], Some(json!({})), 201),
        row(delete.clone(), "/accounts/{id}/tokens", &[Tokens], None, 204),
        row(get.clone(), "/accounts/{id}/resets", &[Resets], None, 200),
        row(
            post.clone(),
            "/accounts/{id}/resets",
            &[Resets],
            Some(json!({ "deliver": "return" })),
            201,
        ),
        row(delete.clone(), "/accounts/{id}/resets", &[Resets], None, 204),
        row(post.clone(), "/accounts/{id}/otp", &[Resets], Some(json!({})), 201),
        row(delete.clone(), "/accounts/{id}/otp", &[Resets], None, 204),
        row(post.clone(), "/accounts/{id}/otp/code", &[Resets], Some(json!({})), 201),
        row(post.clone(), "/passwords/verify", &[PasswordsVerify], Some(sign_in.clone()), 200),
        row(post.clone(), "/sessions", &[PasswordsVerify, Tokens], Some(sign_in), 201),
        row(post.clone(), "/tokens/introspect", &[Tokens], Some(json!("token=x")), 200),
        row(delete.clone(), "/tokens/{id}", &[Tokens], None, 204),
        row(post.clone(), "/resets", &[Resets], Some(json!({ "email": "pat@example.org" })), 202),
        row(get.clone(), "/policy", &[AccountsRead], None, 200),
        row(
            post.clone(),
            "/policy/evaluate",
            &[PasswordsVerify],
            Some(json!({ "password": NEW })),
            200,
        ),
        row(get.clone(), "/audit", &[AuditRead], None, 200),
        row(get.clone(), "/outbox", &[Outbox], None, 200),
        row(post.clone(), "/outbox/retry", &[Outbox], Some(json!({ "all": true })), 200),
        row(post.clone(), "/outbox/discard", &[Outbox], Some(json!({ "all": true })), 200),
        row(get, "/keys", &[Keys], None, 200),
        row(post, "/keys", &[Keys], Some(json!({ "kind": "app", "name": "x" })), 201),
        row(delete.clone(), "/keys/{id}", &[Keys], None, 204),
        row(delete, "/accounts/{id}", &[AccountsWrite], None, 204),
    ]
}

impl Route {
    /// Returns the request with this key, for the account of this path.
    pub(crate) fn request(&self, key: &str, account: &str) -> Request<Body> {
        let path = self.path.replace("/accounts/{id}", account);
        // No token and no key has the id of an account.
        let path = path.replace("{id}", account.rsplit('/').next().unwrap());
        let request =
            without_key(self.method.clone(), &path).header(AUTHORIZATION, format!("Bearer {key}"));
        let content_type = match self.path {
            "/tokens/introspect" => FORM,
            "/accounts:import" => NDJSON,
            _ => "application/json",
        };
        match &self.body {
            None => request.body(Body::empty()).unwrap(),
            Some(Value::String(text)) => {
                request.header(CONTENT_TYPE, content_type).body(text.clone().into()).unwrap()
            }
            Some(json) => {
                request.header(CONTENT_TYPE, content_type).body(json.to_string().into()).unwrap()
            }
        }
    }
}

#[test]
fn the_table_has_every_call_of_the_document() {
    let paths = DOCUMENT.value()["paths"].as_object().unwrap().iter();
    let described: BTreeSet<(String, String)> = paths
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys().filter(|name| *name != "parameters");
            methods.map(|method| (path.clone(), method.to_uppercase()))
        })
        .collect();
    let routes = routes();
    let own = routes.iter().map(|route| {
        (format!("/admin/v1/realms/{{realm}}{}", route.path), route.method.to_string())
    });
    assert_eq!(described, own.collect());
}

/// What bit others: a route × scope table; empty scopes mean all.
#[tokio::test]
async fn each_call_needs_its_scopes_and_does_nothing_without_them() {
    let test = TestContext::new().await;
    let account = test.create("pat").await;
    let none = test.issue_key("shop", [], false).await;
    for route in routes() {
        let mut refused = vec![none.clone()];
        for missing in route.scopes {
            let others = Scope::ALL.into_iter().filter(|scope| scope != missing);
            refused.push(test.issue_key("shop", others, false).await);
        }
        let before = test.records().await.len();
        for key in refused {
            let answer = test.send(route.request(&key, &account)).await;
            answer.assert_problem(403, "scope-missing");
        }
        assert_eq!(test.records().await.len(), before, "{route:?}");
    }
    for route in routes() {
        let test = TestContext::new().await;
        let account = test.create("pat").await;
        let key = test.issue_key("shop", route.scopes.iter().copied(), false).await;
        let answer = test.send(route.request(&key, &account)).await;
        assert_eq!(answer.status, route.status, "{route:?} {answer:?}");
    }
}
