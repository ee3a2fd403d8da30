//! The OpenAPI document. [`TestContext`](crate::test_context::TestContext) compares every answer with it.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use repass_core::serde_json::{Value, json};
use repass_openapi_tests::Document;

pub(crate) static DOCUMENT: LazyLock<Document> =
    LazyLock::new(|| Document::new(repass_admin_api::openapi()));

/// What bit others: generators choke on nullable `oneOf`, dates, new enum values.
#[test]
fn the_answers_have_no_enumeration_and_times_have_their_format() {
    let schemas = DOCUMENT.value()["components"]["schemas"].as_object().unwrap();
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
    let items = DOCUMENT.value()["paths"].as_object().unwrap().values();
    for operation in items.flat_map(|item| item.as_object().unwrap().values()) {
        let contents = operation["requestBody"]["content"].as_object().into_iter().flatten();
        let references = contents.filter_map(|(_, content)| content["schema"]["$ref"].as_str());
        found.extend(references.filter_map(|text| text.rsplit('/').next()));
    }
    found
}

#[test]
fn members_that_an_answer_always_has_are_required() {
    let schemas = DOCUMENT.value()["components"]["schemas"].as_object().unwrap();
    let view = &schemas["AccountView"];
    let members = view["properties"].as_object().unwrap().keys().map(String::as_str);
    let required = view["required"].as_array().unwrap().iter().filter_map(Value::as_str);
    assert_eq!(members.collect::<BTreeSet<_>>(), required.collect());
    assert_eq!(view["properties"]["email"]["type"], json!(["string", "null"]));
}
