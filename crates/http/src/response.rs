//! The headers that every response carries, from every API.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Method, Response, StatusCode};
use http_body_util::Full;
use repass_spec::Reply;

use crate::request_id::{RequestId, X_REQUEST_ID};

/// Adds the common headers. A response to HEAD has the headers of the response to GET and no body
/// (RFC 9110, 9.3.2).
pub(crate) fn into_response(
    reply: Reply,
    method: &Method,
    id: &RequestId,
) -> Response<Full<Bytes>> {
    let (mut parts, body) = reply.into_parts();
    parts.headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    parts.headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    parts.headers.insert(X_REQUEST_ID, id.header());
    if may_have_body(parts.status) {
        parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    } else {
        parts.headers.remove(CONTENT_LENGTH);
    }
    let body = if method == Method::HEAD { Bytes::new() } else { body };
    Response::from_parts(parts, Full::new(body))
}

/// RFC 9110, 8.6.
fn may_have_body(status: StatusCode) -> bool {
    !status.is_informational()
        && status != StatusCode::NO_CONTENT
        && status != StatusCode::NOT_MODIFIED
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use http_body::Body;
    use repass_core::SystemRandomness;
    use repass_spec::reply;

    use super::*;

    fn response(reply: Reply, method: &Method) -> Response<Full<Bytes>> {
        let id = RequestId::from_headers(&HeaderMap::new(), &SystemRandomness);
        into_response(reply, method, &id)
    }

    /// Proves ASVS 14.3.2.
    #[test]
    fn asvs_14_3_2_no_store_overrides_the_cache_control_of_the_api() {
        let mut reply = reply::empty(StatusCode::OK);
        reply.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public"));
        let answer = response(reply, &Method::POST);
        assert_eq!(answer.headers().get_all(CACHE_CONTROL).iter().count(), 1);
        assert_eq!(answer.headers()[CACHE_CONTROL], "no-store");
        assert_eq!(answer.headers()[X_CONTENT_TYPE_OPTIONS], "nosniff");
    }

    #[test]
    fn head_has_the_headers_and_no_body() {
        let reply = || reply::new(StatusCode::NOT_FOUND, "text/plain", "gone");
        let get = response(reply(), &Method::GET);
        let head = response(reply(), &Method::HEAD);
        assert_eq!(get.headers()[CONTENT_LENGTH], "4");
        assert_eq!(head.headers()[CONTENT_LENGTH], "4");
        assert_eq!(get.body().size_hint().exact(), Some(4));
        assert_eq!(head.body().size_hint().exact(), Some(0));
    }

    #[test]
    fn status_204_has_no_content_length() {
        let answer = response(reply::empty(StatusCode::NO_CONTENT), &Method::POST);
        assert!(!answer.headers().contains_key(CONTENT_LENGTH));
    }
}
