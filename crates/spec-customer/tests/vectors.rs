//! Every measured case of the vendor's framework, through the public interface of the crate.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic fails the test")]

use std::collections::BTreeMap;

use data_encoding::BASE64;
use http::request::Parts;
use http::{Method, Request, StatusCode};
use jiff::Timestamp;
use repass_core::{Account, AccountId, Caller, Changed, KeyKind, Plaintext, Proof, Realm};
use repass_spec::{Call, Head, Rejection, Reply, RequiredCredential, RouteMatch, Spec};
use repass_spec_customer::{
    Binding, CustomerSpec, HttpError, PATH, UpdateUserPasswordRequest, UpdateUserPasswordResponse,
};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

const VECTORS: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/customer.jsonl"));

/// Cases that this crate cannot reproduce, each with the reason.
const NOT_REPRODUCIBLE: [(&str, &str); 7] = [
    ("RJ13-lonesurr", "text with a lone surrogate does not exist in Rust"),
    ("RX13-lonesurr", "text with a lone surrogate does not exist in Rust"),
    ("E10-404-notfound-result-json", "an action of the harness that answers without a body"),
    ("E10-404-notfound-result-xml", "an action of the harness that answers without a body"),
    ("E11-400-badrequest-empty-json", "an action of the harness that answers without a body"),
    ("E13-401-unauthorized-result-xml", "an action of the harness that answers without a body"),
    ("E14-nullresp-json", "an action of the harness that answers null, which this API never does"),
];

#[derive(Deserialize)]
struct Vector {
    id: String,
    kind: String,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    content_type: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    body_b64: Option<String>,
    #[serde(default)]
    value: Option<UpdateUserPasswordResponse>,
    #[serde(default)]
    request_accept: Option<String>,
    #[serde(default)]
    request_accept_charset: Option<String>,
    #[serde(default)]
    body_present: Option<bool>,
    expected: Expected,
    #[serde(default)]
    product: Option<Product>,
}

#[derive(Deserialize)]
struct Expected {
    status: u16,
    #[serde(default)]
    bound: Option<BTreeMap<String, Option<String>>>,
    #[serde(default)]
    modelstate_keys: Vec<String>,
    #[serde(default)]
    response: Option<Answer>,
    #[serde(default)]
    content_type: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    body_b64: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    content_type: String,
    body: String,
}

#[derive(Deserialize)]
struct Product {
    status: u16,
    modelstate_keys: Vec<String>,
}

impl Vector {
    fn bytes(&self) -> Vec<u8> {
        match (&self.body, &self.body_b64) {
            (Some(text), None) => text.clone().into_bytes(),
            (None, Some(encoded)) => BASE64.decode(encoded.as_bytes()).unwrap(),
            (None, None) => Vec::new(),
            _ => panic!("{}: two bodies", self.id),
        }
    }

