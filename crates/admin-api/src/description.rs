//! The OpenAPI description of the API, for programs and for readers.

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use repass_core::serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi;

use crate::service;
use crate::state::State;

/// Returns the OpenAPI 3.1 document.
pub fn openapi() -> Value {
    let (_, document) = service::router().split_for_parts();
    complete(&document)
}

/// Serves the document and the page that shows it, to callers without a key.
pub(crate) fn router(document: &OpenApi) -> Router<State> {
    let document = complete(document);
    let page = crate::page_of_document::render(&document);
    Router::new()
        .route("/admin/v1/openapi.json", get(async || axum::Json(document)))
        .route("/admin/v1/docs", get(async || Html(page)))
}

/// Adds what all calls have in common.
fn complete(document: &OpenApi) -> Value {
    // The types are always written.
    let mut document = serde_json::to_value(document).unwrap_or_default();
    document["info"] = json!({
        "title": "repass admin API",
        "version": env!("CARGO_PKG_VERSION"),
        "description": "Accounts, passwords, tokens, resets, policy, audit trail and outbox of a realm. \
            Times are RFC 3339 in UTC. Errors are application/problem+json (RFC 9457).",
    });
    document["security"] = json!([{ "adminKey": [] }]);
    document["components"]["securitySchemes"] = json!({
        "adminKey": {
            "type": "http",
            "scheme": "bearer",
            "description": "A key of kind admin: repass key issue --kind admin --scope …",
        }
    });
    let problem = json!({
        "description": "The call failed.",
        "headers": { "x-request-id": { "schema": { "type": "string" } } },
        "content": { "application/problem+json": {
            "schema": { "$ref": "#/components/schemas/Problem" },
        } },
    });
    document["components"]["responses"] = json!({ "Problem": problem });
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        refer_to_items(schemas);
    }
    if let Some(paths) = document["paths"].as_object_mut() {
        for (path, item) in paths {
            complete_path(path, item);
        }
    }
    document
}

/// Replaces the schemas of items in pages, which are copies, by references, so that generated
/// clients have one type for both.
fn refer_to_items(schemas: &mut Map<String, Value>) {
    for (name, page) in schemas {
        let item = name.strip_prefix("Page_");
        if let (Some(item), Some(items)) = (item, page.pointer_mut("/properties/items/items")) {
            *items = json!({ "$ref": format!("#/components/schemas/{item}") });
        }
    }
}

fn complete_path(path: &str, item: &mut Value) {
    let parameter = |name: &str, description: &str| {
        json!({
            "name": name, "in": "path", "required": true, "description": description,
            "schema": { "type": "string" },
        })
    };
    let mut realm = parameter("realm", "The realm.");
    realm["schema"]["pattern"] = "^[a-z0-9._-]{1,64}$".into();
    let mut parameters = vec![realm];
    if path.contains("{id}") {
        parameters.push(parameter("id", "The id."));
    }
    let Some(item) = item.as_object_mut() else { return };
    for operation in item.values_mut().filter_map(Value::as_object_mut) {
        complete_operation(operation);
    }
    item.insert("parameters".to_owned(), parameters.into());
}

fn complete_operation(operation: &mut Map<String, Value>) {
    let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else {
        return;
    };
    for (status, response) in responses.iter_mut() {
        let is_error = status.starts_with('4') || status.starts_with('5');
        let content = response.get_mut("content").and_then(Value::as_object_mut);
        if let Some(content) = content.filter(|_| is_error)
            && let Some(problem) = content.remove("application/json")
        {
            content.insert("application/problem+json".to_owned(), problem);
        }
    }
    responses.insert("default".to_owned(), json!({ "$ref": "#/components/responses/Problem" }));
}
