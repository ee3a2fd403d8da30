//! A signed POST to one URL.

mod address;
mod resolver;
mod signature;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use repass_core::{ClaimedEvent, Clock, OutboxEvent};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode, Url};
use serde_json::json;

pub use signature::{InvalidWebhookSecret, WebhookSecret};

use crate::{Channel, DeliveryError};
use address::is_public;
use resolver::PublicOnly;

/// Where a webhook goes, and what it may do.
#[derive(Debug)]
pub struct WebhookOptions {
    /// The receiver's address, `https`; `http` only with [`allow_private`](Self::allow_private).
    pub url: String,
    /// The secret that receiver and sender share.
    pub secret: WebhookSecret,
    /// How long to wait for a connection, and for all together.
    pub timeout: Duration,
    /// Whether the receiver may stand in one's own network or on this machine. Where it may not,
    /// whoever can set the URL or its name in the DNS cannot make this process reach in there.
    pub allow_private: bool,
}

/// The options make no webhook. No message tells the URL, which may hold a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidWebhook {
    /// The URL is none of a web server.
    #[error("must be a URL such as https://example.org/hooks/repass")]
    Url,
    /// The URL is of plain HTTP.
    #[error("must begin with https://; http:// is for private receivers (allow_private = true)")]
    Plain,
    /// The URL names a loopback, private or otherwise special address.
    #[error("must not lead to a private address unless allow_private = true")]
    Private,
    /// TLS cannot be set up.
    #[error("no HTTP client: {0}")]
    Client(String),
}

/// Posts each event to a URL, signed after the Standard Webhooks scheme, specification 1.0.0
/// (<https://github.com/standard-webhooks/standard-webhooks>): headers `webhook-id`,
/// `webhook-timestamp` and `webhook-signature`, and a JSON body of `type`, `timestamp` and `data`.
///
/// An answer of 2xx is a delivery; any other is a failure, and 410 (Gone) a permanent one. Redirects are not followed, proxies of
/// the environment not used, and bodies of answers not read.
pub struct Webhook {
    client: Client,
    url: Url,
    secret: WebhookSecret,
    clock: Arc<dyn Clock>,
}

impl Webhook {
    /// A webhook. The first one of a process installs ring as rustls's default cryptography, unless
    /// another was installed before.
    ///
    /// # Errors
    /// When the URL leads where it must not, or TLS cannot be set up.
    pub fn new(options: WebhookOptions, clock: Arc<dyn Clock>) -> Result<Self, InvalidWebhook> {
        let WebhookOptions { url, secret, timeout, allow_private } = options;
        let url: Url = url.parse().map_err(|_| InvalidWebhook::Url)?;
        let host = url.host_str().ok_or(InvalidWebhook::Url)?;
        match url.scheme() {
            "https" => {}
            "http" if allow_private => {}
            "http" => return Err(InvalidWebhook::Plain),
            _ => return Err(InvalidWebhook::Url),
        }
        // A literal address is never looked up, so that the resolver does not see it.
        let literal: Result<IpAddr, _> = host.trim_matches(['[', ']']).parse();
        if literal.is_ok_and(|address| !allow_private && !is_public(address)) {
            return Err(InvalidWebhook::Private);
        }
        // An error says that one is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut client = Client::builder()
            .user_agent(concat!("repass/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .no_proxy()
            .referer(false)
            .https_only(!allow_private)
            .connect_timeout(timeout)
            .timeout(timeout)
            .pool_max_idle_per_host(0);
        if !allow_private {
            client = client.dns_resolver(Arc::new(PublicOnly));
        }
        let client = client.build().map_err(|error| {
            InvalidWebhook::Client(DeliveryError::caused_by(&error.without_url()).to_string())
        })?;
        Ok(Self { client, url, secret, clock })
    }
}

#[async_trait]
impl Channel for Webhook {
    fn name(&self) -> &'static str {
        "webhook"
    }

    async fn deliver(&self, claimed: &ClaimedEvent) -> Result<(), DeliveryError> {
        let id = claimed.event.id.to_string();
        let timestamp = self.clock.now().as_second();
        let body = body(&claimed.event);
        let answer = self
            .client
            .post(self.url.clone())
            .header("content-type", "application/json")
            .header("webhook-id", &id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", self.secret.sign(&id, timestamp, body.as_bytes()))
            .body(body)
            .send()
            .await
            .map_err(|error| DeliveryError::caused_by(&error.without_url()))?;
        let status = answer.status();
        let failure = || DeliveryError::new(format!("answered {}", status.as_u16()));
        match status {
            _ if status.is_success() => Ok(()),
            StatusCode::GONE => Err(failure().permanent()),
            _ => Err(failure()),
        }
    }
}

fn body(event: &OutboxEvent) -> String {
    let mut data = event.payload.clone();
    if let Some(data) = data.as_object_mut() {
        data.insert("account".to_owned(), json!(event.account));
    }
    json!({ "type": event.kind, "timestamp": event.at, "data": data }).to_string()
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Webhook(..)")
    }
}

#[cfg(test)]
mod tests {
    use repass_core::SystemClock;

    use super::*;

    fn webhook(url: &str, allow_private: bool) -> Result<Webhook, InvalidWebhook> {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().unwrap();
        let timeout = Duration::from_secs(1);
        let options = WebhookOptions { url: url.to_owned(), secret, timeout, allow_private };
        Webhook::new(options, Arc::new(SystemClock))
    }

    #[test]
    fn literal_private_addresses_are_refused_in_any_spelling() {
        for url in [
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://10.1.2.3:8443/x",
            "https://169.254.169.254/latest",
            "https://0x7f.1/",
            "https://2130706433/",
            "https://[::ffff:192.168.0.1]/",
        ] {
            let refused = webhook(url, false).unwrap_err();
            assert!(matches!(refused, InvalidWebhook::Private), "{url}: {refused:?}");
            assert!(webhook(url, true).is_ok(), "{url}");
        }
        assert!(webhook("https://8.8.8.8/", false).is_ok());
    }

    #[test]
    fn plain_http_is_for_private_receivers() {
        assert!(matches!(webhook("http://example.org/", false), Err(InvalidWebhook::Plain)));
        assert!(webhook("http://127.0.0.1:1/", true).is_ok());
        for url in ["ftp://example.org/", "example.org", "", "https://"] {
            assert!(matches!(webhook(url, true), Err(InvalidWebhook::Url)), "{url}");
        }
    }
}
