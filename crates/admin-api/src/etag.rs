//! The ETag of an account and the precondition of a change (RFC 9110, 13.1.1).

use axum::http::header::IF_MATCH;
use axum::http::{HeaderMap, HeaderValue};
use repass_core::Account;
use repass_core::jiff::Timestamp;

use crate::problem::Problem;

/// Returns the ETag: the time of the last change, in microseconds.
pub(crate) fn etag(account: &Account) -> HeaderValue {
    let tag = format!("\"{}\"", account.updated_at.as_microsecond());
    // Digits and quotes are always a valid header value.
    HeaderValue::try_from(tag).unwrap_or(HeaderValue::from_static("\"\""))
}

/// Returns the time that the account must have been changed last, if the request has `If-Match`.
pub(crate) fn if_match(headers: &HeaderMap) -> Result<Option<Timestamp>, Problem> {
    let invalid = || Problem::new("invalid-precondition", "send one ETag of the account, or *");
    let mut values = headers.get_all(IF_MATCH).iter();
    let value = match (values.next(), values.next()) {
        (None, _) => return Ok(None),
        (Some(value), None) => value.to_str().map_err(|_| invalid())?,
        (Some(_), Some(_)) => return Err(invalid()),
    };
    if value.trim() == "*" {
        return Ok(None);
    }
    let tag = value.trim().strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    let time = tag.and_then(|tag| tag.parse().ok()).map(Timestamp::from_microsecond);
    time.and_then(Result::ok).map(Some).ok_or_else(invalid)
}