    fn parts(&self) -> Parts {
        let path = self.path.as_deref().unwrap_or(PATH);
        let mut request = Request::builder()
            .method(self.method.as_deref().unwrap_or("POST"))
            .uri(format!("http://h{path}"));
        let own = [
            ("Content-Type", &self.content_type),
            ("Accept", &self.request_accept),
            ("Accept-Charset", &self.request_accept_charset),
        ];
        let own = own.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
        let others = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in own.chain(others) {
            request = request.header(name, value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn with_head<T>(&self, act: impl FnOnce(&Head<'_>) -> T) -> T {
        let parts = self.parts();
        let realm: Realm = "shop".parse().unwrap();
        act(&Head::new(&parts, &realm))
    }

    /// Begins the request, at this API's path.
    fn begin(&self) -> Box<dyn Call> {
        let begun = self.with_head(|head| CustomerSpec::default().begin(&head.with_path(PATH)));
        let RouteMatch::Match(call) = begun else { panic!("{}: {begun:?}", self.id) };
        call
    }
}

fn vectors() -> Vec<Vector> {
    VECTORS.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn changed() -> Changed {
    Changed {
        account: Account::new(
            AccountId(Uuid::nil()),
            "shop".parse().unwrap(),
            "pat".parse().unwrap(),
            Timestamp::UNIX_EPOCH,
        ),
        at: Timestamp::UNIX_EPOCH,
        version: 2,
    }
}

fn content_type(reply: &Reply) -> &str {
    reply.headers()[http::header::CONTENT_TYPE].to_str().unwrap()
}

fn succeed(vector: &Vector) -> Reply {
    vector.begin().respond(Ok(&changed()))
}

#[test]
fn there_are_217_cases_of_known_kinds() {
    let vectors = vectors();
    let mut kinds = BTreeMap::new();
    for vector in &vectors {
        *kinds.entry(vector.kind.as_str()).or_insert(0) += 1;
    }
    assert_eq!(vectors.len(), 217);
    let known = ["error", "negotiation", "request", "response"];
    assert!(kinds.keys().all(|kind| known.contains(kind)), "{kinds:?}");
    for (id, _) in NOT_REPRODUCIBLE {
        assert!(vectors.iter().any(|vector| vector.id == id), "{id} is not a case");
    }
}

#[test]
fn requests_are_read_like_the_framework() {
    for vector in vectors().iter().filter(|vector| vector.kind == "request") {
        let body = vector.bytes();
        let read = UpdateUserPasswordRequest::read(vector.content_type.as_deref(), &body);
        let answered = vector.begin().read(&body, Caller::anonymous());
        let id = vector.id.as_str();
        match read {
            Err(unsupported) => {
                assert_eq!(vector.expected.status, 415, "{id}: {unsupported}");
                assert_answer(id, &answered.unwrap_err(), 415, vector.expected.response.as_ref());
            }
            Ok(binding) => assert_binding(vector, &binding, answered),
        }
    }
}

fn assert_binding(
    vector: &Vector,
    binding: &Binding,
    answered: Result<repass_core::Change, Reply>,
) {
    let id = vector.id.as_str();
    let keys: Vec<_> = binding.model_state.iter().map(|(key, _)| key).collect();
    if let Some(product) = &vector.product {
        assert_eq!(keys, product.modelstate_keys, "{id}");
        let reply = answered.unwrap_err();
        assert_eq!(reply.status().as_u16(), product.status, "{id}");
        let error = HttpError::read(content_type(&reply), reply.body()).unwrap();
        assert_eq!(error, HttpError::invalid(binding.model_state.clone()), "{id}");
        return;
    }
    assert_eq!(keys, vector.expected.modelstate_keys, "{id}");
    let bound = binding.model.as_ref().map(members);
    assert_eq!(bound, vector.expected.bound, "{id}");
    match (vector.expected.status, bound) {
        (400, _) => {
            assert_answer(id, &answered.unwrap_err(), 400, vector.expected.response.as_ref());
        }
        // The harness answers 200 to a null model; this API answers 400.
        (200, None) => {
            let reply = answered.unwrap_err();
            assert_eq!(reply.status(), StatusCode::BAD_REQUEST, "{id}");
            let error = HttpError::read(content_type(&reply), reply.body()).unwrap();
            assert_eq!(error, HttpError::new("The request is invalid."), "{id}");
        }
        (200, Some(bound)) => {
            let change = answered.unwrap();
            let text = |name: &str| bound[name].clone();
            let user_id = &change.authorization.subject().user_id;
            assert_eq!(Some(user_id), text("UserId").as_ref(), "{id}");
            let Proof::OldPassword(old) = &change.proof else { panic!("{id}: another proof") };
            assert_eq!(old.expose(), text("OldPassword").unwrap_or_default(), "{id}");
            let new = change.new_password.expose();
            assert_eq!(new, text("NewPassword").unwrap_or_default(), "{id}");
            assert_eq!(change.context.ip_address, text("IPAddress"), "{id}");
            assert_eq!(change.context.user_agent, text("UserAgent"), "{id}");
            assert_eq!(change.context.session, text("PermanentSessionId"), "{id}");
        }
        (status, _) => panic!("{id}: unexpected status {status}"),
    }
}

fn members(request: &UpdateUserPasswordRequest) -> BTreeMap<String, Option<String>> {
    let secret = |text: &Option<Plaintext>| text.as_ref().map(|text| text.expose().to_owned());
    BTreeMap::from([
        ("UserId".to_owned(), Some(request.user_id.to_string())),
        ("OldPassword".to_owned(), secret(&request.old_password)),
        ("NewPassword".to_owned(), secret(&request.new_password)),
        ("IPAddress".to_owned(), request.ip_address.clone()),
        ("UserAgent".to_owned(), request.user_agent.clone()),
        ("PermanentSessionId".to_owned(), request.permanent_session_id.clone()),
    ])
}

fn assert_answer(id: &str, reply: &Reply, status: u16, expected: Option<&Answer>) {
    let expected = expected.unwrap_or_else(|| panic!("{id}: no answer measured"));
    assert_eq!(reply.status().as_u16(), status, "{id}");
    assert_eq!(content_type(reply), expected.content_type, "{id}");
    assert_eq!(std::str::from_utf8(reply.body()), Ok(expected.body.as_str()), "{id}");
}

#[test]
fn responses_are_written_like_the_framework() {
    for vector in vectors().iter().filter(|vector| vector.kind == "response") {
        let id = vector.id.as_str();
        if is_not_reproducible(id) {
            continue;
        }
        let value = vector.value.as_ref().unwrap();
        let reply = succeed(vector);
        assert_eq!(Some(content_type(&reply)), vector.expected.content_type.as_deref(), "{id}");
        assert_eq!(reply.status().as_u16(), vector.expected.status, "{id}");
        if let Some(encoded) = &vector.expected.body_b64 {
            assert_eq!(value, &UpdateUserPasswordResponse::changed(), "{id}");
            assert_eq!(&BASE64.encode(reply.body()), encoded, "{id}");
            continue;
        }
        let expected = vector.expected.body.as_deref().unwrap();
        let is_json = content_type(&reply).contains("json");
        let written = if is_json { value.to_json() } else { value.to_xml() };
        assert_eq!(written, expected, "{id}");
        if *value == UpdateUserPasswordResponse::changed() {
            assert_eq!(std::str::from_utf8(reply.body()), Ok(expected), "{id}");
        }
    }
}

#[test]
fn formats_are_negotiated_like_the_framework() {
    for vector in vectors().iter().filter(|vector| vector.kind == "negotiation") {
        let id = vector.id.as_str();
        assert_eq!(vector.body_present, Some(vector.content_type.is_some()), "{id}");
        let reply = succeed(vector);
        assert_eq!(reply.status().as_u16(), vector.expected.status, "{id}");
        assert_eq!(Some(content_type(&reply)), vector.expected.content_type.as_deref(), "{id}");
        let read = UpdateUserPasswordResponse::read(content_type(&reply), reply.body());
        assert_eq!(read, Ok(UpdateUserPasswordResponse::changed()), "{id}");
    }
}

#[test]
fn errors_are_written_like_the_framework() {
    for vector in vectors().iter().filter(|vector| vector.kind == "error") {
        if is_not_reproducible(&vector.id) {
            assert_eq!(vector.expected.body.as_deref().unwrap().replace("null", ""), "");
            continue;
        }
        let (id, expected) = (vector.id.as_str(), vector.expected.body.as_deref().unwrap());
        let Some(reply) = answer(vector) else {
            let text: Value = serde_json::from_str(expected).unwrap();
            let error = HttpError::new(text["Message"].as_str().unwrap());
            assert_eq!(error.to_json(), expected, "{id}");
            continue;
        };
        assert_eq!(reply.status().as_u16(), vector.expected.status, "{id}");
        assert_eq!(std::str::from_utf8(reply.body()), Ok(expected), "{id}");
        for (name, value) in &vector.expected.headers {
            assert_eq!(&reply.headers()[name], value, "{id}: {name}");
        }
    }
}

/// Returns this API's answer to the case; `None` if only the shape of the body can be compared.
fn answer(vector: &Vector) -> Option<Reply> {
    let spec = CustomerSpec::default();
    vector.with_head(|head| {
        let required = RequiredCredential::Key(KeyKind::Api);
        Some(match head.path.rsplit('/').next()? {
            "Auth" => vector.begin().reject(Rejection::Unauthenticated(required)),
            "Boom" => vector.begin().reject(Rejection::Fault),
            "BadMsg" => return None,
            "Validated" => {
                return vector.begin().read(&vector.bytes(), Caller::anonymous()).err();
            }
            _ => match spec.begin(head) {
                RouteMatch::NoMatch => spec.not_found(head),
                RouteMatch::MethodNotAllowed { allow } => {
                    assert_ne!(head.parts.method, Method::POST);
                    spec.method_not_allowed(head, allow)
                }
                RouteMatch::Match(mut call) => {
                    let read = call.read(&vector.bytes(), Caller::anonymous());
                    assert!(read.is_ok(), "{}", vector.id);
                    call.respond(Ok(&changed()))
                }
            },
        })
    })
}

fn is_not_reproducible(id: &str) -> bool {
    NOT_REPRODUCIBLE.iter().any(|(own, _)| *own == id)
}
