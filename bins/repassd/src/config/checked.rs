//! The checked configuration: each value is valid, and the values are consistent.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::{Span, SpanRelativeTo, Timestamp};
use repass_core::{
    CommonPasswords, HashProfile, HasherOptions, LockoutPolicy, Policy, PolicyRules, Retention,
};
use validator::Validate;

use super::KeyError;
use super::api::{self, MountConfig};
use super::listen::{
    FORBIDDEN_PLAIN_HTTP, ListenAddress, PUBLIC_ADMIN, PUBLIC_PLAIN_HTTP, RawListen,
};
use super::memory;
use super::outbox::OutboxConfig;
use super::proxy::TrustedProxies;
use super::raw::{RawConfig, RawLockout, RawLog, RawPolicy, RawRetention, RawServer, Seconds};
use super::store::StoreConfig;
use super::unix_socket::UnixSocket;
use crate::tls::Tls;
use crate::vendors::Vendors;

#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) listen: Vec<ListenAddress>,
    /// Whether `listen` may be public without TLS.
    pub(crate) allow_plain_http: bool,
    /// The addresses of the health probes; empty if they are not served.
    pub(crate) admin: Vec<ListenAddress>,
    pub(crate) unix_socket: UnixSocket,
    pub(crate) proxies: Arc<TrustedProxies>,
    /// The TLS of `listen`, and of the health probes.
    pub(crate) tls: Option<Arc<Tls>>,
    pub(crate) admin_tls: Option<Arc<Tls>>,
    pub(crate) store: StoreConfig,
    pub(crate) server: ServerLimits,
    pub(crate) log_format: LogFormat,
    pub(crate) log_filter: String,
    pub(crate) hasher: HasherOptions,
    pub(crate) lockout: LockoutPolicy,
    pub(crate) retention: Retention,
    pub(crate) outbox: OutboxConfig,
    pub(crate) mounts: Vec<MountConfig>,
    /// The environment variables of Kubernetes that look like keys.
    pub(crate) ignored_variables: Vec<String>,
}

impl Config {
    /// Returns warnings about settings that are allowed but may be mistakes.
    pub(crate) fn warnings(&self, now: Timestamp) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.lockout.max_failures() > LockoutPolicy::NIST_MAX_FAILURES {
            warnings.push(format!(
                "lockout.max_failures is {}; NIST SP 800-63B-4, 3.2.2 allows no more than {}",
                self.lockout.max_failures(),
                LockoutPolicy::NIST_MAX_FAILURES
            ));
        }
        if self.hasher.profile == HashProfile::INSECURE_FOR_TESTS {
            warnings.push(
                "hashing.profile is for tests only: it does not protect passwords".to_owned(),
            );
        }
        warnings.extend(memory::warning(&self.hasher, memory::available()));
        warnings.extend(self.all_tls().filter_map(|tls| tls.warning(now)));
        if self.admin.iter().any(ListenAddress::is_public) {
            warnings.push(PUBLIC_ADMIN.to_owned());
        }
        if self.tls.is_none() && self.listen.iter().any(ListenAddress::is_public) {
            warnings.push(PUBLIC_PLAIN_HTTP.to_owned());
        }
        warnings
    }

    /// Returns the TLS of both listeners.
    pub(crate) fn all_tls(&self) -> impl Iterator<Item = &Arc<Tls>> {
        self.tls.iter().chain(&self.admin_tls)
    }
}

/// The limits for connections and requests.
#[derive(Debug, Clone, Validate)]
pub(crate) struct ServerLimits {
    #[validate(range(min = 1, max = 100_000, message = "must be 1 to 100000"))]
    pub(crate) max_connections: u32,
    pub(crate) header_timeout: Duration,
    pub(crate) body_timeout: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) shutdown_delay: Duration,
    pub(crate) shutdown_timeout: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            max_connections: 1000,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            shutdown_delay: Duration::from_secs(5),
            shutdown_timeout: Duration::from_secs(30),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

const DEFAULT_LISTEN: &str = "127.0.0.1:8080";

pub(crate) const DEFAULT_LOG_FILTER: &str = "info";

