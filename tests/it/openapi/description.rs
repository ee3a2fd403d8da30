//! The OpenAPI document of one vendor, and what it says about requests and answers.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use http::{HeaderMap, Method, StatusCode};
use repass_core::SystemRandomness;
use repass_openapi_tests::Document;
use repass_spec::{Spec, form};
use repass_spec_customer::{HttpError, UpdateUserPasswordRequest, UpdateUserPasswordResponse};
use serde_json::Value;

/// The headers of an answer that say something about it alone, so that they must be described.
const DESCRIBED_HEADERS: [&str; 4] =
    ["allow", "www-authenticate", "accept-encoding", "retry-after"];

static DESCRIPTIONS: LazyLock<HashMap<&str, Description>> = LazyLock::new(|| {
    let specs: [Box<dyn Spec>; 5] = [
        Box::new(repass_spec_ecom::EcomSpec::new(Arc::new(SystemRandomness))),
        Box::new(repass_spec_etna::EtnaSpec::new()),
        Box::new(repass_spec_zap::ZapSpec::default()),
        Box::new(repass_spec_customer::CustomerSpec::default()),
        Box::new(repass_spec_fabric::FabricSpec::new()),
    ];
    let described = |spec: Box<dyn Spec>| {
        let document = spec.openapi().expect("each bundled vendor has a document");
        let document = Document::new(document);
        (spec.name(), Description { spec: spec.name(), document })
    };
    specs.into_iter().map(described).collect()
});

/// The document of one vendor.
pub(crate) struct Description {
    pub(crate) spec: &'static str,
    pub(crate) document: Document,
}

impl Description {
    /// Returns the document of a vendor.
    pub(crate) fn of(spec: &str) -> &'static Self {
        &DESCRIPTIONS[spec]
    }

    pub(crate) fn all() -> impl Iterator<Item = &'static Self> {
        DESCRIPTIONS.values()
    }

    /// Returns the only operation, with its path and its method.
    pub(crate) fn operation(&self) -> (&str, &str, &Value) {
        let (path, item) = only(&self.document.value()["paths"]);
        let (method, operation) = only(item);
        (path, method, operation)
    }

    /// Returns the description of the answers with a status.
    #[track_caller]
    pub(crate) fn response(&self, status: &str) -> &Value {
        let response = &self.operation().2["responses"][status];
        assert!(!response.is_null(), "{}: {status} is not described", self.spec);
        self.resolve(response)
    }

    /// Returns the object to which a reference leads, or `value` itself.
    #[track_caller]
    pub(crate) fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        self.document.resolve(value)
    }

    /// Returns the examples of a media type, a parameter or a header, by name.
    pub(crate) fn examples<'a>(&'a self, described: &'a Value) -> Vec<(&'a str, &'a Value)> {
        let examples = described["examples"].as_object().into_iter().flatten();
        let examples = examples.map(|(name, it)| (name.as_str(), &self.resolve(it)["value"]));
        examples.chain(described.get("example").map(|value| ("example", value))).collect()
    }

    /// Asserts that `value` is valid against a schema of the document.
    #[track_caller]
    pub(crate) fn assert_valid(&self, schema: &Value, value: &Value) {
        self.document.assert_valid(schema, value);
    }

    /// Asserts that the document describes an answer to a request with this method: its status, its
    /// headers, its content type and its body.
    #[track_caller]
    pub(crate) fn assert_describes(
        &self,
        method: &Method,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) {
        let response = self.response(status.as_str());
        let described = response["headers"].as_object().expect("headers");
        for (name, header) in described {
            let header = self.resolve(header);
            match headers.get(name) {
                Some(value) => self.assert_header(header, value.to_str().unwrap()),
                None => assert_ne!(header["required"], true, "{}: {status}: no {name}", self.spec),
            }
        }
        for name in DESCRIBED_HEADERS.iter().filter(|name| headers.contains_key(**name)) {
            let is_described = described.keys().any(|own| own.eq_ignore_ascii_case(name));
            assert!(is_described, "{}: {status}: {name} is not described", self.spec);
        }
        if method != Method::HEAD {
            self.assert_describes_body(status, headers, body);
        }
    }

    #[track_caller]
    fn assert_header(&self, header: &Value, value: &str) {
        let is_integer = header["schema"]["type"] == "integer";
        let value = if is_integer { value.parse::<u64>().unwrap().into() } else { value.into() };
        self.assert_valid(&header["schema"], &value);
    }

    #[track_caller]
    fn assert_describes_body(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) {
        let response = self.response(status.as_str());
        let Some(content) = response.get("content") else {
            assert!(body.is_empty(), "{}: {status}: the body is not described", self.spec);
            return;
        };
        let content_type = headers["content-type"].to_str().unwrap();
        let described = &content[essence(content_type)];
        assert!(described.is_object(), "{}: {status}: {content_type}", self.spec);
        self.assert_valid(&described["schema"], &answer_as_json(status, content_type, body));
    }
}

/// Returns a media type without its parameters.
pub(crate) fn essence(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim_end()
}

/// Returns the body of an answer as JSON. XML and UTF-16 are read as the vendor's client reads
/// them.
pub(crate) fn answer_as_json(status: StatusCode, content_type: &str, body: &[u8]) -> Value {
    if essence(content_type).ends_with("json") && !content_type.contains("utf-16") {
        return serde_json::from_slice(body).unwrap();
    }
    let json = match status {
        StatusCode::OK => UpdateUserPasswordResponse::read(content_type, body).unwrap().to_json(),
        _ => HttpError::read(content_type, body).unwrap().to_json(),
    };
    serde_json::from_str(&json).unwrap()
}

/// Returns the body of a request as JSON.
pub(crate) fn request_as_json(content_type: &str, body: &str) -> Value {
    match essence(content_type) {
        "application/x-www-form-urlencoded" => form::read(body.as_bytes())
            .map(|field| (field.name, field.value.expose().into()))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        xml if xml.ends_with("xml") => {
            let read = UpdateUserPasswordRequest::read(Some(content_type), body.as_bytes());
            let model = read.unwrap().model.expect("a request");
            serde_json::from_str(model.to_json().expose()).unwrap()
        }
        _ => serde_json::from_str(body).unwrap(),
    }
}

/// Returns the only member of an object.
#[track_caller]
fn only(object: &Value) -> (&str, &Value) {
    let mut members = object.as_object().expect("an object").iter();
    let (name, value) = members.next().expect("a member");
    assert!(members.next().is_none(), "more than one member");
    (name, value)
}
