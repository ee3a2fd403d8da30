//! Delivers events as signed POST requests to one URL.

mod address;
mod resolver;
mod signature;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::fmt::rfc2822;
use repass_core::{ClaimedEvent, Clock, ErrorChain, OutboxEvent};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode, Url};
use serde_json::json;

pub use signature::{InvalidWebhookSecret, WebhookSecret};

use crate::{Channel, DeliveryError};
use address::is_public;
use resolver::PublicOnly;

/// Options of a [`Webhook`].
pub struct WebhookOptions {
    /// The receiver's URL, `https`; `http` only with [`allow_private`](Self::allow_private).
    pub url: String,
    /// The secret shared with the receiver.
    pub secret: WebhookSecret,
    /// The secret before it. While it is set, each request has a signature by either, so that the
    /// receiver can change to the new one at any time.
    pub previous_secret: Option<WebhookSecret>,
    /// Timeout of the connection, and of the whole request.
    pub timeout: Duration,
    /// Whether private and loopback addresses are allowed. If false, an attacker who controls the
    /// URL or its DNS records cannot make this process send requests to the internal network.
    pub allow_private: bool,
}

/// Without the URL, which may contain a secret.
impl fmt::Debug for WebhookOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookOptions").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

/// The options are not valid. No message contains the URL, which may contain a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidWebhook {
    /// The URL is not an HTTP URL with a host.
    #[error("must be a URL such as https://example.org/hooks/repass")]
    Url,
    /// The URL is plain HTTP.
    #[error("must begin with https:// (http:// only with allow_private = true)")]
    Plain,
    /// The URL has a loopback, private or other special-purpose address.
    #[error("must not have a private address unless allow_private = true")]
    Private,
    /// TLS cannot be set up.
    #[error("cannot set up the HTTP client: {0}")]
    Client(String),
}

/// Posts each event to a URL, signed by the Standard Webhooks scheme, specification 1.0.0
/// (<https://github.com/standard-webhooks/standard-webhooks>): headers `webhook-id`,
/// `webhook-timestamp` and `webhook-signature`, and a JSON body of `type`, `timestamp` and `data`. An
/// event of a request with a `traceparent` has this header too (W3C Trace Context).
///
/// A response of 2xx is a delivery; any other is a failure, and 410 (Gone) a permanent one. The
/// `Retry-After` of a failure is heeded. A [sealed reset token](OutboxEvent::open_token) is not
/// sent. Redirects are not followed, proxies of the environment are not used, and response bodies
/// are not read.
pub struct Webhook {
    client: Client,
    url: Url,
    /// The current secret, and the previous one if it is still in use.
    secrets: Vec<WebhookSecret>,
    clock: Arc<dyn Clock>,
}

impl Webhook {
    /// Creates the channel. Installs ring as the default crypto provider of rustls, unless the
    /// process has one already.
    ///
    /// # Errors
    /// If the URL is not allowed, or TLS cannot be set up.
    pub fn new(options: WebhookOptions, clock: Arc<dyn Clock>) -> Result<Self, InvalidWebhook> {
        let WebhookOptions { url, secret, previous_secret, timeout, allow_private } = options;
        let url: Url = url.parse().map_err(|_| InvalidWebhook::Url)?;
        let host = url.host_str().ok_or(InvalidWebhook::Url)?;
        match url.scheme() {
            "https" => {}
            "http" if allow_private => {}
            "http" => return Err(InvalidWebhook::Plain),
            _ => return Err(InvalidWebhook::Url),
        }
        // Literal addresses bypass the resolver.
        let literal: Result<IpAddr, _> = host.trim_matches(['[', ']']).parse();
        if literal.is_ok_and(|address| !allow_private && !is_public(address)) {
            return Err(InvalidWebhook::Private);
        }
        // Fails only if the process has a provider already.
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
            InvalidWebhook::Client(ErrorChain(&error.without_url()).to_string())
        })?;
        let secrets = [Some(secret), previous_secret].into_iter().flatten().collect();
        Ok(Self { client, url, secrets, clock })
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
        let signatures = self.secrets.iter().map(|own| own.sign(&id, timestamp, body.as_bytes()));
        let mut request = self.client.post(self.url.clone());
        if let Some(traceparent) = claimed.event.payload["traceparent"].as_str() {
            request = request.header("traceparent", traceparent);
        }
        let response = request
            .header("content-type", "application/json")
            .header("webhook-id", &id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signatures.collect::<Vec<_>>().join(" "))
            .body(body)
            .send()
            .await
            .map_err(|error| DeliveryError::from_error(&error.without_url()))?;
        let status = response.status();
        let retry_after = self.retry_after(response.headers());
        let failure = || {
            DeliveryError::new(format!("answered {}", status.as_u16()))
                .with_retry_after(retry_after.unwrap_or_default())
        };
        match status {
            _ if status.is_success() => Ok(()),
            StatusCode::GONE => Err(failure().permanent()),
            _ => Err(failure()),
        }
    }
}

