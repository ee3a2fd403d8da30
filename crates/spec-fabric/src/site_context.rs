#[cfg(feature = "server")]
mod reading;

use http::header::{HeaderName, HeaderValue};
use serde::Serialize;

/// The header's name.
pub(crate) const X_SITE_CONTEXT: HeaderName = HeaderName::from_static("x-site-context");

/// The `x-site-context` of a request: a JSON object in a header, which names the site account.
///
/// The vendor's page shows it as a JSON *string* that contains the object; both are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SiteContext {
    /// A date, by which the vendor selects its data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// The sales channel, a number or a string.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// The site account: 24 ASCII letters and digits.
    pub account: String,
    /// The name of the environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
}

/// The reason why the site account cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SiteContextError {
    /// The header is missing.
    #[error("x-site-context is required")]
    Missing,
    /// The header occurs twice, or has other characters than visible ASCII.
    #[error("x-site-context must be one header of visible ASCII characters")]
    Unreadable,
    /// It is not JSON.
    #[error("x-site-context must be JSON")]
    NotJson,
    /// It is JSON, but neither an object nor a string that contains one.
    #[error("x-site-context must be a JSON object")]
    NotAnObject,
    /// It has no valid site account.
    #[error("x-site-context must have an account of 24 letters and digits")]
    NoAccount,
}

/// Whether `text` has the shape of a site account: 24 ASCII letters and digits.
pub fn is_site_account(text: &str) -> bool {
    text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

impl SiteContext {
    /// Creates a context with only the site account.
    pub fn new(account: impl Into<String>) -> Self {
        Self { date: None, channel: None, account: account.into(), stage: None }
    }

    /// Returns the value of the header.
    ///
    /// # Errors
    /// When a member has other characters than visible ASCII.
    pub fn to_header(&self) -> Result<HeaderValue, SiteContextError> {
        let text = serde_json::to_string(self).map_err(|_| SiteContextError::NotJson)?;
        HeaderValue::from_str(&text)
            .ok()
            .filter(|value| value.to_str().is_ok())
            .ok_or(SiteContextError::Unreadable)
    }
}
