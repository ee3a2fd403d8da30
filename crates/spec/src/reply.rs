//! Builds answers.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use serde::Serialize;

/// An answer. The server adds the headers that all APIs have in common (`Cache-Control`,
/// `x-request-id` and so on).
pub type Reply = Response<Bytes>;

/// The largest number of bytes that an answer quotes of one value of a request.
pub const MAX_QUOTED: usize = 1024;

/// Returns the part of a `text` of the request that an answer quotes: at most its first
/// [`MAX_QUOTED`] bytes, cut at a character boundary. So an answer does not grow with the request.
pub fn quoted(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_QUOTED)]
}

/// Returns an answer with a body of the given type.
pub fn new(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(body.into());
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    reply
}

/// Returns an answer without a body.
pub fn empty(status: StatusCode) -> Reply {
    let mut reply = Response::new(Bytes::new());
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    reply
}

/// Returns an answer with `body` as compact JSON.
pub fn json(status: StatusCode, content_type: &'static str, body: &impl Serialize) -> Reply {
    match serde_json::to_vec(body) {
        Ok(bytes) => new(status, content_type, bytes),
        // Wire types have string keys and no failing serializers, so this does not happen.
        Err(_) => empty(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// Adds `Allow`.
#[must_use]
pub fn with_allow(reply: Reply, methods: &str) -> Reply {
    with_header(reply, ALLOW, methods)
}

/// Adds `Retry-After` in whole seconds, at least 1.
#[must_use]
pub fn with_retry_after(reply: Reply, after: Duration) -> Reply {
    let up = u64::from(after.subsec_nanos() > 0);
    with_header(reply, RETRY_AFTER, &(after.as_secs() + up).max(1).to_string())
}

fn with_header(mut reply: Reply, name: HeaderName, value: &str) -> Reply {
    if let Ok(value) = HeaderValue::from_str(value) {
        reply.headers_mut().insert(name, value);
    }
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves W2.
    #[test]
    fn w2_a_quoted_text_is_bounded() {
        let longest = "x".repeat(MAX_QUOTED);
        assert_eq!(quoted(&longest), longest);
        assert_eq!(quoted(&format!("{longest}x")), longest);
        let cut = format!("{}\u{20AC}", &longest[2..]);
        assert_eq!(quoted(&cut), &longest[2..]);
    }

    /// Proves RFC 9110.
    #[test]
    fn retry_after_rounds_up_to_whole_seconds() {
        for (after, header) in [(0, "1"), (1, "1"), (1000, "1"), (1001, "2"), (900_000, "900")] {
            let reply = with_retry_after(empty(StatusCode::OK), Duration::from_millis(after));
            assert_eq!(reply.headers()[RETRY_AFTER], header);
        }
    }
}
