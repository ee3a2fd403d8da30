//! Code that the clients of all APIs share.
//!
//! Each wire crate has the same shape: the constants `METHOD` and `PATH` (a function where the path
//! names the account), on the request type `to_request(&self, base_url, …)` with the vendor's own
//! credentials, and on the answer type `from_response(status, body)`. It distinguishes success from
//! the vendor's failures, and returns a [`ReadAnswerError`] if the answer is neither.

use std::error::Error;

use http::{HeaderName, HeaderValue, Request, StatusCode};
use repass_core::Plaintext;

/// A request could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildRequestError {
    /// The URL or a header's value is invalid.
    #[error("the URL or the value of a header is invalid")]
    Head(#[source] http::Error),
    /// A header's value cannot be written in this format.
    #[error("the value of a header cannot be written")]
    Header(#[source] Box<dyn Error + Send + Sync>),
    /// The body cannot be written in this format.
    #[error("the body cannot be written")]
    Body(#[source] Box<dyn Error + Send + Sync>),
}

impl BuildRequestError {
    /// Returns the error for a body that cannot be written.
    pub fn body(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Body(source.into())
    }
}

/// The answer does not come from the API. It may come from a proxy.
#[derive(Debug, thiserror::Error)]
#[error("the answer with status {status} does not come from this API")]
pub struct ReadAnswerError {
    /// The answer's status.
    pub status: StatusCode,
    /// The reason why its body cannot be read.
    #[source]
    pub source: Box<dyn Error + Send + Sync>,
}

/// Builds a request to the API that is mounted at `base_url`, such as
/// `https://api.example.com/etna`. The body is wiped when dropped.
///
/// # Errors
/// When the method or the URL is invalid.
pub fn request(
    method: &str,
    base_url: &str,
    path: &str,
    headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
    body: Plaintext,
) -> Result<Request<Plaintext>, BuildRequestError> {
    let url = format!("{}{path}", base_url.trim_end_matches('/'));
    let mut request =
        Request::builder().method(method).uri(url).body(body).map_err(BuildRequestError::Head)?;
    request.headers_mut().extend(headers);
    Ok(request)
}

/// Returns a header value that holds a secret and is marked as sensitive.
///
/// # Errors
/// When a header cannot hold it.
pub fn secret(secret: &Plaintext) -> Result<HeaderValue, BuildRequestError> {
    sensitive(secret.expose())
}

/// Returns the value of an `Authorization` header with a bearer token, marked as sensitive.
///
/// # Errors
/// When a header cannot hold the token.
pub fn bearer(token: &Plaintext) -> Result<HeaderValue, BuildRequestError> {
    let value = Plaintext::new(format!("Bearer {}", token.expose()));
    sensitive(value.expose())
}

fn sensitive(text: &str) -> Result<HeaderValue, BuildRequestError> {
    let mut value =
        HeaderValue::from_str(text).map_err(|error| BuildRequestError::Head(error.into()))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use http::header::AUTHORIZATION;

    use super::*;

    /// Proves E12.
    #[test]
    fn e12_a_request_is_made_below_the_base_url() {
        for base_url in ["https://h/etna", "https://h/etna/"] {
            let token = bearer(&"hunter2".into()).unwrap();
            let body = Plaintext::from("{}");
            let request = request("PUT", base_url, "/x", [(AUTHORIZATION, token)], body).unwrap();
            assert_eq!((request.method().as_str(), request.body().expose()), ("PUT", "{}"));
            assert_eq!(request.uri(), "https://h/etna/x");
            assert_eq!(request.headers()[AUTHORIZATION], "Bearer hunter2");
            assert!(!format!("{request:?}").contains("hunter2"));
        }
    }

    /// Proves E12.
    #[test]
    fn e12_an_invalid_url_or_header_is_an_error_that_quotes_nothing() {
        let url = request("PUT", "http://h ", "/x", [], "".into()).unwrap_err();
        let header = secret(&"hunter2\n".into()).unwrap_err();
        for error in [url, header] {
            assert!(matches!(error, BuildRequestError::Head(_)));
            assert!(!format!("{error:?}").contains("hunter2"));
        }
    }
}
