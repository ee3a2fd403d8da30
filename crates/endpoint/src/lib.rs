//! Requests of repass to HTTP endpoints that an operator names, such as that of an issuer of tokens.
//!
//! Answers are bounded, redirects are not followed, and no error contains the URL, which may contain
//! a secret.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use repass_core::{ErrorChain, Plaintext};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap};
use reqwest::redirect::Policy;
use reqwest::{Body, Client, Proxy, RequestBuilder, StatusCode, Url};

/// An HTTP endpoint. Its address may be private, since the operator sets it.
#[derive(Clone)]
pub struct EndpointOptions {
    /// The URL, `https`; `http` only on a loopback host or with `allow_plain_http`.
    pub url: String,
    /// Time-out of the connection, and of the whole request.
    pub timeout: Duration,
    /// Whether `http` to other hosts is allowed.
    pub allow_plain_http: bool,
    /// The URL of an HTTP proxy; `None` for none.
    pub proxy: Option<String>,
}

/// The endpoint is not valid. No message contains the URL, which may contain a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidEndpoint {
    /// The URL is not an HTTP URL with a host.
    #[error("must be a URL such as https://id.example.org/path")]
    Url,
    /// The URL contains a user or a password.
    #[error("must not contain a user or a password")]
    User,
    /// The URL is plain HTTP.
    #[error(
        "must begin with https:// (http:// only on a loopback host or with allow_plain_http = true)"
    )]
    Plain,
    /// The URL of the proxy is not valid.
    #[error("the proxy must be a URL such as http://proxy.example.org:3128")]
    Proxy,
    /// TLS cannot be set up.
    #[error("cannot set up the HTTP client: {0}")]
    Client(String),
}

/// Why an endpoint gave no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// The request failed.
    #[error("the request failed")]
    Request(#[source] reqwest::Error),
    /// The endpoint answered with another status than 200.
    #[error("answered {}", .0.as_u16())]
    Status(StatusCode),
    /// The answer is too large.
    #[error("answered more than {0} bytes")]
    TooLarge(usize),
}

/// The client of an endpoint. Redirects are not followed, and proxies of the environment are not used.
pub struct Endpoint {
    client: Client,
    url: Url,
}

impl Endpoint {
    /// Creates a client. Installs ring as the default crypto provider of rustls, unless the process
    /// has one already.
    ///
    /// # Errors
    /// When the endpoint is not valid.
    pub fn new(options: &EndpointOptions) -> Result<Self, InvalidEndpoint> {
        let url: Url = options.url.parse().map_err(|_| InvalidEndpoint::Url)?;
        let host = url.host_str().ok_or(InvalidEndpoint::Url)?;
        let is_plain = match url.scheme() {
            "https" => false,
            "http" if options.allow_plain_http || is_loopback(host) => true,
            "http" => return Err(InvalidEndpoint::Plain),
            _ => return Err(InvalidEndpoint::Url),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidEndpoint::User);
        }
        // Fails only if the process has a provider already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let proxy =
            options.proxy.as_ref().map(|url| Proxy::all(url).map_err(|_| InvalidEndpoint::Proxy));
        let proxy = proxy.transpose()?;
        let client = Client::builder()
            .user_agent(concat!("repass/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .no_proxy()
            .referer(false)
            .https_only(!is_plain)
            .connect_timeout(options.timeout)
            .timeout(options.timeout);
        let client = proxy.into_iter().fold(client, reqwest::ClientBuilder::proxy);
        let client = client
            .build()
            .map_err(|error| InvalidEndpoint::Client(ErrorChain(&error).to_string()))?;
        Ok(Self { client, url })
    }

    /// Returns the body of the answer to GET, of at most `max` bytes.
    ///
    /// # Errors
    /// When there is no such answer in time.
    pub async fn get(&self, max: usize) -> Result<Vec<u8>, EndpointError> {
        answer(self.client.get(self.url.clone()).header(ACCEPT, "application/json"), max).await
    }

    /// Returns the body of the answer to GET of a path below the URL, with these header fields.
    ///
    /// # Errors
    /// When there is no such answer in time.
    pub async fn get_below(
        &self,
        path: &[&str],
        headers: &[(&'static str, &'static str)],
        max: usize,
    ) -> Result<Vec<u8>, EndpointError> {
        let mut url = self.url.clone();
        // Only a URL that cannot have a path fails, and an HTTP URL has one.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        let request = self.client.get(url);
        let request = headers.iter().fold(request, |it, (name, value)| it.header(*name, *value));
        answer(request, max).await
    }

    /// Returns the body of the answer to POST of `body`, with these header fields, of at most `max`
    /// bytes.
    ///
    /// # Errors
    /// When there is no such answer in time.
    pub async fn post(
        &self,
        headers: HeaderMap,
        body: impl Into<Body>,
        max: usize,
    ) -> Result<Vec<u8>, EndpointError> {
        answer(self.client.post(self.url.clone()).headers(headers).body(body), max).await
    }

    /// Returns the body of the answer to POST of a form by an authenticated client, of at most `max`
    /// bytes.
    ///
    /// # Errors
    /// When there is no such answer in time.
    pub async fn post_form(
        &self,
        client_id: &str,
        client_secret: &Plaintext,
        form: String,
        max: usize,
    ) -> Result<Vec<u8>, EndpointError> {
        // RFC 6749, 2.3.1: both are encoded as in a form.
        let encoded =
            |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let request = self
            .client
            .post(self.url.clone())
            .basic_auth(encoded(client_id), Some(encoded(client_secret.expose())))
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form);
        answer(request, max).await
    }
}