impl RawConfig {
    /// Checks the values. Relative paths are resolved against `folder`, the folder of the file.
    pub(super) fn check(self, vendors: &Vendors, folder: &Path) -> Result<Config, KeyError> {
        let listen = self.listen.unwrap_or_else(|| RawListen::One(DEFAULT_LISTEN.to_owned()));
        let listen = listen.check("listen")?;
        let admin = self.admin.listen.map(|admin| admin.check("admin.listen")).transpose()?;
        let admin = admin.unwrap_or_default();
        let is_public = listen.iter().any(ListenAddress::is_public);
        if self.tls.is_none() && is_public && !self.allow_plain_http {
            return Err(KeyError::new("listen", FORBIDDEN_PLAIN_HTTP));
        }
        if admin.iter().any(|admin| listen.iter().any(|listen| listen.conflicts(admin))) {
            return Err(KeyError::new("admin.listen", "must differ from listen"));
        }
        if admin.contains(&ListenAddress::Systemd(None)) {
            let reason = "must name the sockets of systemd, such as systemd:admin";
            return Err(KeyError::new("admin.listen", reason));
        }
        let proxies = self.proxy.check()?;
        let policy = self.policy.check("policy", PolicyRules::default(), vendors)?;
        let mounts = api::check(self.api, vendors, &policy, folder)?;
        let store = self.store.check(folder)?;
        let hasher = self.hashing.check(folder, &store.options.accounts)?;
        Ok(Config {
            listen,
            allow_plain_http: self.allow_plain_http,
            admin,
            unix_socket: self.unix_socket.check()?,
            tls: self.tls.map(|tls| tls.check("tls", folder)).transpose()?,
            admin_tls: self.admin.tls.map(|tls| tls.check("admin.tls", folder)).transpose()?,
            store,
            server: self.server.check()?,
            log_format: self.log.format()?,
            log_filter: self.log.filter()?,
            hasher,
            lockout: self.lockout.check()?,
            retention: self.retention.check()?,
            outbox: self.outbox.check(self.webhook, self.mail, &proxies, folder)?,
            proxies: Arc::new(proxies),
            mounts,
            ignored_variables: Vec::new(),
        })
    }
}

impl RawPolicy {
    /// Returns the policy: the preset, or else `inherited`, with the changes of the other keys.
    pub(super) fn check(
        &self,
        key: &str,
        inherited: PolicyRules,
        vendors: &Vendors,
    ) -> Result<Policy, KeyError> {
        let mut rules = match &self.preset {
            None => inherited,
            Some(name) => vendors
                .policy_preset(name)
                .ok_or_else(|| one_of(format!("{key}.preset"), &vendors.policy_presets()))?,
        };
        let set = |rule: &mut bool, value: Option<bool>| *rule = value.unwrap_or(*rule);
        rules.min_length = self.min_length.unwrap_or(rules.min_length);
        rules.max_length = self.max_length.unwrap_or(rules.max_length);
        rules.history = self.history.unwrap_or(rules.history);
        set(&mut rules.require_digit, self.require_digit);
        set(&mut rules.require_special, self.require_special);
        set(&mut rules.refuse_current, self.refuse_current);
        set(&mut rules.refuse_context_words, self.refuse_context_words);
        match self.refuse_common {
            Some(true) => rules.blocklists = vec![Arc::new(CommonPasswords)],
            Some(false) => rules.blocklists.clear(),
            None => {}
        }
        Policy::new(rules)
            .map_err(|wrong| KeyError::new(format!("{key}.{}", wrong.member), wrong.reason))
    }
}

impl RawRetention {
    fn check(self) -> Result<Retention, KeyError> {
        let default = Retention::default();
        let period = |member: &str, value: Option<String>, default| {
            let Some(value) = value else { return Ok(default) };
            if value == "never" {
                return Ok(None);
            }
            let key = format!("retention.{member}");
            let reason = "must be a period such as \"400 days\", at least 1 hour, or \"never\"";
            match days(&value) {
                Some(period) if period >= HOUR => Ok(Some(period)),
                _ => Err(KeyError::new(key, reason)),
            }
        };
        let mut retention = default;
        retention.audit = period("audit", self.audit, default.audit)?;
        retention.events = period("events", self.events, default.events)?;
        retention.tokens = period("tokens", self.tokens, default.tokens)?;
        Ok(retention)
    }
}

/// Reads a period in which a day is 24 hours, such as `400 days`.
fn days(text: &str) -> Option<Duration> {
    let span: Span = text.parse().ok()?;
    span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?.try_into().ok()
}

