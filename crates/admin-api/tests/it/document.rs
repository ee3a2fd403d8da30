//! The OpenAPI document, and what it says about answers.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use http::Method;
use repass_core::serde_json::{Value, json};

use crate::test_context::{Answer, NDJSON};

pub(crate) static DOCUMENT: LazyLock<Value> = LazyLock::new(repass_admin_api::openapi);

/// Asserts that the document describes an answer: its status, its content type and its body with
/// every member. An answer of no call is a problem.
#[track_caller]
pub(crate) fn assert_describes(method: &Method, path: &str, answer: &Answer) {
    assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    assert!(!answer.header("x-request-id").is_empty(), "{path}");
    if ["/admin/v1/openapi.json", "/admin/v1/docs"].contains(&path) {
        return;
    }
    let responses = &operation(method, path)["responses"];
    let response = match &responses[answer.status.to_string()] {
        // A status without a description is an error.
        Value::Null => {
            assert!(answer.status >= 400, "{method} {path}: {} is not described", answer.status);
            &DOCUMENT["components"]["responses"]["Problem"]
        }
        response => resolve(response),
    };
    let content_type = answer.header("content-type");
    let Some(content) = response.get("content") else {
        return assert!(answer.body.is_empty() && content_type.is_empty(), "{path}: {answer:?}");
    };
    if method == Method::HEAD {
        return;
    }
    let described = &content[content_type];
    assert!(described.is_object(), "{method} {path}: {} {content_type}", answer.status);
    let values = if content_type == NDJSON { answer.lines() } else { vec![answer.json()] };
    for value in values {
        assert_valid(&described["schema"], &value);
        assert_members(&described["schema"], &value);
    }
}

/// Returns the operation of a path; `null` if there is none.
fn operation<'a>(method: &Method, path: &str) -> &'a Value {
    let fits = |template: &str| {
        let (own, path) = (template.split('/'), path.split('/'));
        own.clone().count() == path.clone().count()
            && own.zip(path).all(|(own, part)| own.starts_with('{') || own == part)
    };
    let paths = DOCUMENT["paths"].as_object().unwrap().iter();
    let fitting = paths.filter(|(template, _)| fits(template));
    // `/tokens/introspect` is no id of a token.
    let item = fitting.min_by_key(|(template, _)| template.matches('{').count());
    let method = if method == Method::HEAD { "get" } else { &method.as_str().to_lowercase() };
    item.map_or(&Value::Null, |(_, item)| &item[method])
}

pub(crate) fn resolve(value: &Value) -> &Value {
    let Some(reference) = value["$ref"].as_str() else { return value };
    let pointer = reference.strip_prefix('#').expect("a reference to the same document");
    DOCUMENT.pointer(pointer).unwrap_or_else(|| panic!("no {reference}"))
}

#[track_caller]
fn assert_valid(schema: &Value, value: &Value) {
    let schema = json!({ "allOf": [schema], "components": DOCUMENT["components"] });
    let validator = jsonschema::options().should_validate_formats(true).build(&schema);
    let errors: Vec<_> =
        validator.unwrap().iter_errors(value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{value}\n{}", errors.join("\n"));
}

/// Asserts that every member is described. A schema allows others, so that clients accept them.
#[track_caller]
fn assert_members(schema: &Value, value: &Value) {
    let parts = parts(schema);
    let described = |name: &str| {
        let own = parts.iter().filter_map(|part| part["properties"].get(name));
        own.collect::<Vec<_>>()
    };
    let is_free = parts.iter().all(|part| part.get("properties").is_none());
    for (name, member) in value.as_object().into_iter().flatten().filter(|_| !is_free) {
        let schemas = described(name);
        assert!(!schemas.is_empty(), "{name} is not described: {value}");
        assert_members(&json!({ "allOf": schemas }), member);
    }
    for item in value.as_array().into_iter().flatten() {
        for part in parts.iter().filter(|part| part["items"].is_object()) {
            assert_members(&part["items"], item);
        }
    }
}

/// Returns the schemas without a combination that a schema is combined from.
fn parts(schema: &Value) -> Vec<Value> {
    let schema = resolve(schema);
    let combined = ["allOf", "oneOf", "anyOf"].iter().filter_map(|name| schema[*name].as_array());
    let combined: Vec<Value> = combined.flatten().flat_map(parts).collect();
    if schema.get("properties").is_some() || combined.is_empty() {
        return combined.into_iter().chain([schema.clone()]).collect();
    }
    combined
}

/// What bit others: generators choke on nullable `oneOf`, dates, new enum values.
#[test]
fn the_answers_have_no_enumeration_and_times_have_their_format() {
    let schemas = DOCUMENT["components"]["schemas"].as_object().unwrap();
    let requests = requests();
    for (name, schema) in schemas.iter().filter(|(name, _)| !requests.contains(name.as_str())) {
        assert!(schema.get("enum").is_none(), "{name}");
        for (member, schema) in schema["properties"].as_object().into_iter().flatten() {
            assert!(schema.get("enum").is_none(), "{name}.{member}");
            let is_time = member == "at" || member.ends_with("_at") || member.ends_with("_until");
            assert_eq!(schema["format"] == "date-time", is_time, "{name}.{member}");
        }
    }
}

/// Returns the schemas that only requests have.
fn requests() -> BTreeSet<&'static str> {
    let mut found = BTreeSet::from(["Client", "ChangeName", "Deliver", "NewName"]);
    let items = DOCUMENT["paths"].as_object().unwrap().values();
    for operation in items.flat_map(|item| item.as_object().unwrap().values()) {
        let contents = operation["requestBody"]["content"].as_object().into_iter().flatten();
        let references = contents.filter_map(|(_, content)| content["schema"]["$ref"].as_str());
        found.extend(references.filter_map(|text| text.rsplit('/').next()));
    }
    found
}

#[test]
fn members_that_an_answer_always_has_are_required() {
    let schemas = DOCUMENT["components"]["schemas"].as_object().unwrap();
    let view = &schemas["AccountView"];
    let members = view["properties"].as_object().unwrap().keys().map(String::as_str);
    let required = view["required"].as_array().unwrap().iter().filter_map(Value::as_str);
    assert_eq!(members.collect::<BTreeSet<_>>(), required.collect());
    assert_eq!(view["properties"]["email"]["type"], json!(["string", "null"]));
}
