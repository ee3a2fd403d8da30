//! All 217 measured cases of the vendor's framework, over real HTTP.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use http::Method;
use repass_spec_customer::UpdateUserPasswordResponse;
use serde::Deserialize;

use super::binding::{Bound, OLD, Reader};
use super::bodies::{form_change, utf_16, xml_change};
use super::{CHANGED, NOT_READ};
use crate::requests::{CUSTOMER, GUID, Wire, customer_body};

const VECTORS: &str = include_str!("../../vectors/customer.jsonl");

const NULLS: &str = "the type allows for no list and for nulls in it; repass sends neither";
const TEXTS: &str = "the messages are repass's own, and none of them reads so";
const SILENT: &str = "repass never says that something is wrong without a message";
const HARNESS: &str = "an answer of the observing harness that this API never gives";

/// Cases that no request can provoke, each with its reason. The crate's own tests write them.
const BEYOND_HTTP: [(&str, &str); 30] = [
    ("RJ02-ok-null-list", NULLS),
    ("RJ03-invalid-pw", SILENT),
    ("RJ04-two-strings", TEXTS),
    ("RJ05-one-null-item", NULLS),
    ("RJ06-empty-string-item", TEXTS),
    ("RJ07-mixed", NULLS),
    ("RJ08-special", TEXTS),
    ("RJ09-newlines-tabs", TEXTS),
    ("RJ10-control", TEXTS),
    ("RJ11-nul", TEXTS),
    ("RJ13-lonesurr", TEXTS),
    ("RJ15-ws", TEXTS),
    ("RJ16-u2028-html", TEXTS),
    ("RX02-ok-null-list", NULLS),
    ("RX04-two-strings", TEXTS),
    ("RX08-special", TEXTS),
    ("RX09-newlines-tabs", TEXTS),
    ("RX11-nul", TEXTS),
    ("RX12-unicode", TEXTS),
    ("RX13-lonesurr", TEXTS),
    ("RX15-ws", TEXTS),
    ("RX16-u2028-html", TEXTS),
    ("E10-404-notfound-result-json", HARNESS),
    ("E10-404-notfound-result-xml", HARNESS),
    ("E11-400-badrequest-empty-json", HARNESS),
    ("E12-400-msg-json", HARNESS),
    ("E13-401-unauthorized-result-xml", HARNESS),
    ("E14-nullresp-json", HARNESS),
    ("E08-500-xml", "is provoked in trouble.rs, where the database is broken"),
    ("E16-head-xml", "is looked at in routes.rs: an answer to HEAD has no body on the wire"),
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
    expected: Expected,
    #[serde(default)]
    product: Option<Product>,
}

#[derive(Deserialize)]
struct Expected {
    status: u16,
    #[serde(default)]
    bound: Option<Bound>,
    #[serde(default)]
    response: Option<Measured>,
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
struct Measured {
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

    /// The case's own request, but for its body.
    fn wire(&self) -> Wire {
        let own = [
            ("content-type", &self.content_type),
            ("accept", &self.request_accept),
            ("accept-charset", &self.request_accept_charset),
        ];
        let own = own.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
        let others = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let headers = own.chain(others).chain([("host", "h")]);
        Wire {
            spec: "customer",
            method: self.method.as_deref().unwrap_or("POST").parse::<Method>().unwrap(),
            path: self.path.clone().unwrap_or_else(|| CUSTOMER.to_owned()),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            body: String::new(),
        }
    }

