//! Sends e-mails to account holders.

mod connections;
mod language;
mod notice;
mod recipient;
mod reset_link;
mod server;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_support;
mod untrusted_text;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use ipnet::IpNet;
use jiff::Timestamp;
use lettre::message::header::{ContentTransferEncoding, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, Message, MultiPart, SinglePart};
use repass_core::{ClaimedEvent, Clock, Email, EventKind, Plaintext};
use repass_messages::Language;
use reqwest::Url;

pub use reset_link::{InvalidResetUrl, ResetLink, ResetUrl};
pub use server::{Encryption, SmtpCredentials, SmtpServer};

use crate::{Channel, DeliveryError};
use connections::Connections;
use notice::Notice;
use recipient::ascii_domain;
use reset_link::TokenLink;
use untrusted_text::one_line;

/// Options of [`Mail`].
#[derive(Debug)]
pub struct MailOptions {
    /// The SMTP server.
    pub server: SmtpServer,
    /// Timeout for sending one mail, including the connection.
    pub timeout: Duration,
    /// The sender: an address, or a name with an address as in `Shop <accounts@example.org>`.
    pub from: String,
    /// The address for replies, in the same format; `from` if unset.
    pub reply_to: Option<String>,
    /// The name of the service as holders know it, 1 to 100 characters. Each subject begins with
    /// it.
    pub product: String,
    /// URL of a support page, `https` or `http`. This or `support_email` is required.
    pub support_url: Option<String>,
    /// Address of the support.
    pub support_email: Option<String>,
    /// The language for holders whose language is unknown or not supported.
    pub default_language: Language,
    /// The events that holders are notified of. Other events count as delivered.
    pub events: Vec<EventKind>,
    /// The networks of proxies. Their addresses are not told to holders, nor are loopback
    /// addresses.
    pub proxies: Vec<IpNet>,
}

/// An option of [`MailOptions`] is not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{member} {reason}")]
pub struct InvalidMail {
    /// The field of [`MailOptions`] or [`SmtpServer`]: `server` for the host, `tls` for the
    /// encryption.
    pub member: &'static str,
    /// The reason, to be shown after the name of the field. It contains no secret.
    pub reason: String,
}

impl InvalidMail {
    fn new(member: &'static str, reason: impl Into<String>) -> Self {
        Self { member, reason: reason.into() }
    }
}

/// Notifies the account holder of events by e-mail through an SMTP server. A mail says what
/// happened, when and from where, and what to do if it was not the holder. It has a text and an
/// HTML part, in the language of the account, otherwise of the request, if there is a translation.
///
/// A mail contains no links but the configured ones, and no secret but a reset token: the mail of a
/// `reset.requested` event with a sealed token has a link to [a page](Self::with_reset_link). If
/// the token has expired, no mail is sent, and the event counts as delivered.
///
/// The `Message-ID` is derived from the event's id, so that mail programs can recognize repeats.
/// `Auto-Submitted` (RFC 3834) prevents automatic replies.
///
/// Events of an account without an e-mail address count as delivered. An invalid address, a reset
/// link that cannot be made, and a reply about the recipient (5.1.x or 5.2.x, RFC 3463) are
/// [permanent](DeliveryError::permanent) failures; all others are retried.
///
/// Clones share their connections.
#[derive(Debug, Clone)]
pub struct Mail {
    connections: Arc<Connections>,
    from: Mailbox,
    reply_to: Option<Mailbox>,
    product: String,
    support: Support,
    default_language: Language,
    events: Vec<EventKind>,
    proxies: Vec<IpNet>,
    reset_link: Option<ResetLink>,
    clock: Arc<dyn Clock>,
}

/// The support contacts, at least one of them.
#[derive(Debug, Clone)]
struct Support {
    url: Option<String>,
    email: Option<String>,
}

impl Mail {
    /// Maximum length of the product name, in characters.
    pub const MAX_PRODUCT: usize = 100;

