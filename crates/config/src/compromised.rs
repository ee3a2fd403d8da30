//! Passwords from breaches: `[compromised]`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use repass_compromised::{
    Compromised, CorpusError, EndpointOptions, InvalidEndpoint, OnFailure, RangeApi,
};
use repass_core::SystemClock;
use serde::Deserialize;

use super::KeyError;
use super::checked::{one_of, timeout};
use super::raw::Seconds;

/// Passwords that are known from breaches, which `[policy] compromised` refuses: a corpus that
/// `repass compromised build` makes, the range API of Pwned Passwords, or both. With both, the API is
/// asked about passwords that the corpus does not have.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RawCompromised {
    /// The file of the corpus. At SIGHUP it is opened again.
    file: Option<PathBuf>,
    /// The address of the range API, such as `https://api.pwnedpasswords.com`. It gets the first five
    /// hexadecimal digits of the SHA-1 digest of new passwords.
    url: Option<String>,
    /// How long a request to `url` may take. Default: `2s`.
    timeout: Option<Seconds>,
    /// How often a request that fails is repeated. Default: `1`.
    retries: Option<u32>,
    /// The HTTP proxy for `url`, such as `http://proxy.example.org:3128`.
    proxy: Option<String>,
    /// What happens to a new password if it cannot be looked up: `accept` takes it with a warning,
    /// `refuse` answers 503. Default: `accept`.
    on_failure: Option<String>,
}

const TIMEOUT: Duration = Duration::from_secs(2);

/// The sources of passwords from breaches. At least one is set.
#[derive(Debug, Clone)]
pub struct CompromisedConfig {
    file: Option<PathBuf>,
    range_api: Option<(EndpointOptions, u32)>,
    on_failure: OnFailure,
}

impl CompromisedConfig {
    /// Returns a warning if a password from breaches is accepted while it cannot be looked up.
    pub(crate) fn warning(&self) -> Option<&'static str> {
        let text = "compromised.on_failure is accept: while a source fails, passwords from breaches are accepted; \
                    set refuse to answer 503 instead";
        (self.on_failure == OnFailure::Accept).then_some(text)
    }

    /// Opens the sources.
    ///
    /// # Errors
    /// When the corpus cannot be opened.
    pub fn open(&self) -> Result<Arc<Compromised>, CompromisedError> {
        let mut source = Compromised::new(self.on_failure);
        if let Some(file) = &self.file {
            source = source.with_corpus(file)?;
        }
        if let Some((endpoint, retries)) = &self.range_api {
            let api = RangeApi::new(endpoint, *retries, Arc::new(SystemClock));
            source = source.with_range_api(api.map_err(CompromisedError::RangeApi)?);
        }
        Ok(Arc::new(source))
    }
}

/// A summary for `check-config`.
impl fmt::Display for CompromisedConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.as_ref().map(|file| file.display().to_string());
        let url = self.range_api.as_ref().and_then(|(endpoint, _)| endpoint.url.split('?').next());
        let url = url.map(str::to_owned);
        let sources: Vec<String> = file.into_iter().chain(url).collect();
        let otherwise = match self.on_failure {
            OnFailure::Accept => "accepted",
            OnFailure::Refuse => "refused",
        };
        write!(f, "{}; {otherwise} if they cannot be looked up", sources.join(", then "))
    }
}

/// The sources of `[compromised]` cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompromisedError {
    /// The corpus cannot be opened.
    #[error("compromised.file")]
    Corpus(#[from] CorpusError),
    /// The range API is not valid.
    #[error("compromised.url")]
    RangeApi(#[source] InvalidEndpoint),
}

impl RawCompromised {
    /// Checks the values; `None` if there are no sources. Relative paths are resolved against
    /// `folder`.
    pub(super) fn check(self, folder: &Path) -> Result<Option<CompromisedConfig>, KeyError> {
        let on_failure = match self.on_failure.as_deref() {
            None | Some("accept") => OnFailure::Accept,
            Some("refuse") => OnFailure::Refuse,
            Some(_) => return Err(one_of("compromised.on_failure", &["accept", "refuse"])),
        };
        let timeout = timeout("compromised.timeout", self.timeout, TIMEOUT)?;
        if self.url.is_none() {
            let of_url = [
                ("timeout", self.timeout.is_some()),
                ("retries", self.retries.is_some()),
                ("proxy", self.proxy.is_some()),
            ];
            if let Some((name, _)) = of_url.into_iter().find(|(_, is_set)| *is_set) {
                let reason = "needs compromised.url";
                return Err(KeyError::new(format!("compromised.{name}"), reason));
            }
            if self.file.is_none() && self.on_failure.is_some() {
                let reason = "needs compromised.file or compromised.url";
                return Err(KeyError::new("compromised.on_failure", reason));
            }
        }
        let retries = self.retries.unwrap_or(1);
        if retries > 10 {
            return Err(KeyError::new("compromised.retries", "must be 0 to 10"));
        }
        let file = self.file.map(|file| folder.join(file));
        let proxy = self.proxy;
        let endpoint =
            self.url.map(|url| EndpointOptions { url, timeout, allow_plain_http: false, proxy });
        if let Some(endpoint) = &endpoint {
            RangeApi::new(endpoint, retries, Arc::new(SystemClock)).map_err(|error| {
                let is_proxy = matches!(error, InvalidEndpoint::Proxy);
                KeyError::new(
                    format!("compromised.{}", if is_proxy { "proxy" } else { "url" }),
                    error,
                )
            })?;
        }
        let range_api = endpoint.map(|endpoint| (endpoint, retries));
        let is_used = file.is_some() || range_api.is_some();
        Ok(is_used.then_some(CompromisedConfig { file, range_api, on_failure }))
    }
}
