//! The configuration as written. Unknown keys are errors.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer};

use super::api::RawApi;
use super::hashing::RawHashing;
use super::mail::RawMail;
use super::outbox::{RawOutbox, RawWebhook};
use super::store::RawStore;

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
                // All that an environment variable can say is text.
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

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConfig {
    pub(super) listen: Option<String>,
    #[serde(default)]
    pub(super) allow_plain_http: bool,
    #[serde(default)]
    pub(super) store: RawStore,
    #[serde(default)]
    pub(super) server: RawServer,
    #[serde(default)]
    pub(super) admin: RawAdmin,
    #[serde(default)]
    pub(super) log: RawLog,
    #[serde(default)]
    pub(super) policy: RawPolicy,
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
    #[serde(default)]
    pub(super) api: BTreeMap<String, RawApi>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawServer {
    pub(super) max_connections: Option<u32>,
    pub(super) header_timeout: Option<Seconds>,
    pub(super) body_timeout: Option<Seconds>,
    pub(super) idle_timeout: Option<Seconds>,
    pub(super) shutdown_timeout: Option<Seconds>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAdmin {
    pub(super) listen: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLog {
    pub(super) format: Option<String>,
    pub(super) filter: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPolicy {
    pub(super) preset: Option<String>,
    pub(super) min_length: Option<usize>,
    pub(super) max_length: Option<usize>,
    pub(super) history: Option<usize>,
    pub(super) require_digit: Option<bool>,
    pub(super) require_special: Option<bool>,
    pub(super) refuse_current: Option<bool>,
    pub(super) refuse_account_words: Option<bool>,
    pub(super) refuse_common: Option<bool>,
}

/// Each is a duration, or `"never"` to keep everything.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRetention {
    pub(super) audit: Option<String>,
    pub(super) events: Option<String>,
    pub(super) tokens: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLockout {
    pub(super) threshold: Option<u32>,
    pub(super) initial_delay: Option<Seconds>,
    pub(super) max_delay: Option<Seconds>,
    pub(super) max_failures: Option<u32>,
}