impl RawLockout {
    fn check(self) -> Result<LockoutPolicy, KeyError> {
        let default = LockoutPolicy::default();
        let initial = ("lockout.initial_delay", self.initial_delay, default.initial_delay());
        let max = ("lockout.max_delay", self.max_delay, default.max_delay());
        LockoutPolicy::new(
            self.threshold.unwrap_or(default.threshold()),
            delay(initial.0, initial.1, initial.2)?,
            delay(max.0, max.1, max.2)?,
            self.max_failures.unwrap_or(default.max_failures()),
        )
        .map_err(|wrong| KeyError::new(format!("lockout.{}", wrong.member), wrong.reason))
    }
}

impl RawServer {
    fn check(self) -> Result<ServerLimits, KeyError> {
        let default = ServerLimits::default();
        let limits = ServerLimits {
            max_connections: self.max_connections.unwrap_or(default.max_connections),
            header_timeout: timeout(
                "server.header_timeout",
                self.header_timeout,
                default.header_timeout,
            )?,
            body_timeout: timeout("server.body_timeout", self.body_timeout, default.body_timeout)?,
            idle_timeout: timeout("server.idle_timeout", self.idle_timeout, default.idle_timeout)?,
            shutdown_delay: delay(
                "server.shutdown_delay",
                self.shutdown_delay,
                default.shutdown_delay,
            )?,
            shutdown_timeout: timeout(
                "server.shutdown_timeout",
                self.shutdown_timeout,
                default.shutdown_timeout,
            )?,
        };
        limits.validate().map_err(|errors| first_of("server", &errors))?;
        Ok(limits)
    }
}

impl RawLog {
    fn format(&self) -> Result<LogFormat, KeyError> {
        match self.format.as_deref() {
            None | Some("text") => Ok(LogFormat::Text),
            Some("json") => Ok(LogFormat::Json),
            Some(_) => Err(one_of("log.format", &["text", "json"])),
        }
    }

    fn filter(self) -> Result<String, KeyError> {
        let filter = self.filter.unwrap_or_else(|| DEFAULT_LOG_FILTER.to_owned());
        tracing_subscriber::EnvFilter::try_new(&filter)
            .map_err(|error| KeyError::new("log.filter", error))?;
        Ok(filter)
    }
}

pub(super) fn one_of(key: impl Into<String>, choices: &[impl AsRef<str>]) -> KeyError {
    let choices: Vec<&str> = choices.iter().map(AsRef::as_ref).collect();
    KeyError::new(key, format!("must be one of {}", choices.join(", ")))
}

const HOUR: Duration = Duration::from_secs(60 * 60);

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Returns a time-out of 1 ms to 1 day.
pub(super) fn timeout(
    key: &str,
    value: Option<Seconds>,
    default: Duration,
) -> Result<Duration, KeyError> {
    let timeout = delay(key, value, default)?;
    if timeout < Duration::from_millis(1) {
        return Err(KeyError::new(key, "must be 1ms to 24h"));
    }
    Ok(timeout)
}

/// Returns a delay of 0 to 1 day.
pub(super) fn delay(
    key: &str,
    value: Option<Seconds>,
    default: Duration,
) -> Result<Duration, KeyError> {
    let Some(Seconds(value)) = value else { return Ok(default) };
    Duration::try_from(value)
        .ok()
        .filter(|value| *value <= DAY)
        .ok_or_else(|| KeyError::new(key, "must be 0s to 24h"))
}

pub(super) fn at_least_one(
    key: &str,
    value: Option<usize>,
    default: NonZeroUsize,
    max: usize,
) -> Result<NonZeroUsize, KeyError> {
    let Some(value) = value else { return Ok(default) };
    NonZeroUsize::new(value)
        .filter(|value| value.get() <= max)
        .ok_or_else(|| KeyError::new(key, format!("must be 1 to {max}")))
}

fn first_of(table: &str, errors: &validator::ValidationErrors) -> KeyError {
    let first = errors.field_errors().into_iter().next();
    let (field, reason) = first.map_or_else(
        || ("?".to_owned(), errors.to_string()),
        |(field, errors)| {
            let message = errors.first().and_then(|error| error.message.as_ref());
            (field.to_string(), message.map_or_else(|| errors_text(errors), ToString::to_string))
        },
    );
    KeyError::new(format!("{table}.{field}"), reason)
}

fn errors_text(errors: &[validator::ValidationError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