/// The URL without its query, which may contain a secret.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut url = self.url.clone();
        url.set_query(None);
        url.set_fragment(None);
        write!(f, "{url}")
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self})")
    }
}

/// Without the query of the URL and without the proxy, which may contain secrets.
impl fmt::Debug for EndpointOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, timeout, allow_plain_http, proxy: _ } = self;
        f.debug_struct("EndpointOptions")
            .field("url", &url.split(['?', '#']).next())
            .field("timeout", timeout)
            .field("allow_plain_http", allow_plain_http)
            .finish_non_exhaustive()
    }
}

async fn answer(request: RequestBuilder, max: usize) -> Result<Vec<u8>, EndpointError> {
    let without_url = |error: reqwest::Error| EndpointError::Request(error.without_url());
    let mut response = request.send().await.map_err(without_url)?;
    if response.status() != StatusCode::OK {
        return Err(EndpointError::Status(response.status()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(without_url)? {
        if body.len() + chunk.len() > max {
            return Err(EndpointError::TooLarge(max));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn is_loopback(host: &str) -> bool {
    let address: Result<IpAddr, _> = host.trim_matches(['[', ']']).parse();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(url: &str, allow_plain_http: bool) -> Result<Endpoint, InvalidEndpoint> {
        let timeout = Duration::from_secs(1);
        Endpoint::new(&EndpointOptions {
            url: url.to_owned(),
            timeout,
            allow_plain_http,
            proxy: None,
        })
    }

    #[test]
    fn plain_http_is_for_loopback_hosts_unless_it_is_allowed() {
        for good in [
            "https://id.example.org/jwks",
            "https://10.0.0.1/",
            "http://localhost/",
            "http://127.0.0.1:1/",
            "http://[::1]:1/",
        ] {
            assert!(endpoint(good, false).is_ok(), "{good}");
        }
        for plain in ["http://id.example.org/", "http://10.0.0.1/", "http://localhost.example/"] {
            assert_eq!(endpoint(plain, false).err(), Some(InvalidEndpoint::Plain), "{plain}");
            assert!(endpoint(plain, true).is_ok(), "{plain}");
        }
        for bad in ["", "id.example.org", "ftp://id.example.org/", "https://"] {
            assert_eq!(endpoint(bad, true).err(), Some(InvalidEndpoint::Url), "{bad}");
        }
        for user in ["https://pat@id.example.org/", "https://:hunter2@id.example.org/"] {
            assert_eq!(endpoint(user, true).err(), Some(InvalidEndpoint::User), "{user}");
        }
    }

    #[test]
    fn no_text_has_the_query_or_the_proxy() {
        let options = EndpointOptions {
            url: "https://id.example.org/jwks?key=hunter2#x".to_owned(),
            timeout: Duration::from_secs(1),
            allow_plain_http: false,
            proxy: Some("http://pat:hunter2@proxy.example.org:3128".to_owned()),
        };
        let endpoint = Endpoint::new(&options).unwrap();
        assert_eq!(endpoint.to_string(), "https://id.example.org/jwks");
        for shown in [format!("{options:?}"), format!("{endpoint:?}")] {
            assert!(shown.contains("id.example.org/jwks") && !shown.contains("hunter2"), "{shown}");
        }
    }
}
