//! The checked configuration: each value is valid, and the values are consistent.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::{Span, SpanRelativeTo, Timestamp};
use repass_core::{
    CompromisedRule, HashProfile, HasherOptions, LockoutPolicy, Policy, PolicyRules, Realm,
    Retention,
};
use repass_pages::Options;
use repass_store::Accounts;

use super::KeyError;
use super::admin_api::AdminApiConfig;
use super::api::{self, MountConfig};
use super::compromised::CompromisedConfig;
use super::listen::{
    FORBIDDEN_PLAIN_HTTP, ListenAddress, PUBLIC_ADMIN, PUBLIC_PLAIN_HTTP, RawListen,
};
use super::log::LogConfig;
use super::mail::RawMail;
use super::memory;
use super::mistakes::Mistakes;
use super::outbox::OutboxConfig;
use super::pages::RawPages;
use super::policy::PolicyOrigin;
use super::proxy::TrustedProxies;
use super::raw::{RawConfig, RawLockout, RawRetention, Seconds};
use super::server::ServerLimits;
use super::store::StoreConfig;
use super::tokens;
use super::unix_socket::UnixSocket;
use crate::tls::Tls;
use crate::traces::TracesConfig;
use crate::vendors::Vendors;

/// A valid configuration.
#[derive(Debug)]
pub struct Config {
    /// The addresses of the APIs.
    pub listen: Vec<ListenAddress>,
    /// Whether `listen` may be public without TLS.
    pub allow_plain_http: bool,
    /// The addresses of the health probes; empty if they are not served.
    pub admin: Vec<ListenAddress>,
    /// The admin API.
    pub admin_api: AdminApiConfig,
    /// The socket files of all listeners.
    pub unix_socket: UnixSocket,
    /// The proxies in front of the APIs.
    pub proxies: Arc<TrustedProxies>,
    /// The TLS of `listen`.
    pub tls: Option<Arc<Tls>>,
    /// The TLS of `admin`.
    pub admin_tls: Option<Arc<Tls>>,
    /// The database.
    pub store: StoreConfig,
    /// The limits for connections and requests.
    pub server: ServerLimits,
    /// The log.
    pub log: LogConfig,
    /// The export of traces; `None` if they are not exported.
    pub traces: Option<TracesConfig>,
    /// The policy of `[policy]`, which realms without an API have.
    pub policy: Policy,
    /// The origin of its settings.
    pub policy_origin: PolicyOrigin,
    /// The sources of passwords from breaches.
    pub compromised: Option<CompromisedConfig>,
    /// The hashing of passwords.
    pub hasher: HasherOptions,
    /// The lockout of accounts.
    pub lockout: LockoutPolicy,
    /// How long data is kept.
    pub retention: Retention,
    /// The delivery of events.
    pub outbox: OutboxConfig,
    /// The web pages, without the admission of the APIs; `None` if they are not served.
    pub pages: Option<Options>,
    /// The APIs that are served; at least one.
    pub mounts: Vec<MountConfig>,
    /// The environment variables of Kubernetes that look like keys.
    pub ignored_variables: Vec<String>,
}

/// The part of a configuration that the command line uses too.
#[derive(Debug)]
pub struct SharedConfig {
    /// The database.
    pub store: StoreConfig,
    /// The hashing of passwords.
    pub hasher: HasherOptions,
    /// The lockout of accounts.
    pub lockout: LockoutPolicy,
    /// The policy of `[policy]`, which APIs without one of their own have.
    pub policy: Policy,
    /// The origin of its settings.
    pub policy_origin: PolicyOrigin,
    /// The sources of passwords from breaches.
    pub compromised: Option<CompromisedConfig>,
    /// The APIs that are served; at least one. Their access tokens are not read.
    pub mounts: Vec<MountConfig>,
}

