//! The configuration as in the file. Unknown keys are errors.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer};

use super::admin_api::RawAdminApi;
use super::api::RawApi;
use super::compromised::RawCompromised;
use super::hashing::RawHashing;
use super::listen::RawListen;
use super::mail::RawMail;
use super::outbox::{RawOutbox, RawWebhook};
use super::pages::RawPages;
use super::proxy::RawProxy;
use super::store::RawStore;
use super::tls::{RawTls, TlsFiles};
use super::traces::RawTraces;
use super::unix_socket::RawUnixSocket;

/// A duration: text with units such as `"15m"` or `"1s 500ms"`, or a whole number of seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seconds(pub(super) SignedDuration);

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Seconds;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a duration such as \"15m\", or a whole number of seconds")
            }

            fn visit_i64<E: serde::de::Error>(self, seconds: i64) -> Result<Seconds, E> {
                Ok(Seconds(SignedDuration::from_secs(seconds)))
            }

            fn visit_u64<E: serde::de::Error>(self, seconds: u64) -> Result<Seconds, E> {
                i64::try_from(seconds)
                    .map_err(E::custom)
                    .and_then(|seconds| self.visit_i64(seconds))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Seconds, E> {
                // The value of an environment variable is text.
                if let Ok(seconds) = text.parse::<i64>() {
                    return self.visit_i64(seconds);
                }
                text.parse()
                    .map(Seconds)
                    .map_err(|_| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Seconds {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Seconds".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "duration" })
    }
}

/// The keys at the top of the file.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RawConfig {
    /// The address of the APIs, or a list of addresses. Default: `127.0.0.1:8080`.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub(super) listen: Option<RawListen>,
    /// Allows `listen` to be an address that other machines reach without `[tls]`. Set it only
    /// behind a TLS proxy. Default: `false`.
    #[serde(default)]
    pub(super) allow_plain_http: bool,
    pub(super) tls: Option<RawTls>,
    #[serde(default)]
    pub(super) unix_socket: RawUnixSocket,
    #[serde(default)]
    pub(super) proxy: RawProxy,
    #[serde(default)]
    pub(super) store: RawStore,
    #[serde(default)]
    pub(super) server: RawServer,
    #[serde(default)]
    pub(super) admin: RawAdmin,
    #[serde(default)]
    pub(super) admin_api: RawAdminApi,
    #[serde(default)]
    pub(super) log: RawLog,
    pub(super) traces: Option<RawTraces>,
    #[serde(default)]
    pub(super) policy: RawPolicy,
    #[serde(default)]
    pub(super) compromised: RawCompromised,
    #[serde(default)]
    pub(super) hashing: RawHashing,
    #[serde(default)]
    pub(super) lockout: RawLockout,
    #[serde(default)]
    pub(super) outbox: RawOutbox,
    #[serde(default)]
    pub(super) retention: RawRetention,
    pub(super) webhook: Option<RawWebhook>,
    pub(super) mail: Option<RawMail>,
    pub(super) pages: Option<RawPages>,
    #[serde(default)]
    pub(super) api: BTreeMap<String, RawApi>,
}

/// The limits for connections and requests.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RawServer {
    /// The largest number of connections. At the limit, the connection that has been idle for
    /// longest is closed for a new one. Default: `1000`.
    pub(super) max_connections: Option<u32>,
    /// The largest number of connections of one client: of an IPv4 address, or of a /64 network of
    /// IPv6. At the limit, its connection that has been idle for longest is closed for a new one.
    /// Without it, half of `max_connections`.
    pub(super) max_connections_per_client: Option<u32>,
    /// The number of changes that run at one time. Further ones wait for their turn, as
    /// `hashing.queue` allows: the APIs take turns, and the clients of each. Callers without
    /// credentials get a sixth of it. Increase it if the database is far away. Without it, 8 for
    /// each hashing thread.
    pub(super) concurrent_changes: Option<usize>,
    /// The time-out for the head of a connection's first request. Default: `10s`.
    pub(super) header_timeout: Option<Seconds>,
    /// The time-out for the whole body of a request, except for imports of accounts. Default: `10s`.
    pub(super) body_timeout: Option<Seconds>,
    /// The time-out for a connection's next request, and for the next byte of a request. The
    /// time-out of a proxy must be shorter. Default: `75s`.
    pub(super) idle_timeout: Option<Seconds>,
    /// How long new connections are still accepted after SIGTERM, while `/readyz` answers 503; `0s`
    /// is allowed. Default: `5s`.
    pub(super) shutdown_delay: Option<Seconds>,
    /// How long active requests may take to finish after SIGTERM. Default: `30s`.
    pub(super) shutdown_timeout: Option<Seconds>,
}

