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
    Some(match &value.kind {
        ValueKind::Nil => return None,
        ValueKind::Boolean(truth) => (*truth).into(),
        ValueKind::I64(number) => (*number).into(),
        ValueKind::Float(number) => (*number).into(),
        ValueKind::String(text) if is_secret(key, text) => HIDDEN.into(),
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

/// Returns whether the text may be a secret: by the name of its key, or since it is a URL with a user.
fn is_secret(key: &str, text: &str) -> bool {
    let name = key.rsplit('.').next().unwrap_or_default();
    let is_file = name.ends_with("_file") || [".tls.key", ".admin.tls.key"].contains(&key);
    let secrets = ["key", "secret", "password", "token"];
    let has_user = text.contains("://") && (text.contains('@') || text.contains("password"));
    has_user || (!is_file && secrets.iter().any(|secret| name.contains(secret)))
}
