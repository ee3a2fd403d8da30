//! Where the events of the outbox go.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use repass_core::SystemClock;
use repass_outbox::{Channel, CourierOptions, Webhook, WebhookOptions};
use serde::Deserialize;

use super::KeyError;
use super::checked::{chain, delay, timeout};
use super::raw::Seconds;

/// How events are delivered, and to whom.
pub(crate) struct OutboxConfig {
    pub(crate) options: CourierOptions,
    pub(crate) webhook: Option<Arc<Webhook>>,
}

impl OutboxConfig {
    /// Every channel that is configured.
    pub(crate) fn channels(&self) -> Vec<Arc<dyn Channel>> {
        let webhook = self.webhook.iter().map(|webhook| Arc::clone(webhook) as Arc<dyn Channel>);
        webhook.collect()
    }
}

impl std::fmt::Debug for OutboxConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OutboxConfig").field("options", &self.options).finish_non_exhaustive()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOutbox {
    poll: Option<Seconds>,
    first_wait: Option<Seconds>,
    longest_wait: Option<Seconds>,
    max_tries: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWebhook {
    url: String,
    secret: Option<RawSecret>,
    secret_file: Option<PathBuf>,
    timeout: Option<Seconds>,
    #[serde(default)]
    allow_private: bool,
}

/// A secret as written, which nothing prints.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct RawSecret(String);

impl std::fmt::Debug for RawSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RawSecret(..)")
    }
}

impl RawOutbox {
    /// `folder` is where relative paths start.
    pub(super) fn check(
        self,
        webhook: Option<RawWebhook>,
        folder: &Path,
    ) -> Result<OutboxConfig, KeyError> {
        let default = CourierOptions::default();
        let mut options = CourierOptions {
            poll: timeout("outbox.poll", self.poll, default.poll)?,
            first_wait: delay("outbox.first_wait", self.first_wait, default.first_wait)?,
            longest_wait: delay("outbox.longest_wait", self.longest_wait, default.longest_wait)?,
            max_tries: self.max_tries.unwrap_or(default.max_tries),
            ..default
        };
        if !(1..=1000).contains(&options.max_tries) {
            return Err(KeyError::new("outbox.max_tries", "must be 1 to 1000"));
        }
        if options.longest_wait < options.first_wait {
            return Err(KeyError::new("outbox.longest_wait", "must be at least first_wait"));
        }
        let webhook = match webhook {
            None => None,
            Some(raw) => {
                options.timeout = timeout("webhook.timeout", raw.timeout, options.timeout)?;
                Some(raw.check(options.timeout, folder)?)
            }
        };
        Ok(OutboxConfig { options, webhook })
    }
}

impl RawWebhook {
    fn check(self, timeout: Duration, folder: &Path) -> Result<Arc<Webhook>, KeyError> {
        let (key, secret) = match (self.secret, self.secret_file) {
            (Some(RawSecret(secret)), None) => ("webhook.secret", secret),
            (None, Some(file)) => {
                let key = "webhook.secret_file";
                let text = std::fs::read_to_string(folder.join(file))
                    .map_err(|error| KeyError::new(key, chain(&error)))?;
                (key, text)
            }
            _ => return Err(KeyError::new("webhook.secret", "give either this or secret_file")),
        };
        let secret = secret.trim().parse().map_err(|error| KeyError::new(key, error))?;
        let allow_private = self.allow_private;
        let options = WebhookOptions { url: self.url, secret, timeout, allow_private };
        let webhook = Webhook::new(options, Arc::new(SystemClock));
        webhook.map(Arc::new).map_err(|error| KeyError::new("webhook.url", error))
    }
}
