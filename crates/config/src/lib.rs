//! The configuration file of repass: as written (`raw`), and as checked ([`Config`]).
//!
//! ```no_run
//! use std::path::Path;
//!
//! use repass_config::Vendors;
//!
//! let config = repass_config::load(Path::new("repassd.toml"), &Vendors::bundled())?;
//! println!("{} APIs on {:?}", config.mounts.len(), config.listen);
//! # Ok::<(), repass_config::ConfigError>(())
//! ```

mod acme;
mod admin_api;
mod api;
mod blocklist;
mod checked;
mod compromised;
mod environment;
mod features;
mod file;
mod hashing;
mod listen;
mod log;
mod mail;
mod memory;
mod mistakes;
mod outbox;
mod pages;
mod policy;
mod process;
mod proxy;
mod raw;
mod server;
mod show;
mod sources;
mod store;
pub mod tls;
mod tokens;
mod traces;
mod unix_socket;
mod vendors;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ::config::Map;
use repass_core::MissingPeppers;
use repass_store::{ColumnProblem, OpenError, Store};

pub use acme::AcmeConfig;
pub use admin_api::AdminApiConfig;
pub use api::MountConfig;
pub use checked::{Config, SharedConfig};
pub use compromised::{CompromisedConfig, CompromisedError};
pub use listen::{FORBIDDEN_PLAIN_HTTP, ListenAddress, PUBLIC_ADMIN, PUBLIC_PLAIN_HTTP};
pub use log::{LogConfig, LogFormat};
use mistakes::Mistakes;
pub use outbox::{ChannelConfig, OutboxConfig};
pub use policy::PolicyOrigin;
pub use process::protect_secrets;
pub use proxy::{ForwardingHeader, TrustedProxies};
use raw::RawConfig;
pub use server::ServerLimits;
use sources::Sources;
pub use store::StoreConfig;
pub use tokens::TokensConfig;
pub use traces::TracesConfig;
pub use unix_socket::UnixSocket;
pub use vendors::Vendors;

/// An error of the configuration, with its file, its key and the reason.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: the file cannot be read", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{file}: {reason}")]
    Malformed {
        /// The file, with the position.
        file: String,
        /// The reason, without the text of the file.
        reason: String,
    },
    /// The value of an environment variable is not text.
    #[error("environment variable {name}: {reason}")]
    Variable {
        /// The name of the variable.
        name: String,
        /// The reason.
        reason: &'static str,
    },
    /// Keys have invalid values. The message has one line for each.
    #[error("{}", lines(.0))]
    Keys(Vec<Mistake>),
    /// Stored hashes need pepper keys that are not configured.
    #[error("hashing.peppers: {0}")]
    Peppers(#[from] MissingPeppers),
    /// The mapping does not match the accounts table of the database.
    #[error("the accounts table {table} does not match its mapping: {}", with_keys(.problems))]
    Accounts {
        /// The table.
        table: String,
        /// The keys and what is wrong with their columns.
        problems: Vec<ColumnProblem>,
    },
}

impl ConfigError {
    /// Returns the error with the keys of the mapping, if a mapping does not match its table.
    pub fn from_mapping(error: &OpenError) -> Option<Self> {
        let (table, problems) = error.mapping_problems()?;
        Some(Self::Accounts { table: table.to_owned(), problems: problems.to_vec() })
    }
}

/// A key with an invalid value, and its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {key}: {reason}")]
pub struct Mistake {
    /// The file with the position, or the environment variable.
    pub place: String,
    /// The key, with dots.
    pub key: String,
    /// The reason, without the value.
    pub reason: String,
}

fn lines(mistakes: &[Mistake]) -> String {
    mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
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

    /// Returns the error at `path` without the value, which may be a secret. The messages of serde
    /// and of the `config` crate quote it.
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
///
/// # Errors
/// When the file cannot be read, or is invalid; then with all mistakes.
pub fn load(file: &Path, vendors: &Vendors) -> Result<Config, ConfigError> {
    let (text, environment) = read(file)?;
    let mut config = parse(file, &text, environment.overrides, whole(vendors))?;
    config.ignored_variables = environment.ignored;
    Ok(config)
}

/// Reads the part of a configuration that the command line uses too. Other tables are not checked
/// beyond their keys, so the files that only the server reads need not be readable. The file of the
/// installation key is not read.
///
/// # Errors
/// When the file cannot be read, or is invalid; then with all mistakes.
pub fn load_shared(file: &Path, vendors: &Vendors) -> Result<SharedConfig, ConfigError> {
    let (text, environment) = read(file)?;
    let check = |mut raw: RawConfig, folder: &Path, mistakes: &mut Mistakes| {
        raw.check_shared(vendors, folder, mistakes)
    };
    parse(file, &text, environment.overrides, check)
}

/// Returns the values of a configuration file and of the environment variables that override them,
/// as TOML. Secrets are hidden. Keys that are not set are absent.
///
/// # Errors
/// As [`load`].
pub fn show(file: &Path, vendors: &Vendors) -> Result<String, ConfigError> {
    let (text, environment) = read(file)?;
    let sources = Sources::read(file, &text, environment.overrides)?;
    let shown = sources.to_toml();
    sources.check(whole(vendors))?;
    Ok(shown)
}

fn read(file: &Path) -> Result<(String, environment::Variables), ConfigError> {
    let text = std::fs::read_to_string(file)
        .map_err(|source| ConfigError::Unreadable { file: file.to_owned(), source })?;
    Ok((text, environment::read(std::env::vars_os())?))
}

/// Returns the configuration of a demo on this database: every vendor in a realm of its name, and the
/// pages in the realm `default`. Its mails are for the demo to show; there is no SMTP server.
///
/// # Errors
/// When the path of the database cannot be part of a URL.
pub fn demo(listen: SocketAddr, database: &Path, vendors: &Vendors) -> Result<Config, ConfigError> {
    let url = Store::file_url(database).map_err(|error| ConfigError::Malformed {
        file: "demo".to_owned(),
        reason: error.to_string(),
    })?;
    let mut text =
        format!("listen = '{listen}'\nallow_plain_http = true\n[store]\nurl = '{url}'\n");
    // The address of the pages in the browser of this machine.
    let host = if listen.ip().is_loopback() {
        listen.to_string()
    } else {
        format!("localhost:{}", listen.port())
    };
    text.push_str(&format!("[pages]\nbase_url = 'http://{host}'\n"));
    text.push_str(
        "[mail]\nserver = 'localhost'\ntls = 'none'\nfrom = 'demo@example.com'\n\
         product = 'repass demo'\nsupport_email = 'help@example.com'\n",
    );
    for vendor in vendors.names() {
        text.push_str(&format!("[api.{vendor}]\nrealm = '{vendor}'\n"));
    }
    parse(Path::new("demo"), &text, Map::new(), whole(vendors))
}

/// Returns the check of a whole configuration.
fn whole(vendors: &Vendors) -> impl Fn(RawConfig, &Path, &mut Mistakes) -> Option<Config> {
    |raw, folder, mistakes| raw.check(vendors, folder, mistakes)
}

fn parse<T>(
    path: &Path,
    text: &str,
    overrides: Map<String, String>,
    check: impl Fn(RawConfig, &Path, &mut Mistakes) -> Option<T>,
) -> Result<T, ConfigError> {
    Sources::read(path, text, overrides)?.check(check)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