impl Webhook {
    /// Returns the delay of `Retry-After`: seconds, or a time (RFC 9110, 10.2.3).
    fn retry_after(&self, headers: &HeaderMap) -> Option<Duration> {
        let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
        let until = || {
            let at = rfc2822::parse(text).ok()?.timestamp();
            Duration::try_from(at.duration_since(self.clock.now())).ok()
        };
        text.parse().map(Duration::from_secs).ok().or_else(until)
    }
}

fn body(event: &OutboxEvent) -> String {
    let mut data = event.public_payload();
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
    use repass_core::{AccountId, SystemClock};
    use repass_testkit::fixtures;
    use reqwest::header::HeaderValue;
    use uuid::Uuid;

    use super::*;

    fn webhook(url: &str, allow_private: bool) -> Result<Webhook, InvalidWebhook> {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().unwrap();
        let timeout = Duration::from_secs(1);
        let (url, previous_secret) = (url.to_owned(), None);
        let options = WebhookOptions { url, secret, previous_secret, timeout, allow_private };
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

    /// Proves A5.
    #[test]
    fn a5_retry_after_is_seconds_or_a_time() {
        let webhook = webhook("https://8.8.8.8/", false).unwrap();
        let read = |text: &'static str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(text))]);
            webhook.retry_after(&headers)
        };
        assert_eq!(read("120"), Some(Duration::from_secs(120)));
        assert!(read("Fri, 31 Dec 2100 23:59:59 GMT").is_some_and(|wait| wait.as_secs() > 86_400));
        for none in ["Sun, 06 Nov 1994 08:49:37 GMT", "soon", "-1", ""] {
            assert_eq!(read(none), None, "{none}");
        }
    }

    #[test]
    fn a_sealed_reset_token_is_not_sent() {
        let account = AccountId(Uuid::from_u128(1));
        let mut event = fixtures::event(account, 0);
        event.payload = json!({ "realm": "shop", "sealed_token": "AAAA", "expires_at": "x" });
        let sent: serde_json::Value = serde_json::from_str(&body(&event)).unwrap();
        assert_eq!(sent["data"], json!({ "realm": "shop", "account": account, "expires_at": "x" }));
    }

    #[test]
    fn plain_http_needs_allow_private() {
        assert!(matches!(webhook("http://example.org/", false), Err(InvalidWebhook::Plain)));
        assert!(webhook("http://127.0.0.1:1/", true).is_ok());
        for url in ["ftp://example.org/", "example.org", "", "https://"] {
            assert!(matches!(webhook(url, true), Err(InvalidWebhook::Url)), "{url}");
        }
    }

    #[test]
    fn a_debug_print_hides_the_url_and_the_secrets() {
        let secret = || "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().unwrap();
        let options = WebhookOptions {
            url: "https://example.org/hunter2".to_owned(),
            secret: secret(),
            previous_secret: Some(secret()),
            timeout: Duration::from_secs(1),
            allow_private: false,
        };
        let printed = format!("{options:?} {:?}", options.secret);
        assert!(!printed.contains("hunter2") && !printed.contains("MfKQ9r8"), "{printed}");
    }
}