    /// Creates the channel. It connects on the first delivery. All deliveries must run on the same
    /// tokio runtime, with time and I/O enabled.
    ///
    /// # Errors
    /// If an option is not valid.
    pub fn new(options: MailOptions, clock: Arc<dyn Clock>) -> Result<Self, InvalidMail> {
        let connections = Arc::new(Connections::new(&options.server, options.timeout)?);
        let product = options.product.trim();
        if product.is_empty() || one_line(product, Self::MAX_PRODUCT) != product {
            let reason = "must be 1 to 100 characters on one line";
            return Err(InvalidMail::new("product", reason));
        }
        let reply_to = options.reply_to.as_deref();
        let support_email = options.support_email.as_deref();
        Ok(Self {
            connections,
            from: mailbox("from", &options.from)?,
            reply_to: reply_to.map(|text| mailbox("reply_to", text)).transpose()?,
            product: product.to_owned(),
            support: Support::new(options.support_url.as_deref(), support_email)?,
            default_language: options.default_language,
            events: options.events,
            proxies: options.proxies,
            reset_link: None,
            clock,
        })
    }

    /// Sets the page for reset links. Without it, an event with a sealed reset token is a permanent
    /// failure.
    #[must_use]
    pub fn with_reset_link(self, reset_link: ResetLink) -> Self {
        Self { reset_link: Some(reset_link), ..self }
    }

    /// Returns the link of an event with a sealed reset token.
    fn token_link(
        &self,
        claimed: &ClaimedEvent,
        expires_at: Timestamp,
    ) -> Result<TokenLink, DeliveryError> {
        let reset_link = self.reset_link.as_ref().ok_or_else(|| {
            DeliveryError::new("the page for reset links is not known; set mail.reset_url")
                .permanent()
        })?;
        let link = reset_link.of_event(&claimed.event, &claimed.holder, expires_at);
        link.map_err(|error| DeliveryError::from_error(&error).permanent())
    }

    /// Returns the kind of an event, if holders are notified of it.
    fn notified_kind(&self, event: &str) -> Option<EventKind> {
        EventKind::from_name(event).filter(|kind| self.events.contains(kind))
    }

    fn message(&self, to: Mailbox, claimed: &ClaimedEvent, notice: &Notice<'_>) -> Option<Message> {
        let event = &claimed.event;
        let id = event.id;
        let domain = ascii_domain(&self.from.email);
        // A `Date` header cannot express times before the epoch.
        let at = SystemTime::from(event.at.max(Timestamp::UNIX_EPOCH));
        let header = |name, value: &str| {
            HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
        };
        let mut message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .date(at)
            .message_id(Some(format!("<{id}@{domain}>")))
            .subject(notice.subject())
            .raw_header(header("Auto-Submitted", "auto-generated"))
            .raw_header(header("Content-Language", notice.language()));
        if let Some(reply_to) = &self.reply_to {
            message = message.reply_to(reply_to.clone());
        }
        let parts = MultiPart::alternative()
            // Derived from the id, so that repeats are identical. "=_" cannot occur in
            // quoted-printable text (RFC 2045, 6.7).
            .boundary(format!("=_repass-{}", id.simple()))
            .singlepart(SinglePart::plain(quoted_printable(notice.text().ok()?)?))
            .singlepart(SinglePart::html(quoted_printable(notice.html().ok()?)?));
        message.multipart(parts).ok()
    }
}

#[async_trait]
impl Channel for Mail {
    fn name(&self) -> &'static str {
        "mail"
    }

    async fn deliver(&self, claimed: &ClaimedEvent) -> Result<(), DeliveryError> {
        let Some((to, notice)) = self.notice(claimed)? else { return Ok(()) };
        let message = self.message(to, claimed, &notice).ok_or_else(cannot_be_built)?;
        self.connections.send(message).await
    }
}

/// A mail that is shown and not sent.
#[derive(Debug)]
#[non_exhaustive]
pub struct MailPreview {
    /// The address of the holder.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The text part, which can have a reset token.
    pub text: Plaintext,
    /// The HTML part, which can have a reset token.
    pub html: Plaintext,
}

