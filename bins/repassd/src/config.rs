//! The configuration: as written ([`raw`]), and as checked ([`Config`]).

mod api;
mod checked;
mod environment;
mod file;
mod hashing;
mod listen;
mod mail;
mod memory;
mod outbox;
mod proxy;
mod raw;
mod store;
mod tls;
mod unix_socket;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ::config::Map;
use repass_core::MissingPeppers;
use repass_store::{ColumnProblem, Store};

use crate::vendors::Vendors;

pub(crate) use checked::{Config, LogFormat, ServerLimits};
use file::TomlFile;
pub(crate) use listen::{FORBIDDEN_PLAIN_HTTP, ListenAddress, PUBLIC_ADMIN, PUBLIC_PLAIN_HTTP};
pub(crate) use proxy::{ForwardingHeader, TrustedProxies};
pub(crate) use unix_socket::UnixSocket;

/// An error of the configuration, with its file, its key and the reason.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("{}: the file cannot be read", .file.display())]
    Unreadable {
        file: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{file}: {reason}")]
    Malformed { file: String, reason: String },
    #[error("environment variable {name}: {reason}")]
    Variable { name: String, reason: &'static str },
    #[error("{place}: {key}: {reason}")]
    Key { place: String, key: String, reason: String },
    #[error("hashing.peppers: {0}")]
    Peppers(#[from] MissingPeppers),
    #[error("the accounts table {table} does not match its mapping: {}", with_keys(.problems))]
    Accounts { table: String, problems: Vec<ColumnProblem> },
}

fn with_keys(problems: &[ColumnProblem]) -> String {
    let problems = problems.iter().map(|problem| format!("store.accounts.{problem}"));
    problems.collect::<Vec<_>>().join("; ")
}

/// A key with an invalid value. [`load`] adds its position.
#[derive(Debug)]
pub(crate) struct KeyError {
    pub(crate) key: String,
    pub(crate) reason: String,
}

impl KeyError {
    pub(crate) fn new(key: impl Into<String>, reason: impl std::fmt::Display) -> Self {
        Self { key: key.into(), reason: reason.to_string() }
    }

    /// Returns the same error with the key below another one.
    pub(crate) fn below(self, key: &str) -> Self {
        let key = match self.key.as_str() {
            "" | "." => key.to_owned(),
            own => format!("{key}.{own}"),
        };
        Self { key, ..self }
    }

    /// Returns the error at `path` without the value, which may be a secret. The messages of serde and of the
    /// `config` crate quote it.
    pub(crate) fn from_config(path: &str, error: &::config::ConfigError) -> Self {
        match error {
            ::config::ConfigError::At { error, .. } => Self::from_config(path, error),
            ::config::ConfigError::Type { expected, .. } => Self::new(path, must_be(expected)),
            // The crate leaves out the dot behind an index.
            ::config::ConfigError::NotFound(key) => {
                let key = key.replace("].", "]").replace(']', "].");
                Self::new(key.trim_end_matches('.'), "is required")
            }
            // Names of keys and the messages of our own types contain no value.
            ::config::ConfigError::Message(text)
                if text.starts_with("unknown field `") || text.starts_with("must be ") =>
            {
                Self::new(path, text.replacen("unknown field", "unknown key", 1))
            }
            // The value is before the last "expected", the text of serde's visitor after it.
            error => match error.to_string().rsplit_once(" expected ") {
                Some((_, expected)) => Self::new(path, must_be(expected)),
                None => Self::new(path, "has an invalid value"),
            },
        }
    }
}

/// Says what a value must be, in the words of TOML and not of Rust.
fn must_be(expected: &str) -> String {
    match expected {
        _ if expected.starts_with("struct ") || expected.contains("map") => {
            "must be a table".to_owned()
        }
        _ if expected.contains("sequence") => {
            "must be a list, such as [\"one\", \"other\"]".to_owned()
        }
        _ => format!("must be {expected}"),
    }
}

/// Reads a configuration file and the environment variables that override it.
pub(crate) fn load(file: &Path, vendors: &Vendors) -> Result<Config, ConfigError> {
    let text = std::fs::read_to_string(file)
        .map_err(|source| ConfigError::Unreadable { file: file.to_owned(), source })?;
    let environment = environment::read(std::env::vars_os())?;
    let mut config = parse(file, &text, environment.overrides, vendors)?;
    config.ignored_variables = environment.ignored;
    Ok(config)
}

/// Returns the configuration of a demo on this database: every vendor in a realm of its name.
pub(crate) fn demo(
    listen: SocketAddr,
    database: &Path,
    vendors: &Vendors,
) -> Result<Config, ConfigError> {
    let url = Store::file_url(database).map_err(|error| ConfigError::Malformed {
        file: "demo".to_owned(),
        reason: error.to_string(),
    })?;
    let mut text =
        format!("listen = '{listen}'\nallow_plain_http = true\n[store]\nurl = '{url}'\n");
    for vendor in vendors.names() {
        text.push_str(&format!("[api.{vendor}]\nrealm = '{vendor}'\n"));
    }
    parse(Path::new("demo"), &text, Map::new(), vendors)
}

fn parse(
    path: &Path,
    text: &str,
    overrides: Map<String, String>,
    vendors: &Vendors,
) -> Result<Config, ConfigError> {
    let file = TomlFile::parse(text).map_err(|error| ConfigError::Malformed {
        file: format!("{}{}", path.display(), error.position),
        reason: error.reason,
    })?;
    let variables: Vec<String> = overrides.keys().cloned().collect();
    let at_key = |error: KeyError| {
        let place = environment::variable_of(&error.key, &variables).unwrap_or_else(|| {
            let position = file.position(&error.key).map(|position| position.to_string());
            format!("{}{}", path.display(), position.unwrap_or_default())
        });
        ConfigError::Key { place, key: error.key, reason: one_line(&error.reason) }
    };
    let merged = ::config::Config::builder()
        .add_source(file.clone())
        .add_source(environment::Overrides(overrides))
        .build()
        .map_err(|error| at_key(KeyError::from_config("", &error)))?;
    let raw: raw::RawConfig = serde_path_to_error::deserialize(merged)
        .map_err(|error| at_key(KeyError::from_config(&error.path().to_string(), error.inner())))?;
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    raw.check(vendors, &folder).map_err(at_key)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