/// The listener for health probes and metrics.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RawAdmin {
    /// The address of the health probes `/healthz` and `/readyz`, and of `/metrics`, or a list.
    /// Without it, they are not served.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub(super) listen: Option<RawListen>,
    pub(super) tls: Option<TlsFiles>,
}

/// The log, which is written to standard error, or to a file.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RawLog {
    /// `json` writes one JSON object a line. Default: `text`.
    pub(super) format: Option<String>,
    /// The levels that are logged, of all targets or of one and those below it. Default: `info`.
    pub(super) filter: Option<String>,
    /// The file to which the log is appended. At SIGHUP it is opened again, for tools such as
    /// `logrotate`.
    pub(super) file: Option<PathBuf>,
}

/// The rules for new passwords. The defaults are those of the default preset; another preset has
/// its own, which `repass policy show` prints.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RawPolicy {
    /// The rules that the other keys of this table change. Default: `nist-800-63b-4`.
    pub(super) preset: Option<String>,
    /// The minimum length in characters. Default: `15`.
    pub(super) min_length: Option<usize>,
    /// The maximum length in characters. Default: `256`.
    pub(super) max_length: Option<usize>,
    /// How many earlier passwords are refused. Default: `5`.
    pub(super) history: Option<usize>,
    /// Whether a letter is required. Default: `false`.
    pub(super) require_letter: Option<bool>,
    /// Whether a digit is required. Default: `false`.
    pub(super) require_digit: Option<bool>,
    /// Whether a character is required that is neither letter, digit nor white space. Default:
    /// `false`.
    pub(super) require_special: Option<bool>,
    /// Whether the current password is refused. Default: `true`.
    pub(super) refuse_current: Option<bool>,
    /// Whether passwords are refused that are made of context-specific words (user id, user name,
    /// e-mail address, names, `context_words`). Default: `true`.
    pub(super) refuse_context_words: Option<bool>,
    /// Words of the service that passwords must not be made of, such as its name and its products'.
    pub(super) context_words: Option<Vec<String>>,
    /// Whether commonly used passwords are refused. Default: `true`.
    pub(super) refuse_common: Option<bool>,
    /// Files with more passwords that are refused, in UTF-8, one a line, in any case. At SIGHUP they
    /// are read again. An API's own files replace those of `[policy]`.
    pub(super) blocklist_files: Option<Vec<PathBuf>>,
    /// The lowest score of the strength estimate that is accepted, from 1 (more than 10³ guesses) to 4
    /// (more than 10¹⁰); with 0 the strength is not estimated. Default: `0`.
    pub(super) min_score: Option<u32>,
    /// The age at which a password expires: a sign-in by the admin API then says that it must be
    /// changed. Default: `never`.
    pub(super) max_age: Option<String>,
    /// What is done about passwords from breaches, if `[compromised]` has a source of them: `refuse`;
    /// `warn`, which notes them in the audit trail; or `off`. Default: `refuse`.
    pub(super) compromised: Option<String>,
}

/// How long data is kept. With `never` it is not deleted.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RawRetention {
    /// Audit records older than this are deleted. Default: `400 days`.
    pub(super) audit: Option<String>,
    /// Events older than this are deleted, delivered or not. Default: `30 days`.
    pub(super) events: Option<String>,
    /// Tokens are deleted this long after they expired or were revoked. Default: `1 day`.
    pub(super) tokens: Option<String>,
}

/// The lockout of accounts after failures.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RawLockout {
    /// The number of failures in a row after which an account is first locked out. Default: `3`.
    pub(super) threshold: Option<u32>,
    /// The duration of the first lockout. Each further failure doubles it. Default: `1s`.
    pub(super) initial_delay: Option<Seconds>,
    /// The maximum duration of a lockout. Default: `15m`.
    pub(super) max_delay: Option<Seconds>,
    /// The number of failures in a row after which the old password is not accepted until a reset
    /// or `repass account unlock`. Default: `100`.
    pub(super) max_failures: Option<u32>,
}
