//! Shows an OpenAPI document as a page, without scripts and without other hosts.

use std::fmt::Write as _;

use repass_core::serde_json::Value;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;\
padding:0 1rem;color:#1a1a1a;background:#fff}code,pre{font:14px ui-monospace,monospace}\
h2{margin-top:2.5rem}h3{margin:2rem 0 .25rem;overflow-wrap:anywhere}\
h3 b{display:inline-block;min-width:4.5rem;text-transform:uppercase}\
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;\
padding:.25rem .75rem .25rem 0;border-bottom:1px solid #ddd;overflow-wrap:anywhere}\
@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}td,th{border-color:#444}\
a{color:#8ab4f8}}";

/// Returns the page.
pub(crate) fn render(document: &Value) -> String {
    let mut page = String::new();
    let title = escape(text(&document["info"]["title"]));
    // Writing to a text never fails.
    let _ = write!(
        page,
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style>\
         <h1>{title}</h1><p>{}</p><p>Version {}. For programs: <a href=\"openapi.json\">\
         openapi.json</a>.</p>",
        escape(text(&document["info"]["description"])),
        escape(text(&document["info"]["version"])),
    );
    let mut tag = "";
    for (path, method, operation) in operations(document) {
        let own = text(&operation["tags"][0]);
        if own != tag {
            tag = own;
            let _ = write!(page, "<h2>{}</h2>", escape(tag));
        }
        write_operation(&mut page, document, path, method, operation);
    }
    page.push_str("</html>");
    page
}

/// Returns the operations by tag.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let mut operations: Vec<(&str, &str, &Value)> = paths
        .flat_map(|(path, item)| {
            let methods = item.as_object().into_iter().flatten();
            methods.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
        })
        .filter(|(_, _, operation)| operation.is_object())
        .collect();
    operations.sort_by_key(|(path, _, operation)| (text(&operation["tags"][0]), *path));
    operations
}

fn write_operation(
    page: &mut String,
    document: &Value,
    path: &str,
    method: &str,
    operation: &Value,
) {
    let path = path.strip_prefix("/admin/v1/realms/{realm}").unwrap_or(path);
    let summary = [text(&operation["summary"]), text(&operation["description"])].join(" ");
    let _ = write!(
        page,
        "<h3><b>{method}</b> <code>{}</code></h3><p>{}</p>",
        escape(path),
        escape(summary.trim()),
    );
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let parameters: Vec<(String, &str, &Value)> = parameters
        .map(|own| (text(&own["name"]).to_owned(), text(&own["description"]), &own["schema"]))
        .collect();
    write_table(page, "Parameter", &parameters);
    for (media_type, content) in
        operation["requestBody"]["content"].as_object().into_iter().flatten()
    {
        let _ = write!(page, "<p>Body: <code>{}</code></p>", escape(media_type));
        write_table(page, "Member", &members(document, &content["schema"]));
    }
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        if status == "default" {
            continue;
        }
        let description = escape(text(&response["description"]));
        let _ = write!(page, "<p>Answer <b>{status}</b>: {description}</p>");
        let content = response["content"].as_object().into_iter().flatten().next();
        if let Some((_, content)) = content.filter(|_| status.starts_with('2')) {
            write_table(page, "Member", &members(document, &content["schema"]));
        }
    }
}

/// Returns the members of an object: name, description and schema.
fn members<'a>(document: &'a Value, schema: &'a Value) -> Vec<(String, &'a str, &'a Value)> {
    let schema = resolve(document, schema);
    let mut found = Vec::new();
    for part in ["allOf", "oneOf"].iter().filter_map(|name| schema[name].as_array()).flatten() {
        found.extend(members(document, part));
    }
    let required = |name: &str| {
        schema["required"].as_array().is_some_and(|names| names.iter().any(|own| own == name))
    };
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        let name = if required(name) { name.clone() } else { format!("{name} (optional)") };
        found.push((name, text(&resolve(document, member)["description"]), member));
    }
    found
}

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
        Some(pointer) => document.pointer(pointer).unwrap_or(&Value::Null),
        None => schema,
    }
}

fn write_table(page: &mut String, head: &str, rows: &[(String, &str, &Value)]) {
    if rows.is_empty() {
        return;
    }
    let _ = write!(page, "<table><tr><th>{head}<th>Type<th>Meaning");
    for (name, description, schema) in rows {
        let (name, kind) = (escape(name), escape(&kind(schema)));
        let _ = write!(page, "<tr><td><code>{name}</code><td>{kind}<td>{}", escape(description));
    }
    page.push_str("</table>");
}

/// Returns the type of a schema in words.
fn kind(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return reference.rsplit('/').next().unwrap_or_default().to_owned();
    }
    if let Some(parts) = schema["oneOf"].as_array() {
        return parts.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    let own = match &schema["type"] {
        Value::String(own) => own.clone(),
        Value::Array(all) => all.iter().map(text).collect::<Vec<_>>().join(" or "),
        _ => String::new(),
    };
    match (own.as_str(), schema["format"].as_str()) {
        ("array", _) => format!("list of {}", kind(&schema["items"])),
        (_, Some("date-time")) => own.replace("string", "time"),
        _ => own,
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_needs_no_other_host_and_shows_every_operation() {
        let page = render(&crate::openapi());
        for foreign in ["http://", "https://", "<script", "url("] {
            assert!(!page.contains(foreign), "{foreign}");
        }
        for path in ["/accounts:import", "/passwords/verify", "/accounts/{id}/otp/code"] {
            assert!(page.contains(&format!("<code>{path}</code>")), "{path}");
        }
    }
}
