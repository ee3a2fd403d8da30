//! Finds secrets in answers: the passwords and keys of the corpora contain [`MARK`].

use serde_json::Value;

use crate::request::TextRequest;

/// A part of every password and key of the corpora, and of no text that an API writes itself.
pub const MARK: &str = "hunter2";

/// Whether `input` contains the mark, and only in passwords, tokens and keys, which must not be
/// quoted.
pub fn are_marked(input: &[u8], request: &TextRequest<'_>) -> bool {
    let all = count(input);
    all > 0 && all == in_headers(request) + in_body(request.body)
}

fn count(text: &[u8]) -> usize {
    // A fast check: few positions have its first byte.
    let starts = text.iter().enumerate().filter(|(_, byte)| **byte == MARK.as_bytes()[0]);
    starts.filter(|(start, _)| text[*start..].starts_with(MARK.as_bytes())).count()
}

fn in_headers(request: &TextRequest<'_>) -> usize {
    let secret = ["authorization", "x-api-key", "et-app-key"];
    let values = secret.map(|name| request.parts.headers.get_all(name));
    values.iter().flatten().map(|value| count(value.as_bytes())).sum()
}

fn in_body(body: &[u8]) -> usize {
    if let Ok(value) = serde_json::from_slice::<Value>(body) {
        return in_json(&value, false);
    }
    let text = std::str::from_utf8(body).unwrap_or_default();
    if let Ok(document) = roxmltree::Document::parse(text) {
        let elements = document.descendants().filter(|node| is_secret(node.tag_name().name()));
        let texts = elements.flat_map(|element| element.children()).filter_map(|node| node.text());
        return texts.map(|text| count(text.as_bytes())).sum();
    }
    let fields = form_urlencoded::parse(body).filter(|(name, _)| is_secret(name));
    fields.map(|(_, value)| count(value.as_bytes())).sum()
}

fn in_json(value: &Value, is_of_secret: bool) -> usize {
    match value {
        Value::String(text) if is_of_secret => count(text.as_bytes()),
        Value::Object(members) => {
            members.iter().map(|(name, value)| in_json(value, is_secret(name))).sum()
        }
        Value::Array(values) => values.iter().map(|value| in_json(value, false)).sum(),
        _ => 0,
    }
}

/// Whether a member of this name contains a secret, for any vendor.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["oldpassword", "newpassword", "confirmpassword", "passwordconfirm", "password", "resettoken"]
        .contains(&&*name)
}
