//! An OpenAPI document in tests: asserts that it describes an answer.
//!
//! Only for tests: it panics on errors.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

const NDJSON: &str = "application/x-ndjson";

/// An OpenAPI document.
#[derive(Debug, Clone)]
pub struct Document(Value);

impl Document {
    /// Creates one from its JSON.
    pub fn new(document: Value) -> Self {
        Self(document)
    }

    /// The document.
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// Returns the object to which a reference leads, or `value` itself.
    ///
    /// # Panics
    /// When the reference leads nowhere.
    #[track_caller]
    pub fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        let Some(reference) = value["$ref"].as_str() else { return value };
        let pointer = reference.strip_prefix('#').expect("a reference to the same document");
        self.0.pointer(pointer).unwrap_or_else(|| panic!("no {reference}"))
    }

    /// Asserts that `value` is valid against a schema of the document.
    ///
    /// # Panics
    /// When it is not.
    #[track_caller]
    pub fn assert_valid(&self, schema: &Value, value: &Value) {
        let schema = json!({ "allOf": [schema], "components": self.0["components"] });
        let validator = jsonschema::options().should_validate_formats(true).build(&schema);
        let errors: Vec<_> =
            validator.unwrap().iter_errors(value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{value}\n{}", errors.join("\n"));
    }

    /// Asserts that the document of the admin API describes an answer: its status, its content type
    /// and its body with every member. An answer of no call is a problem.
    ///
    /// # Panics
    /// When it does not.
    #[track_caller]
    pub fn assert_describes(
        &self,
        method: &Method,
        path: &str,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) {
        assert_eq!(headers["cache-control"], "no-store", "{path}");
        assert!(!headers["x-request-id"].is_empty(), "{path}");
        if ["/admin/v1/openapi.json", "/admin/v1/docs"].contains(&path) {
            return;
        }
        let response = match &self.operation(method, path)["responses"][status.as_str()] {
            // A status without a description is an error.
            Value::Null => {
                assert!(status.as_u16() >= 400, "{method} {path}: {status} is not described");
                &self.0["components"]["responses"]["Problem"]
            }
            response => self.resolve(response),
        };
        let content_type = headers.get(CONTENT_TYPE).map_or("", |value| value.to_str().unwrap());
        let Some(content) = response.get("content") else {
            assert_eq!((body, content_type), (b"".as_slice(), ""), "{method} {path}: {status}");
            return;
        };
        if method == Method::HEAD {
            return;
        }
        let described = &content[content_type];
        assert!(described.is_object(), "{method} {path}: {status} {content_type}");
        let text = std::str::from_utf8(body).unwrap();
        let texts: Vec<&str> = match content_type {
            NDJSON => text.lines().filter(|line| !line.is_empty()).collect(),
            _ => vec![text],
        };
        for text in texts {
            let value = serde_json::from_str(text).unwrap_or_else(|_| panic!("no JSON: {text}"));
            self.assert_valid(&described["schema"], &value);
            self.assert_members(&described["schema"], &value);
        }
    }

    /// Returns the operation of a path; `null` if there is none.
    fn operation(&self, method: &Method, path: &str) -> &Value {
        let fits = |template: &str| {
            let (own, path) = (template.split('/'), path.split('/'));
            own.clone().count() == path.clone().count()
                && own.zip(path).all(|(own, part)| own.starts_with('{') || own == part)
        };
        let paths = self.0["paths"].as_object().unwrap().iter();
        let fitting = paths.filter(|(template, _)| fits(template));
        // `/tokens/introspect` is no id of a token.
        let item = fitting.min_by_key(|(template, _)| template.matches('{').count());
        let method = if method == Method::HEAD { "get" } else { &method.as_str().to_lowercase() };
        item.map_or(&Value::Null, |(_, item)| &item[method])
    }

    /// Asserts that every member is described. A schema allows others, so that clients accept them.
    #[track_caller]
    fn assert_members(&self, schema: &Value, value: &Value) {
        let parts = self.parts(schema);
        let described = |name: &str| {
            let own = parts.iter().filter_map(|part| part["properties"].get(name));
            own.collect::<Vec<_>>()
        };
        let is_free = parts.iter().all(|part| part.get("properties").is_none());
        for (name, member) in value.as_object().into_iter().flatten().filter(|_| !is_free) {
            let schemas = described(name);
            assert!(!schemas.is_empty(), "{name} is not described: {value}");
            self.assert_members(&json!({ "allOf": schemas }), member);
        }
        for item in value.as_array().into_iter().flatten() {
            for part in parts.iter().filter(|part| part["items"].is_object()) {
                self.assert_members(&part["items"], item);
            }
        }
    }

    /// Returns the schemas without a combination that a schema is combined from.
    fn parts(&self, schema: &Value) -> Vec<Value> {
        let schema = self.resolve(schema);
        let combined =
            ["allOf", "oneOf", "anyOf"].iter().filter_map(|name| schema[*name].as_array());
        let combined: Vec<Value> = combined.flatten().flat_map(|part| self.parts(part)).collect();
        if schema.get("properties").is_some() || combined.is_empty() {
            return combined.into_iter().chain([schema.clone()]).collect();
        }
        combined
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares an answer of `GET /a` with a document that describes `{"x": 1}`.
    fn compare(status: u16, body: &str) {
        let schema = json!({ "type": "object", "properties": { "x": { "type": "integer" } } });
        let content = json!({ "application/json": { "schema": schema } });
        let document = json!({
            "paths": { "/a": { "get": { "responses": { "200": { "content": content } } } } },
            "components": {},
        });
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("cache-control", "no-store"),
            ("content-type", "application/json"),
            ("x-request-id", "1"),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        let status = StatusCode::from_u16(status).unwrap();
        let document = Document::new(document);
        document.assert_describes(&Method::GET, "/a", status, &headers, body.as_bytes());
    }

    #[test]
    fn a_described_answer_is_accepted() {
        compare(200, r#"{"x":1}"#);
    }

    #[test]
    #[should_panic(expected = "201 Created is not described")]
    fn another_status_is_refused() {
        compare(201, r#"{"x":1}"#);
    }

    #[test]
    #[should_panic(expected = "is not of type")]
    fn a_value_of_another_type_is_refused() {
        compare(200, r#"{"x":"1"}"#);
    }

    #[test]
    #[should_panic(expected = "y is not described")]
    fn another_member_is_refused() {
        compare(200, r#"{"x":1,"y":2}"#);
    }
}
