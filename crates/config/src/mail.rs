//! `[mail]`: e-mail to the account holder.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use repass_core::{EventKind, Plaintext, SystemClock};
use repass_outbox::{
    Encryption, Language, Mail, MailOptions, ResetUrl, SmtpCredentials, SmtpServer,
};
use serde::Deserialize;

use super::KeyError;
use super::checked::{one_of, timeout};
use super::outbox::{ChannelConfig, ChannelKind, secret};
use super::pages::MailBrand;
use super::proxy::TrustedProxies;
use super::raw::Seconds;

/// The default time-out for one mail. Some servers scan a mail before they answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// E-mail to account holders. Without this table no mail is sent.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RawMail {
    /// The SMTP server: a host name, which its certificate must have.
    server: String,
    /// The server's port. Without it 465 with `implicit`, 587 with `starttls`, 25 with `none`.
    port: Option<u16>,
    /// How the connection is encrypted. `none` is for a server on this machine only, unless
    /// `allow_plain_smtp` is set. Default: `implicit`.
    tls: Option<String>,
    /// The name of this machine for `EHLO`: a host name or an IP address. Without it, the address
    /// of this machine.
    ehlo_name: Option<String>,
    /// Allows `tls = "none"` to a server on another machine. Default: `false`.
    #[serde(default)]
    allow_plain_smtp: bool,
    /// The user name at the server. Without it, the server is used without authentication.
    username: Option<String>,
    /// The password that belongs to `username`. Or `password_file`.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    password: Option<Plaintext>,
    /// The file that holds the password.
    password_file: Option<PathBuf>,
    /// How long the server may take for one mail. Default: `30s`.
    timeout: Option<Seconds>,
    /// The sender, such as `Shop <accounts@example.org>`.
    from: String,
    /// The address for replies. Without it replies go to `from`.
    reply_to: Option<String>,
    /// The name of the service, as account holders know it.
    product: String,
    /// The page where account holders find help. This, `support_email` or both are required.
    support_url: Option<String>,
    /// The e-mail address where account holders find help.
    support_email: Option<String>,
    /// The page where account holders set a new password after a reset was requested. Their mail has
    /// a link to it, with the reset token, the user id and the e-mail address in the fragment.
    /// Without it, that of `[pages]`; without both, no reset link is mailed.
    reset_url: Option<String>,
    /// The language of a mail if neither the account nor the request has one. Default: `en`.
    default_language: Option<String>,
    /// The events about which a holder gets mail. Without it, all events.
    events: Option<Vec<String>>,
}

impl RawMail {
    /// The values that the pages have too.
    pub(super) fn brand(&self) -> MailBrand {
        MailBrand {
            product: Some(self.product.clone()),
            support_url: self.support_url.clone(),
            support_email: self.support_email.clone(),
        }
    }

    /// Checks the values. Relative paths are resolved against `folder`. `page` is the default of
    /// `reset_url`.
    pub(super) fn check(
        self,
        page: Option<String>,
        proxies: &TrustedProxies,
        folder: &Path,
    ) -> Result<ChannelConfig, KeyError> {
        let encryption = match self.tls.as_deref() {
            None => Encryption::default(),
            Some(name) => Encryption::from_name(name)
                .ok_or_else(|| one_of("mail.tls", &Encryption::ALL.map(Encryption::as_str)))?,
        };
        let password = secret("mail.password", self.password, self.password_file, folder)?;
        let credentials = match (self.username, password) {
            (None, None) => None,
            (Some(username), Some((_, password))) => Some(SmtpCredentials { username, password }),
            (Some(_), None) => {
                let reason = "set this or password_file, since there is a username";
                return Err(KeyError::new("mail.password", reason));
            }
            (None, Some(_)) => {
                return Err(KeyError::new(
                    "mail.username",
                    "is required, since there is a password",
                ));
            }
        };
        let default_language = match self.default_language {
            None => Language::default(),
            Some(code) => {
                code.parse().map_err(|error| KeyError::new("mail.default_language", error))?
            }
        };
        let events = match self.events {
            None => EventKind::ALL.to_vec(),
            Some(names) => events(&names)?,
        };
        // Without the event there is no mail that could have the link.
        let page = page.filter(|_| events.contains(&EventKind::ResetRequested));
        let page = self.reset_url.or(page);
        let reset_url = page.map(|text| reset_url(&text, &events)).transpose()?;
        let timeout = timeout("mail.timeout", self.timeout, TIMEOUT)?;
        let server = SmtpServer {
            host: self.server,
            port: self.port,
            encryption,
            credentials,
            ehlo_name: self.ehlo_name,
            allow_plain_smtp: self.allow_plain_smtp,
        };
        let names: Vec<_> = events.iter().map(|kind| kind.as_str()).collect();
        let summary = format!(
            "by mail through {} port {} (TLS {}{}), from {}, default language {}{}: {}",
            server.host,
            server.port(),
            encryption.as_str(),
            if server.credentials.is_some() { ", authenticated" } else { "" },
            self.from,
            default_language.subtag(),
            if reset_url.is_some() { ", with reset links" } else { "" },
            names.join(", "),
        );
        let options = MailOptions {
            server,
            timeout,
            from: self.from,
            reply_to: self.reply_to,
            product: self.product,
            support_url: self.support_url,
            support_email: self.support_email,
            default_language,
            events,
            proxies: proxies.networks.clone(),
        };
        let mail = Mail::new(options, Arc::new(SystemClock))
            .map_err(|wrong| KeyError::new(format!("mail.{}", wrong.member), wrong.reason))?;
        Ok(ChannelConfig { summary, timeout, kind: ChannelKind::Mail(Arc::new(mail), reset_url) })
    }
}

fn reset_url(text: &str, events: &[EventKind]) -> Result<ResetUrl, KeyError> {
    let url = text.parse().map_err(|error| KeyError::new("mail.reset_url", error))?;
    if events.contains(&EventKind::ResetRequested) {
        Ok(url)
    } else {
        let reason = "must contain reset.requested, since there is a reset_url";
        Err(KeyError::new("mail.events", reason))
    }
}

fn events(names: &[String]) -> Result<Vec<EventKind>, KeyError> {
    let all = || one_of("mail.events", &EventKind::ALL.map(EventKind::as_str));
    if names.is_empty() {
        return Err(all());
    }
    names.iter().map(|name| EventKind::from_name(name).ok_or_else(all)).collect()
}
