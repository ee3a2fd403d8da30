//! `[outbox]` and `[webhook]`: the delivery of events.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use repass_core::{ErrorChain, InstallationKey, Plaintext, SystemClock};
use repass_outbox::{
    Channel, DispatcherOptions, Mail, ResetLink, ResetUrl, Webhook, WebhookOptions,
};
use repass_store::read_secret_file;
use serde::Deserialize;

use super::KeyError;
use super::checked::{delay, timeout};
use super::mail::RawMail;
use super::mistakes::Mistakes;
use super::proxy::TrustedProxies;
use super::raw::Seconds;

/// The delivery of events.
#[derive(Debug)]
pub struct OutboxConfig {
    /// The timing of deliveries.
    pub options: DispatcherOptions,
    /// The configured channels.
    pub channels: Vec<ChannelConfig>,
}

/// A channel for events.
#[derive(Clone)]
pub struct ChannelConfig {
    /// A summary for `check-config`.
    pub summary: String,
    pub(super) timeout: Duration,
    pub(super) kind: ChannelKind,
}

impl OutboxConfig {
    /// Returns whether mails with reset links are sent.
    pub fn mails_resets(&self) -> bool {
        let has_link = |own: &ChannelConfig| matches!(own.kind, ChannelKind::Mail(_, Some(_)));
        self.channels.iter().any(has_link)
    }
}

#[derive(Clone)]
pub(super) enum ChannelKind {
    Webhook(Arc<Webhook>),
    /// With the page for reset links.
    Mail(Arc<Mail>, Option<ResetUrl>),
}

impl ChannelConfig {
    /// The channel's name.
    pub fn name(&self) -> &'static str {
        match &self.kind {
            ChannelKind::Webhook(webhook) => webhook.name(),
            ChannelKind::Mail(mail, _) => mail.name(),
        }
    }

    /// Returns the channel of mails, if it is that.
    pub fn mail(&self, key: &Arc<InstallationKey>) -> Option<Mail> {
        let ChannelKind::Mail(mail, page) = &self.kind else { return None };
        let mail = Mail::clone(mail);
        Some(match page {
            None => mail,
            Some(url) => mail.with_reset_link(ResetLink { url: url.clone(), key: Arc::clone(key) }),
        })
    }

    /// Returns the channel. `key` is the installation key, with which the reset tokens in events
    /// are sealed. It is known when the store is open.
    pub fn channel(&self, key: &Arc<InstallationKey>) -> Arc<dyn Channel> {
        match &self.kind {
            ChannelKind::Webhook(webhook) => Arc::clone(webhook) as Arc<dyn Channel>,
            ChannelKind::Mail(mail, _) => match self.mail(key) {
                Some(with_link) => Arc::new(with_link),
                None => Arc::clone(mail) as Arc<dyn Channel>,
            },
        }
    }
}

impl std::fmt::Debug for ChannelConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {:?}", self.name(), self.summary, self.timeout)
    }
}

/// The delivery of events to the webhook and by mail.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RawOutbox {
    /// How often the outbox is searched for events. Default: `1s`.
    poll: Option<Seconds>,
    /// The wait after the first failed delivery. Each further failure doubles it. Default: `5s`.
    first_wait: Option<Seconds>,
    /// The longest wait between two tries. Default: `1h`.
    longest_wait: Option<Seconds>,
    /// The number of failed tries after which a delivery is given up; `repass outbox retry` starts
    /// it again. Default: `24`.
    max_tries: Option<u32>,
}

/// The webhook. Without this table no webhook is called.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RawWebhook {
    /// The URL to which events are sent. It must be `https://`, unless `allow_private` is set.
    url: String,
    /// The signing secret: `whsec_` and 24 to 64 random bytes in Base64. Or `secret_file`.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    secret: Option<Plaintext>,
    /// The file that holds the secret.
    secret_file: Option<PathBuf>,
    /// The secret before a change: deliveries are signed with both until it is removed. Or
    /// `previous_secret_file`.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    previous_secret: Option<Plaintext>,
    /// The file that holds the previous secret.
    previous_secret_file: Option<PathBuf>,
    /// How long the receiver may take for one delivery. Default: `15s`.
    timeout: Option<Seconds>,
    /// Allows private addresses and `http://`. Default: `false`.
    #[serde(default)]
    allow_private: bool,
}