impl Config {
    /// Returns warnings about settings that are allowed but may be mistakes.
    pub fn warnings(&self, now: Timestamp) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.lockout.max_failures() > LockoutPolicy::NIST_MAX_FAILURES {
            warnings.push(format!(
                "lockout.max_failures is {}; NIST SP 800-63B-4, 3.2.2 allows no more than {}",
                self.lockout.max_failures(),
                LockoutPolicy::NIST_MAX_FAILURES
            ));
        }
        let policies = std::iter::once((&self.policy, &self.policy_origin))
            .chain(self.mounts.iter().map(|mount| (&mount.policy, &mount.policy_origin)));
        for (policy, origin) in policies {
            for warning in origin.warnings(policy, &self.lockout, self.compromised.is_some()) {
                if !warnings.contains(&warning) {
                    warnings.push(warning);
                }
            }
        }
        if self.hasher.profile == HashProfile::INSECURE_FOR_TESTS {
            warnings.push(
                "hashing.profile is for tests only: it does not protect passwords".to_owned(),
            );
        }
        if let Some(warning) = self.compromised.as_ref().and_then(CompromisedConfig::warning)
            && self.policies().any(|own| own.rules().compromised == CompromisedRule::Refuse)
        {
            warnings.push(warning.to_owned());
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

    /// Returns the policies: that of `[policy]`, and those of the APIs.
    pub fn policies(&self) -> impl Iterator<Item = &Policy> {
        std::iter::once(&self.policy).chain(self.mounts.iter().map(|mount| &mount.policy))
    }

    /// Returns the policy of a realm: that of its first API by name, or else that of `[policy]`.
    pub fn policy_of(&self, realm: &Realm) -> &Policy {
        let of_realm = self.mounts.iter().find(|mount| mount.realm == *realm);
        of_realm.map_or(&self.policy, |mount| &mount.policy)
    }

    /// Returns the TLS of all listeners.
    pub fn all_tls(&self) -> impl Iterator<Item = &Arc<Tls>> {
        self.tls.iter().chain(&self.admin_tls).chain(&self.admin_api.tls)
    }
}

const DEFAULT_LISTEN: &str = "127.0.0.1:8080";

impl RawConfig {
    /// Checks the values. Relative paths are resolved against `folder`, the folder of the file.
    pub(super) fn check(
        mut self,
        vendors: &Vendors,
        folder: &Path,
        mistakes: &mut Mistakes,
    ) -> Option<Config> {
        let listen = mistakes.take(self.listen());
        let admin = mistakes.take(self.admin_listen(listen.as_deref()));
        let others: Vec<ListenAddress> = listen.iter().chain(&admin).flatten().cloned().collect();
        let admin_api = std::mem::take(&mut self.admin_api).check(&others, folder, mistakes);
        let tokens = tokens::check(api::take_tokens(&mut self.api), folder, mistakes);
        let key = mistakes.take(self.store.check_key(folder));
        let shared = self.check_shared(vendors, folder, mistakes);
        let tls = mistakes.take(self.tls.map(|tls| tls.check(folder)).transpose());
        let admin_tls = self.admin.tls.map(|tls| tls.check("admin.tls", folder)).transpose();
        let admin_tls = mistakes.take(admin_tls);
        let threads = shared.as_ref().map_or(NonZeroUsize::MIN, |shared| shared.hasher.threads);
        let server = mistakes.take(self.server.check(threads));
        let log = mistakes.take(self.log.check(folder));
        let traces = self.traces.map(|traces| traces.check(folder)).transpose();
        let traces = mistakes.take(traces);
        let retention = mistakes.take(self.retention.check());
        let unix_socket = mistakes.take(self.unix_socket.check());
        let proxies = mistakes.take(self.proxy.check());
        let trusted = proxies.clone().unwrap_or_default();
        let brand = self.mail.as_ref().map(RawMail::brand).unwrap_or_default();
        let reset_url = self.pages.as_ref().and_then(RawPages::reset_url);
        let mail = self.mail.map(|mail| (mail, reset_url));
        let outbox = self.outbox.check(self.webhook, mail, &trusted, folder, mistakes);
        // Without valid APIs, the other values of the pages are checked.
        let mounts = shared.as_ref().map_or(&[][..], |shared| &shared.mounts);
        let pages = self.pages.map(|pages| pages.check(brand, mounts, folder, mistakes));
        let SharedConfig { store, hasher, lockout, policy, policy_origin, compromised, mut mounts } =
            shared?;
        key?;
        let mut tokens = tokens?;
        for mount in &mut mounts {
            mount.tokens = tokens.remove(&mount.name);
            if mount.tokens.is_some() && !mount.spec.takes_access_tokens() {
                let key = format!("api.{}.tokens", mount.name);
                let reason = "this API takes no access tokens with these options";
                mistakes.take(Err(KeyError::new(key, reason)))?;
            }
        }
        let outbox = outbox?;
        let pages = match pages {
            None => None,
            Some(pages) => {
                let mut pages = pages?;
                pages.mails_resets = outbox.mails_resets();
                Some(pages)
            }
        };
        Some(Config {
            listen: listen?,
            allow_plain_http: self.allow_plain_http,
            admin: admin?,
            admin_api: admin_api?,
            unix_socket: unix_socket?,
            proxies: Arc::new(proxies?),
            tls: tls?,
            admin_tls: admin_tls?,
            store,
            server: server?,
            log: log?,
            traces: traces?,
            policy,
            policy_origin,
            compromised,
            hasher,
            lockout,
            retention: retention?,
            outbox,
            pages,
            mounts,
            ignored_variables: Vec::new(),
        })
    }

