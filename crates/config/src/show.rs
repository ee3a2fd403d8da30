//! Shows a configuration without its secrets.

use ::config::{Value, ValueKind};

use crate::sources::Sources;

const HIDDEN: &str = "(hidden)";

impl Sources {
    /// Returns the values as TOML, without secrets.
    pub(crate) fn to_toml(&self) -> String {
        let table = to_toml("", &self.merged.cache).and_then(|value| match value {
            toml::Value::Table(table) => Some(table),
            _ => None,
        });
        table.unwrap_or_default().to_string()
    }
}

/// Converts the value of `key`. `None` for a value that TOML does not have.
fn to_toml(key: &str, value: &Value) -> Option<toml::Value> {
    if is_secret(key, value) {
        return Some(HIDDEN.into());
    }
    Some(match &value.kind {
        ValueKind::Nil => return None,
        ValueKind::Boolean(truth) => (*truth).into(),
        ValueKind::I64(number) => (*number).into(),
        ValueKind::Float(number) => (*number).into(),
        ValueKind::String(text) => text.as_str().into(),
        ValueKind::Array(values) => {
            toml::Value::Array(values.iter().filter_map(|value| to_toml(key, value)).collect())
        }
        ValueKind::Table(values) => {
            let member = |(name, value): (&String, &Value)| {
                Some((name.clone(), to_toml(&format!("{key}.{name}"), value)?))
            };
            toml::Value::Table(values.iter().filter_map(member).collect())
        }
        other => other.to_string().into(),
    })
}

/// Returns whether the value may be a secret: by the name of its key, or since it is a URL with a
/// user or of a webhook, whose path may be one.
pub(crate) fn is_secret(key: &str, value: &Value) -> bool {
    let name = key.rsplit('.').next().unwrap_or_default();
    let is_file = [".tls.key", ".admin.tls.key", ".admin_api.tls.key"].contains(&key);
    let secrets = ["key", "signer_key", "secret", "previous_secret", "client_secret", "password"];
    // The other key of this name is the id of a pepper key.
    let is_pepper = key.starts_with(".hashing.devise.") && name == "pepper";
    let has_user =
        |text: &str| text.contains("://") && (text.contains('@') || text.contains("password="));
    match &value.kind {
        ValueKind::Nil | ValueKind::Array(_) | ValueKind::Table(_) => false,
        ValueKind::String(text) if has_user(text) => true,
        _ => key == ".webhook.url" || is_pepper || (!is_file && secrets.contains(&name)),
    }
}