impl RawOutbox {
    /// Checks the values. Relative paths are resolved against `folder`. The mail comes with the page
    /// for its links, if `[pages]` has it.
    pub(super) fn check(
        self,
        webhook: Option<RawWebhook>,
        mail: Option<(RawMail, Option<String>)>,
        proxies: &TrustedProxies,
        folder: &Path,
        mistakes: &mut Mistakes,
    ) -> Option<OutboxConfig> {
        let default = DispatcherOptions::default();
        let options = mistakes.take(self.options(&default));
        let webhook = webhook.map(|raw| raw.check(default.timeout, folder)).transpose();
        let webhook = mistakes.take(webhook);
        let mail =
            mistakes.take(mail.map(|(raw, page)| raw.check(page, proxies, folder)).transpose());
        let (mut options, webhook, mail) = (options?, webhook?, mail?);
        let channels: Vec<_> = webhook.into_iter().chain(mail).collect();
        // Each channel has its own time-out; a lease lasts as long as the longest.
        let longest = channels.iter().map(|own| own.timeout).max();
        options.timeout = longest.unwrap_or(options.timeout);
        Some(OutboxConfig { options, channels })
    }

    fn options(&self, default: &DispatcherOptions) -> Result<DispatcherOptions, KeyError> {
        let options = DispatcherOptions {
            poll: timeout("outbox.poll", self.poll, default.poll)?,
            first_wait: delay("outbox.first_wait", self.first_wait, default.first_wait)?,
            longest_wait: delay("outbox.longest_wait", self.longest_wait, default.longest_wait)?,
            max_tries: self.max_tries.unwrap_or(default.max_tries),
            ..default.clone()
        };
        if !(1..=1000).contains(&options.max_tries) {
            return Err(KeyError::new("outbox.max_tries", "must be 1 to 1000"));
        }
        if options.longest_wait < options.first_wait {
            return Err(KeyError::new("outbox.longest_wait", "must be at least first_wait"));
        }
        Ok(options)
    }
}

impl RawWebhook {
    /// Checks the values. `default` is the default time-out.
    fn check(self, default: Duration, folder: &Path) -> Result<ChannelConfig, KeyError> {
        let timeout = timeout("webhook.timeout", self.timeout, default)?;
        let parse = |(key, secret): (String, Plaintext)| {
            secret.expose().trim().parse().map_err(|error| KeyError::new(key, error))
        };
        let current = secret("webhook.secret", self.secret, self.secret_file, folder)?
            .ok_or_else(|| KeyError::new("webhook.secret", "set either this or secret_file"))?;
        let previous = ("webhook.previous_secret", self.previous_secret, self.previous_secret_file);
        let previous = secret(previous.0, previous.1, previous.2, folder)?;
        let (secret, previous_secret) = (parse(current)?, previous.map(parse).transpose()?);
        let allow_private = self.allow_private;
        let options =
            WebhookOptions { url: self.url, secret, previous_secret, timeout, allow_private };
        let webhook = Webhook::new(options, Arc::new(SystemClock));
        let channel = webhook.map_err(|error| KeyError::new("webhook.url", error))?;
        let summary = "to the webhook".to_owned();
        Ok(ChannelConfig { summary, timeout, kind: ChannelKind::Webhook(Arc::new(channel)) })
    }
}

/// Returns the secret at `key`, or from the file at `key` with `_file`, together with the key that
/// was used.
pub(super) fn secret(
    key: &str,
    written: Option<Plaintext>,
    file: Option<PathBuf>,
    folder: &Path,
) -> Result<Option<(String, Plaintext)>, KeyError> {
    let file_key = format!("{key}_file");
    match (written, file) {
        (None, None) => Ok(None),
        (Some(secret), None) => Ok(Some((key.to_owned(), secret))),
        (None, Some(file)) => {
            let secret = read_secret_file(&folder.join(file))
                .map_err(|error| KeyError::new(file_key.clone(), ErrorChain(&error)))?;
            Ok(Some((file_key, secret)))
        }
        (Some(_), Some(_)) => {
            Err(KeyError::new(key, format!("set either this or {file_key}, not both")))
        }
    }
}