impl Mail {
    /// Returns the mail about an event without sending it, for a demo; `None` if there is none to
    /// send.
    ///
    /// # Errors
    /// As the delivery, except those of the SMTP server.
    pub fn preview(&self, claimed: &ClaimedEvent) -> Result<Option<MailPreview>, DeliveryError> {
        let Some((to, notice)) = self.notice(claimed)? else { return Ok(None) };
        Ok(Some(MailPreview {
            to: to.email.to_string(),
            subject: notice.subject(),
            text: notice.text().map_err(|_| cannot_be_built())?.into(),
            html: notice.html().map_err(|_| cannot_be_built())?.into(),
        }))
    }

    /// Returns the recipient and the content of the mail about an event; `None` if there is none to
    /// send, and the event counts as delivered.
    fn notice(
        &self,
        claimed: &ClaimedEvent,
    ) -> Result<Option<(Mailbox, Notice<'_>)>, DeliveryError> {
        let (event, holder) = (&claimed.event, &claimed.holder);
        let Some(kind) = self.notified_kind(&event.kind) else {
            return Ok(None);
        };
        let Some(address) = holder.email.as_ref().map(Email::as_str) else {
            tracing::debug!(event = %event.id, "no mail sent: the account has no e-mail address");
            return Ok(None);
        };
        let to = recipient::parse(address).ok_or_else(|| {
            DeliveryError::new("the account's e-mail address is not valid").permanent()
        })?;
        let language = language::of_holder(claimed).unwrap_or(self.default_language);
        let link = match event.sealed_token_expires_at() {
            None => None,
            Some(expires_at) if expires_at <= self.clock.now() => {
                tracing::info!(event = %event.id, "no mail sent: the reset link has expired");
                return Ok(None);
            }
            Some(expires_at) => Some(self.token_link(claimed, expires_at)?),
        };
        Ok(Some((to, Notice::new(claimed, language, kind, link, self))))
    }
}

fn cannot_be_built() -> DeliveryError {
    DeliveryError::new("the message cannot be built")
}

impl Support {
    fn new(url: Option<&str>, email: Option<&str>) -> Result<Self, InvalidMail> {
        if url.is_none() && email.is_none() {
            let reason = "or support_email is required: every mail names a support contact";
            return Err(InvalidMail::new("support_url", reason));
        }
        let url = url.map(|text| {
            let reason = "must be a URL without credentials such as https://example.org/help";
            let invalid = || InvalidMail::new("support_url", reason);
            let url: Url = text.parse().map_err(|_| invalid())?;
            let is_web = matches!(url.scheme(), "https" | "http") && url.has_host();
            let has_credentials = !url.username().is_empty() || url.password().is_some();
            if is_web && !has_credentials { Ok(url.to_string()) } else { Err(invalid()) }
        });
        let email = email.map(|text| match recipient::parse(text) {
            Some(mailbox) => Ok(mailbox.email.to_string()),
            None => {
                let reason = "must be an e-mail address such as help@example.org";
                Err(InvalidMail::new("support_email", reason))
            }
        });
        Ok(Self { url: url.transpose()?, email: email.transpose()? })
    }
}

fn quoted_printable(text: String) -> Option<Body> {
    Body::new_with_encoding(text, ContentTransferEncoding::QuotedPrintable).ok()
}

fn mailbox(member: &'static str, text: &str) -> Result<Mailbox, InvalidMail> {
    let reason = "must be an e-mail address, or a name with one such as Shop <shop@example.org>";
    let invalid = || InvalidMail::new(member, reason);
    if one_line(text, 320) != text.trim() {
        return Err(invalid());
    }
    let parsed: Mailbox = text.trim().parse().map_err(|_| invalid())?;
    let address = recipient::parse(parsed.email.as_ref()).ok_or_else(invalid)?.email;
    Ok(Mailbox::new(parsed.name, address))
}
