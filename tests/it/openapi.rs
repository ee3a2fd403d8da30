//! The OpenAPI documents of the vendors: they are valid, and describe what the vendors' pages show.
//! [`Wire`](crate::requests::Wire) compares each answer that a test receives with them too.

mod description;

use std::collections::BTreeSet;
use std::process::{Command, Output};

use http::{HeaderMap, HeaderName, Method, StatusCode};
use repass_tests::{Server, binary, workspace};
use serde_json::Value;

use crate::vendor_page::{Message, page, shown_answers, shown_requests};
pub(crate) use description::Description;
use description::{answer_as_json, essence, request_as_json};

/// The schema of the OpenAPI Initiative, which leaves the schemas inside a document to JSON Schema.
const SCHEMA: &str = include_str!("../openapi/openapi-3.1.schema.json");

const GOLDEN: &str = "bins/repassd/openapi.json";

const GOLDEN_ADMIN: &str = "bins/repassd/openapi-admin.json";

#[track_caller]
fn assert_openapi(name: &str, document: &Value) {
    let schema = jsonschema::validator_for(&serde_json::from_str(SCHEMA).unwrap()).unwrap();
    let errors: Vec<_> = schema
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{name}: {}", errors.join("\n"));
    walk(document, &mut |member, value| {
        if member == "$ref" {
            let pointer = value.as_str().unwrap().strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{name}: {value}");
        }
        if member == "schema" {
            let valid = jsonschema::meta::validate(value);
            assert!(valid.is_ok(), "{name}: {value}: {}", valid.unwrap_err());
        }
    });
    for (schema, value) in document["components"]["schemas"].as_object().unwrap() {
        let valid = jsonschema::meta::validate(value);
        assert!(valid.is_ok(), "{name}: {schema}: {}", valid.unwrap_err());
    }
}

/// Visits each member of each object.
fn walk<'a>(value: &'a Value, visit: &mut impl FnMut(&'a str, &'a Value)) {
    for (name, member) in value.as_object().into_iter().flatten() {
        visit(name, member);
        walk(member, visit);
    }
    value.as_array().into_iter().flatten().for_each(|item| walk(item, visit));
}

#[test]
fn each_document_is_openapi_3_1_and_its_references_resolve() {
    for golden in [GOLDEN, GOLDEN_ADMIN] {
        let document = std::fs::read_to_string(workspace().join(golden)).unwrap();
        assert_openapi(golden, &serde_json::from_str(&document).unwrap());
    }
    for description in Description::all() {
        assert_openapi(description.spec, description.document.value());
    }
}

#[test]
fn the_components_of_a_vendor_have_its_name_and_are_used() {
    for description in Description::all() {
        let document = description.document.value();
        let mut used = BTreeSet::new();
        walk(document, &mut |member, value| {
            if member == "$ref" {
                used.insert(value.as_str().unwrap().trim_start_matches("#/components/").to_owned());
            }
        });
        for (kind, components) in document["components"].as_object().unwrap() {
            for name in components.as_object().unwrap().keys() {
                assert!(name.to_lowercase().starts_with(description.spec), "{name}");
                // Those of customer depend on its options.
                assert!(
                    kind == "securitySchemes" || used.contains(&format!("{kind}/{name}")),
                    "{name}"
                );
            }
        }
        let (_, _, operation) = description.operation();
        assert!(!operation["operationId"].as_str().unwrap().is_empty());
        for scheme in operation["security"].as_array().unwrap().iter().map(Value::as_object) {
            for name in scheme.unwrap().keys() {
                assert!(document["components"]["securitySchemes"][name].is_object(), "{name}");
            }
        }
    }
}

#[test]
fn each_request_and_each_answer_has_examples_that_are_valid() {
    for description in Description::all() {
        let (_, _, operation) = description.operation();
        for parameter in operation["parameters"].as_array().unwrap() {
            let parameter = description.resolve(parameter);
            let content = &parameter["content"]["application/json"];
            let described = if content.is_object() { content } else { parameter };
            for (_, example) in description.examples(described) {
                description.assert_valid(&described["schema"], example);
            }
        }
        for (content_type, described) in operation["requestBody"]["content"].as_object().unwrap() {
            let examples = description.examples(described);
            assert!(!examples.is_empty(), "{}: {content_type}", description.spec);
            for (_, example) in examples {
                let read = example.as_str().map(|text| request_as_json(content_type, text));
                description.assert_valid(&described["schema"], read.as_ref().unwrap_or(example));
            }
        }
        for status in operation["responses"].as_object().unwrap().keys() {
            assert_answer_examples(description, status);
        }
    }
}

/// Asserts that the examples of each content type are valid, and that those of one name say the
/// same.
fn assert_answer_examples(description: &'static Description, status: &str) {
    let content = description.response(status)["content"].as_object().into_iter().flatten();
    let contents = content.map(|(content_type, described)| {
        let as_json = |(name, example): (&'static str, &Value)| {
            let read = example
                .as_str()
                .map(|text| answer_as_json(status.parse().unwrap(), content_type, text.as_bytes()));
            let example = read.unwrap_or_else(|| example.clone());
            description.assert_valid(&described["schema"], &example);
            (name, example)
        };
        description.examples(described).into_iter().map(as_json).collect::<Vec<_>>()
    });
    let contents: Vec<_> = contents.collect();
    for examples in &contents {
        assert!(!examples.is_empty(), "{}: {status} has no example", description.spec);
        assert_eq!(*examples, contents[0], "{}: {status}", description.spec);
    }
}