    /// Checks the values that the command line uses too, and takes them.
    pub(super) fn check_shared(
        &mut self,
        vendors: &Vendors,
        folder: &Path,
        mistakes: &mut Mistakes,
    ) -> Option<SharedConfig> {
        let default = (PolicyRules::default(), PolicyOrigin::default());
        let policy = mistakes.take(self.policy.check("policy", default, vendors, folder));
        let apis = std::mem::take(&mut self.api);
        // Without a valid policy, the other values of the APIs are checked with the default one.
        let inherited = policy.clone().unwrap_or_default();
        let mounts = api::check(apis, vendors, &inherited, folder, mistakes);
        let policy = policy.unzip();
        let store = mistakes.take(std::mem::take(&mut self.store).check(folder));
        let accounts = store.as_ref().map_or(&Accounts::Own, |store| &store.options.accounts);
        let hashing = std::mem::take(&mut self.hashing);
        let hasher = mistakes.take(hashing.check(folder, accounts));
        let lockout = mistakes.take(std::mem::take(&mut self.lockout).check());
        let compromised = mistakes.take(std::mem::take(&mut self.compromised).check(folder));
        Some(SharedConfig {
            store: store?,
            hasher: hasher?,
            lockout: lockout?,
            policy: policy.0?,
            policy_origin: policy.1?,
            compromised: compromised?,
            mounts: mounts?,
        })
    }

    fn listen(&mut self) -> Result<Vec<ListenAddress>, KeyError> {
        let listen =
            self.listen.take().unwrap_or_else(|| RawListen::One(DEFAULT_LISTEN.to_owned()));
        let listen = listen.check("listen")?;
        let is_public = listen.iter().any(ListenAddress::is_public);
        if self.tls.is_none() && is_public && !self.allow_plain_http {
            return Err(KeyError::new("listen", FORBIDDEN_PLAIN_HTTP));
        }
        Ok(listen)
    }

    fn admin_listen(
        &mut self,
        listen: Option<&[ListenAddress]>,
    ) -> Result<Vec<ListenAddress>, KeyError> {
        let Some(admin) = self.admin.listen.take() else { return Ok(Vec::new()) };
        let admin = admin.check("admin.listen")?;
        let conflicts =
            |admin| listen.unwrap_or_default().iter().any(|listen| listen.conflicts(admin));
        if admin.iter().any(conflicts) {
            return Err(KeyError::new("admin.listen", "must differ from listen"));
        }
        if admin.contains(&ListenAddress::Systemd(None)) {
            let reason = "must name the sockets of systemd, such as systemd:admin";
            return Err(KeyError::new("admin.listen", reason));
        }
        Ok(admin)
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
pub(super) fn days(text: &str) -> Option<Duration> {
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

pub(super) fn one_of(key: impl Into<String>, choices: &[impl AsRef<str>]) -> KeyError {
    let choices: Vec<&str> = choices.iter().map(AsRef::as_ref).collect();
    KeyError::new(key, format!("must be one of {}", choices.join(", ")))
}

pub(super) const HOUR: Duration = Duration::from_secs(60 * 60);

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