    /// A body that changes the password to `new`, of the case's own type.
    fn good_body(&self, new: &str) -> Vec<u8> {
        let json = customer_body(GUID, OLD, new);
        match self.content_type.as_deref() {
            Some("application/json; charset=utf-16") => utf_16(&json),
            Some(xml) if xml.ends_with("/xml") => xml_change(OLD, new).into_bytes(),
            Some(form) if form.contains("form") => form_change(OLD, new).into_bytes(),
            _ => json.into_bytes(),
        }
    }
}

fn vectors(kind: &str) -> Vec<Vector> {
    let all = VECTORS.lines().map(|line| serde_json::from_str::<Vector>(line).unwrap());
    let is_beyond = |id: &str| BEYOND_HTTP.iter().any(|(own, _)| *own == id);
    all.filter(|vector| vector.kind == kind && !is_beyond(&vector.id)).collect()
}

#[test]
fn all_217_cases_are_sent_or_said_to_be_beyond_http() {
    let sent: usize = ["request", "response", "negotiation", "error"]
        .into_iter()
        .map(|kind| vectors(kind).len())
        .sum();
    assert_eq!(VECTORS.lines().count(), 217);
    assert_eq!(sent + BEYOND_HTTP.len(), 217);
}

/// Proves CUSTOMER-7, CUSTOMER-11, CUSTOMER-13, CUSTOMER-16, CUSTOMER-17, CUSTOMER-18.
/// Proves CUSTOMER-19, CUSTOMER-20, CUSTOMER-21, CUSTOMER-22, CUSTOMER-31.
#[tokio::test(flavor = "multi_thread")]
async fn requests_are_bound_as_measured() {
    let reader = Reader::start().await;
    let mut seen = BTreeMap::<_, usize>::new();
    for vector in vectors("request") {
        let (id, own_type) = (vector.id.as_str(), vector.content_type.as_deref());
        let status = vector.product.as_ref().map_or(vector.expected.status, |own| own.status);
        *seen.entry((status, vector.expected.bound.is_some())).or_default() += 1;
        if let Some(product) = &vector.product {
            let keys = product.modelstate_keys.iter().map(|key| (key.as_str(), NOT_READ));
            let keys: Vec<_> = keys.collect();
            reader.assert_invalid(id, own_type.unwrap(), vector.bytes(), &keys).await;
        } else if let Some(measured) = &vector.expected.response {
            let answer = reader.assert_untried(id, own_type, vector.bytes()).await;
            assert_eq!(answer.status, status, "{id}");
            assert_eq!(answer.header("content-type"), measured.content_type, "{id}");
            assert_eq!(answer.text(), measured.body, "{id}");
        } else if let Some(bound) = &vector.expected.bound {
            reader.assert_binds(id, own_type, vector.bytes(), bound).await;
            if let Some((body, bound)) = of_the_account(&vector, bound) {
                let why = format!("{id}, of the account");
                reader.assert_binds(&why, own_type, body, &bound).await;
            }
        } else {
            reader.assert_null_model(id, own_type, vector.bytes()).await;
        }
    }
    assert_eq!(seen.values().sum::<usize>(), 138, "{seen:?}");
}

/// Many cases have a new password and no user id, so they change nothing. This is the same body
/// with the account's user id, and its old password unless there is one, so that it changes the
/// password.
fn of_the_account(vector: &Vector, bound: &Bound) -> Option<(String, Bound)> {
    bound.new_password.as_ref().filter(|_| bound.user_id != GUID)?;
    let (body, mut bound) = (vector.body.as_deref()?, bound.clone());
    bound.user_id = GUID.to_owned();
    let has_old = bound.old_password.is_some();
    bound.old_password.get_or_insert_with(|| OLD.to_owned());
    let body = match body.strip_prefix('{') {
        Some(members) if has_old => format!("{{\"UserId\":\"{GUID}\",{members}"),
        Some(members) => {
            format!("{{\"UserId\":\"{GUID}\",\"OldPassword\":\"{OLD}\",{members}")
        }
        None if has_old => format!("UserId={GUID}&{body}"),
        None => format!("UserId={GUID}&OldPassword={OLD}&{body}"),
    };
    Some((body, bound))
}

/// Proves CUSTOMER-4, CUSTOMER-37.
#[tokio::test(flavor = "multi_thread")]
async fn responses_are_written_as_measured() {
    let reader = Reader::start().await;
    for vector in vectors("response") {
        let id = vector.id.as_str();
        let changed = UpdateUserPasswordResponse::changed();
        assert_eq!(vector.value.as_ref(), Some(&changed), "{id} can be provoked by a change only");
        let wire = vector.wire().with("content-type", Some("application/json"));
        let answer = wire.send_body(&reader.test.client, vector.good_body("new")).await;
        assert_eq!(answer.status, vector.expected.status, "{id}");
        assert_eq!(
            Some(answer.header("content-type")),
            vector.expected.content_type.as_deref(),
            "{id}"
        );
        match &vector.expected.body_b64 {
            Some(encoded) => assert_eq!(&BASE64.encode(&answer.body), encoded, "{id}"),
            None => assert_eq!(Some(answer.text()), vector.expected.body.as_deref(), "{id}"),
        }
        answer.assert_common_headers();
        reader.set_password("new", OLD).await;
    }
}

/// Proves CUSTOMER-4.
#[tokio::test(flavor = "multi_thread")]
async fn the_format_of_the_answer_is_negotiated_as_measured() {
    let reader = Reader::start().await;
    for vector in vectors("negotiation") {
        let (id, wire) = (vector.id.as_str(), vector.wire());
        // Without a body nothing is changed here; the harness answered 200 to a null model.
        let is_empty = vector.content_type.is_none();
        let body = if is_empty { Vec::new() } else { vector.good_body("new") };
        let answer = wire.send_body(&reader.test.client, body).await;
        assert_eq!(answer.status, if is_empty { 400 } else { 200 }, "{id}");
        let content_type = answer.header("content-type");
        assert_eq!(Some(content_type), vector.expected.content_type.as_deref(), "{id}");
        if !is_empty {
            let expected = if content_type.contains("xml") { super::CHANGED_XML } else { CHANGED };
            let is_utf_16 = content_type.ends_with("utf-16");
            let bytes = if is_utf_16 { utf_16(expected) } else { expected.into() };
            assert_eq!(answer.body, bytes, "{id}");
            reader.set_password("new", OLD).await;
        }
    }
}

/// Proves CUSTOMER-1, CUSTOMER-23, CUSTOMER-24, CUSTOMER-31.
#[tokio::test(flavor = "multi_thread")]
async fn errors_are_written_as_measured() {
    let reader = Reader::start().await;
    for vector in vectors("error") {
        let (id, expected) = (vector.id.as_str(), vector.expected.body.as_deref().unwrap());
        // The harness changed nothing; here only a good request gets this answer.
        let is_success = vector.expected.status == 200;
        let body = if is_success { vector.good_body("new") } else { vector.bytes() };
        let mut wire = vector.wire();
        wire.path = wire.path.replace("/Validated", "/UpdateUserPassword");
        let answer = wire.send_body(&reader.test.client, body).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (vector.expected.status, expected));
        for (name, value) in &vector.expected.headers {
            assert_eq!(answer.header(name), value, "{id}: {name}");
        }
        answer.assert_common_headers();
        if is_success {
            reader.set_password("new", OLD).await;
        }
    }
}