#[test]
fn each_request_that_a_page_shows_is_described() {
    for description in Description::all() {
        let (path, method, operation) = description.operation();
        let page = page(description.spec);
        let mut described_types = BTreeSet::new();
        for request in shown_requests(&page) {
            let line = format!("{} {path} HTTP/1.1", method.to_uppercase());
            assert_eq!(request.line.replace("@me", "{userID}"), line);
            let header = |name: &str| request.headers.iter().find(|(own, _)| own == name);
            let content_type = header("content-type").unwrap().1;
            let body = &operation["requestBody"]["content"][content_type];
            assert!(body.is_object(), "{}: {content_type}", description.spec);
            let shown = request_as_json(content_type, request.body);
            description.assert_valid(&body["schema"], &shown);
            let examples = description.examples(body).into_iter().map(|(_, example)| {
                let read = example.as_str().map(|text| request_as_json(content_type, text));
                read.unwrap_or_else(|| example.clone())
            });
            assert!(Vec::from_iter(examples).contains(&shown), "{}: {shown}", description.spec);
            described_types.insert(content_type);
            for (name, value) in &request.headers {
                assert_described_request_header(description, name, value);
            }
        }
        assert!(described_types.contains("application/json"), "{}", description.spec);
    }
}

/// Asserts that a header other than `Content-Type` is a parameter, or carries a credential.
#[track_caller]
fn assert_described_request_header(description: &Description, name: &str, value: &str) {
    let (_, _, operation) = description.operation();
    let parameters = operation["parameters"].as_array().unwrap().iter();
    let parameter = parameters
        .map(|parameter| description.resolve(parameter))
        .find(|parameter| parameter["in"] == "header" && parameter["name"] == name);
    let content = parameter.map(|parameter| &parameter["content"]["application/json"]);
    if let Some(content) = content {
        let value = serde_json::from_str(value).unwrap();
        return description.assert_valid(&content["schema"], &value);
    }
    let schemes = operation["security"].as_array().unwrap().iter().flat_map(|all| {
        let names = all.as_object().unwrap().keys();
        names.map(|name| &description.document.value()["components"]["securitySchemes"][name])
    });
    let is_credential = schemes.into_iter().any(|scheme| match name {
        "authorization" => scheme["scheme"] == "bearer" && value.starts_with("Bearer "),
        _ => scheme["name"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(name)),
    });
    assert!(name == "content-type" || is_credential, "{}: {name}", description.spec);
}

#[test]
fn each_answer_that_a_page_shows_is_described_and_an_example() {
    for description in Description::all() {
        let shown = shown_answers(description.spec);
        for answer in shown.split("HTTP/1.1 ").skip(1).map(Message::parse) {
            let status: StatusCode = answer.line[..3].parse().unwrap();
            let mut headers = HeaderMap::new();
            for (name, value) in answer.headers {
                headers.insert(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
            }
            // A page says once that every answer has these.
            headers.insert("cache-control", "no-store".parse().unwrap());
            headers.insert("x-content-type-options", "nosniff".parse().unwrap());
            headers.insert("x-request-id", "1".parse().unwrap());
            let body = answer.body.as_bytes();
            description.assert_describes(&Method::POST, status, &headers, body);
            if body.is_empty() {
                continue;
            }
            let content_type = headers["content-type"].to_str().unwrap();
            let response = description.response(status.as_str());
            let content = &response["content"][essence(content_type)];
            let mut examples = description.examples(content).into_iter();
            let is_example = examples.any(|(_, example)| match example.as_str() {
                Some(text) => text == answer.body,
                None => *example == answer_as_json(status, content_type, body),
            });
            assert!(is_example, "{}: no example is\n{}", description.spec, answer.body);
        }
    }
}

#[test]
fn the_described_statuses_are_those_of_the_pages() {
    for description in Description::all() {
        let page = page(description.spec);
        let answers = page.split("\n## ").nth(2).unwrap();
        let statuses = answers.lines().filter_map(|row| {
            let status = row.split(" | ").nth(2)?;
            status.parse::<u16>().ok().map(|_| status)
        });
        let described = description.operation().2["responses"].as_object().unwrap().keys();
        assert_eq!(
            BTreeSet::from_iter(described.map(String::as_str)),
            statuses.collect(),
            "{}",
            description.spec
        );
    }
}

fn repassd(arguments: &[&str]) -> Output {
    let mut command = Command::new(binary("repassd"));
    command.env_remove("REPASS_CONFIG").arg("openapi").args(arguments).output().unwrap()
}

#[test]
fn the_command_prints_the_document_of_a_configuration_or_of_all_vendors() {
    let golden = std::fs::read_to_string(workspace().join(GOLDEN)).unwrap();
    let builder = Server::builder();
    let config = builder.write_config();
    let config = config.to_str().unwrap();
    for arguments in [["--all"].as_slice(), &["--config", config], &["vendors", "--config", config]]
    {
        let output = repassd(arguments);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stdout == golden.as_bytes(), "{arguments:?}");
    }
    let golden = std::fs::read_to_string(workspace().join(GOLDEN_ADMIN)).unwrap();
    let output = repassd(&["admin"]);
    assert!(output.status.success() && output.stdout == golden.as_bytes(), "no configuration");
    for (arguments, expected) in [
        ([].as_slice(), "--config <FILE>"),
        (&["--config", "/nonexistent/r.toml"], "/nonexistent/r.toml: the file cannot be read"),
    ] {
        let output = repassd(arguments);
        assert_eq!((output.status.code(), output.stdout), (Some(2), Vec::new()));
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains(expected), "{message}");
    }
}
