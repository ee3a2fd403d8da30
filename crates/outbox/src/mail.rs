//! An e-mail to the account holder.

mod connections;
mod foreign_text;
mod language;
mod notice;
mod recipient;
mod server;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_support;

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use jiff::Timestamp;
use lettre::message::header::{ContentTransferEncoding, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, Message, MultiPart, SinglePart};
use repass_core::{ClaimedEvent, Email, EventKind};
use repass_messages::Language;
use reqwest::Url;

pub use server::{Encryption, SmtpCredentials, SmtpServer};

use crate::{Channel, DeliveryError};
use connections::Connections;
use foreign_text::one_line;
use notice::Notice;
use recipient::ascii_domain;

/// How mails are sent, and what stands in all of them.
#[derive(Debug)]
pub struct MailOptions {
    /// The server that takes them.
    pub server: SmtpServer,
    /// How long the server may take for one mail, the connection included.
    pub timeout: Duration,
    /// Whom they come from: an address, or a name with one as in `Shop <accounts@example.org>`.
    pub from: String,
    /// Where answers go, written likewise; to `from` when there is none.
    pub reply_to: Option<String>,
    /// What holders know the service by, 1 to 100 characters. It begins each subject.
    pub product: String,
    /// A web page where holders find help, `https` or `http`. This or `support_email` is needed.
    pub support_url: Option<String>,
    /// An address where holders find help.
    pub support_email: Option<String>,
    /// The language for holders of whom none is known, or one that mails are not written in.
    pub default_language: Language,
    /// What holders are told of. Other events count as delivered.
    pub events: Vec<EventKind>,
}

/// The options make no mail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{member} {reason}")]
pub struct InvalidMail {
    /// The member of [`MailOptions`] or [`SmtpServer`] that is wrong: `server` for the host, `tls`
    /// for the encryption.
    pub member: &'static str,
    /// What is wrong with it, in words that follow its name. It tells no secret.
    pub reason: String,
}

impl InvalidMail {
    fn new(member: &'static str, reason: impl Into<String>) -> Self {
        Self { member, reason: reason.into() }
    }
}

/// Tells the account holder of each event by e-mail, through an SMTP server: what happened, when,
/// from where, and what to do if it was not them. As text and HTML, in the language of the account
/// or else of the request, where there is a translation.
///
/// A mail holds no secret, and no link but the configured ones. `Message-ID` is made of the event's
/// id, so that repeats are known by it, and `Auto-Submitted` (RFC 3834) keeps automatic answers away.
///
/// An account without an e-mail address has nobody to tell: that counts as a delivery. An address
/// that is none, and a reply of 550 to 559, fail [for good](DeliveryError::permanent); any other
/// trouble passes.
#[derive(Debug)]
pub struct Mail {
    connections: Connections,
    from: Mailbox,
    reply_to: Option<Mailbox>,
    product: String,
    support: Support,
    default_language: Language,
    events: Vec<EventKind>,
}

/// The ways to help, of which there is at least one.
#[derive(Debug)]
struct Support {
    url: Option<String>,
    email: Option<String>,
}

impl Mail {
    /// The longest name of a product, in characters.
    pub const MAX_PRODUCT: usize = 100;

    /// A way to send mails. Nothing is connected yet. The first delivery needs a tokio runtime with
    /// time and I/O enabled, and so do all others, the same one.
    ///
    /// # Errors
    /// When an option makes no sense.
    pub fn new(options: MailOptions) -> Result<Self, InvalidMail> {
        let connections = Connections::new(options.server.check()?, options.timeout);
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
        })
    }

    /// The kind of an event, if it is one of those to tell of.
    fn told(&self, event: &str) -> Option<EventKind> {
        EventKind::from_name(event).filter(|kind| self.events.contains(kind))
    }

    fn message(&self, to: Mailbox, claimed: &ClaimedEvent, notice: &Notice<'_>) -> Option<Message> {
        let event = &claimed.event;
        let id = event.id;
        let domain = ascii_domain(&self.from.email);
        // A clock that was never set shows a moment that cannot be written.
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
            // The same each time, so that a repeat is the same to the byte. In quoted-printable text
            // no "=_" can occur (RFC 2045, 6.7).
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
        let (event, holder) = (&claimed.event, &claimed.holder);
        let Some(kind) = self.told(&event.kind) else {
            return Ok(());
        };
        let Some(address) = holder.email.as_ref().map(Email::as_str) else {
            tracing::debug!(event = %event.id, "nobody to mail to: the account has no address");
            return Ok(());
        };
        let to = recipient::parse(address).ok_or_else(|| {
            DeliveryError::new("the account's e-mail address is none").permanent()
        })?;
        let language = language::of_holder(claimed).unwrap_or(self.default_language);
        let notice = Notice::new(claimed, language, kind, &self.product, &self.support);
        let message = self
            .message(to, claimed, &notice)
            .ok_or_else(|| DeliveryError::new("the message cannot be written"))?;
        self.connections.send(message).await
    }
}

impl Support {
    fn new(url: Option<&str>, email: Option<&str>) -> Result<Self, InvalidMail> {
        if url.is_none() && email.is_none() {
            let reason = "give this, support_email or both: holders must be told where to turn to";
            return Err(InvalidMail::new("support_url", reason));
        }
        let url = url.map(|text| {
            let reason = "must be a web address such as https://example.org/help";
            let wrong = || InvalidMail::new("support_url", reason);
            let url: Url = text.parse().map_err(|_| wrong())?;
            let is_web = matches!(url.scheme(), "https" | "http") && url.has_host();
            let is_open = url.username().is_empty() && url.password().is_none();
            if is_web && is_open { Ok(url.to_string()) } else { Err(wrong()) }
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
    let wrong = || InvalidMail::new(member, reason);
    if one_line(text, 320) != text.trim() {
        return Err(wrong());
    }
    let written: Mailbox = text.trim().parse().map_err(|_| wrong())?;
    let address = recipient::parse(written.email.as_ref()).ok_or_else(wrong)?.email;
    Ok(Mailbox::new(written.name, address))
}
