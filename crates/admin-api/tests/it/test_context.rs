//! The admin API with a key of all scopes, and calls of it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt as _;
use repass_admin_api::{AdminApi, Options};
use repass_core::serde_json::{self, Value, json};
use repass_core::{
    AdministrationStore, AuditFilter, AuditRecord, Authorization, Change, ChangeError, Engine,
    InstallationKey, Plaintext, Proof, Realm, Scope, Subject,
};
use repass_testkit::{ManualClock, MemoryStore, fixtures};
use tower::ServiceExt as _;

use crate::document::DOCUMENT;

pub(crate) const PASSWORD: &str = "the first of my passwords";
pub(crate) const NEW: &str = "a second one, quite different";
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
pub(crate) const NDJSON: &str = "application/x-ndjson";

pub(crate) struct TestContext {
    pub(crate) api: AdminApi,
    pub(crate) engine: Engine,
    pub(crate) store: MemoryStore,
    pub(crate) clock: Arc<ManualClock>,
    /// A key of the realm `shop` with all scopes.
    pub(crate) key: String,
}

impl TestContext {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// Sets passwords and mails resets, unless `change` says otherwise.
    pub(crate) async fn with(change: impl FnOnce(&mut Options)) -> Self {
        let store = MemoryStore::new();
        Self::on(store.clone(), Arc::new(store), change).await
    }

    /// Serves `served`, and prepares `store`.
    pub(crate) async fn on(
        store: MemoryStore,
        served: Arc<dyn AdministrationStore>,
        change: impl FnOnce(&mut Options),
    ) -> Self {
        let clock = Arc::new(ManualClock::new(fixtures::at(0)));
        let hasher = Arc::new(fixtures::hasher());
        let engine = |store| {
            let key = InstallationKey::from_bytes([3; 32]);
            Engine::builder(store, hasher.clone(), key).clock(clock.clone()).build()
        };
        let mut options = Options::default();
        (options.allow_setting_passwords, options.mails_resets) = (true, true);
        change(&mut options);
        let api = AdminApi::new(engine(served), options);
        let engine = engine(Arc::new(store.clone()));
        let mut test = Self { api, engine, store, clock, key: String::new() };
        test.key = test.issue_key("shop", Scope::ALL, false).await;
        test
    }

    pub(crate) async fn issue_key(
        &self,
        realm: &str,
        scopes: impl IntoIterator<Item = Scope>,
        all_realms: bool,
    ) -> String {
        let scopes: BTreeSet<Scope> = scopes.into_iter().collect();
        let (realm, administration) = (realm.parse().unwrap(), self.engine.administration());
        let issued = administration.issue_admin_key(&realm, "back end", scopes, all_realms).await;
        issued.unwrap().1.expose().to_owned()
    }

    /// Begins a request with the key. `path` is below the realm `shop`, or whole.
    pub(crate) fn request(&self, method: Method, path: &str) -> http::request::Builder {
        without_key(method, path).header(AUTHORIZATION, format!("Bearer {}", self.key))
    }

    /// Sends a request, and compares the answer with the document.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let (parts, body) = self.api.clone().oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        DOCUMENT.assert_describes(&method, &path, parts.status, &parts.headers, &body);
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send_json(Method::POST, path, body).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.send_json(Method::PUT, path, body).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        let request = self.request(Method::PATCH, path);
        let request = request.header(CONTENT_TYPE, "application/merge-patch+json");
        self.send(request.body(body.to_string().into()).unwrap()).await
    }

    async fn send_json(&self, method: Method, path: &str, body: Value) -> Answer {
        self.send_text(method, path, "application/json", body.to_string()).await
    }

    pub(crate) async fn send_text(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: impl Into<Body>,
    ) -> Answer {
        let request = self.request(method, path).header(CONTENT_TYPE, content_type);
        self.send(request.body(body.into()).unwrap()).await
    }

    /// Sends a form.
    pub(crate) async fn introspect(&self, token: &str) -> Value {
        let body = format!("token={token}");
        let answer = self.send_text(Method::POST, "/tokens/introspect", FORM, body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// Creates an account with [`PASSWORD`], and returns its path.
    pub(crate) async fn create(&self, user_id: &str) -> String {
        let email = format!("{user_id}@example.org");
        self.create_with(json!({ "user_id": user_id, "email": email, "password": PASSWORD })).await
    }

    /// Creates an account of these members, and returns its path.
    pub(crate) async fn create_with(&self, body: Value) -> String {
        let created = self.post("/accounts", body).await;
        assert_eq!(created.status, 201, "{created:?}");
        format!("/accounts/{}", created.member("id"))
    }

    /// Returns whether the password is right, as the API says.
    pub(crate) async fn verify(&self, user_id: &str, password: &str) -> Value {
        let body = json!({ "user_id": user_id, "password": password });
        let answer = self.post("/passwords/verify", body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// Changes the password of an account by `proof`, as a vendor's API does.
    pub(crate) async fn change(
        &self,
        user_id: &str,
        proof: Proof,
        new: &str,
    ) -> Result<(), ChangeError> {
        let authorization = Authorization::by_proof(Subject::new(realm(), user_id));
        let change = Change::new(authorization, proof, Plaintext::from(new));
        self.engine.change(change).await.map(drop)
    }

    /// Returns the audit records, the newest first.
    pub(crate) async fn records(&self) -> Vec<AuditRecord> {
        let filter = AuditFilter { limit: 10_000, ..AuditFilter::default() };
        self.store.audit(&filter).await.unwrap()
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

/// Begins a request without a key.
pub(crate) fn without_key(method: Method, path: &str) -> http::request::Builder {
    let path = match path.starts_with("/admin") {
        true => path.to_owned(),
        false => format!("/admin/v1/realms/shop{path}"),
    };
    Request::builder().method(method).uri(path)
}

pub(crate) fn realm() -> Realm {
    "shop".parse().unwrap()
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    /// Returns the values of the lines.
    pub(crate) fn lines(&self) -> Vec<Value> {
        let lines = self.text().lines().filter(|line| !line.is_empty());
        lines.map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Returns the value of a header; empty when it is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Returns the value of the only member of an issued secret.
    #[track_caller]
    pub(crate) fn member(&self, name: &str) -> String {
        self.json()[name].as_str().unwrap_or_else(|| panic!("no {name}: {self:?}")).to_owned()
    }

    /// Asserts a problem with this status and code.
    #[track_caller]
    pub(crate) fn assert_problem(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!((&problem["code"], &problem["status"]), (&code.into(), &status.into()));
        assert_eq!(problem["type"], format!("urn:repass:problem:{code}"));
        assert_eq!(problem["request_id"], self.header("x-request-id"));
        assert_ne!(problem["request_id"], "");
    }

    /// Asserts a problem of the body with exactly these pointers.
    #[track_caller]
    pub(crate) fn assert_invalid(&self, pointers: &[&str]) {
        self.assert_problem(400, "invalid-body");
        let problem = self.json();
        let errors = problem["errors"].as_array().unwrap_or_else(|| panic!("{problem}")).iter();
        let own: Vec<_> = errors.map(|error| error["pointer"].as_str().unwrap()).collect();
        assert_eq!(own, pointers, "{problem}");
    }
}
