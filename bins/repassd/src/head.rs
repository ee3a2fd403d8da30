//! The checks of the head of a request, before it reaches an API.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONNECTION, HOST};
use http::uri::Authority;
use http::{HeaderValue, Request, Response, StatusCode, Version};
use http_body_util::Full;

/// The largest number of header fields of a request, in every version of HTTP. hyper has the same
/// limit for HTTP/1.
const MAX_FIELDS: usize = 100;

/// The largest size of a request's head in bytes: decoded names and values, and in HTTP/2 32 more
/// for each field (RFC 9113, 6.5.2).
pub(crate) const MAX_BYTES: u32 = 16 * 1024;

/// Checks the head. An HTTP/1.1 request must have exactly one `Host` (RFC 9112, 3.2).
///
/// # Errors
/// The answer to a request that is refused.
pub(crate) fn check<B>(request: &Request<B>) -> Result<(), Box<Response<Full<Bytes>>>> {
    if request.headers().len() > MAX_FIELDS {
        return Err(refusal(request.version(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
    }
    let mut hosts = request.headers().get_all(HOST).iter();
    let is_valid = match (hosts.next(), hosts.next()) {
        (Some(host), None) => is_host(host),
        (Some(_), Some(_)) => false,
        // HTTP/1.0 does not require it, and HTTP/2 has `:authority`.
        (None, _) => request.version() != Version::HTTP_11,
    };
    if is_valid { Ok(()) } else { Err(refusal(request.version(), StatusCode::BAD_REQUEST)) }
}

/// Whether the value is a host, with or without a port, or empty, as it is if the target has no
/// host (RFC 9110, 7.2).
fn is_host(value: &HeaderValue) -> bool {
    let value = value.as_bytes();
    value.is_empty() || (!value.contains(&b'@') && Authority::try_from(value).is_ok())
}

fn refusal(version: Version, status: StatusCode) -> Box<Response<Full<Bytes>>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // After an ambiguous head the rest of the connection is not reliable.
    if version < Version::HTTP_2 {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Box::new(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(version: Version, hosts: &[&str], others: usize) -> u16 {
        let mut request = Request::builder().version(version);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        for _ in 0..others {
            request = request.header("x", "y");
        }
        check(&request.body(()).unwrap()).map_or_else(|refused| refused.status().as_u16(), |()| 200)
    }

    /// Proves W9.
    #[test]
    fn w9_an_http_1_1_request_has_exactly_one_host() {
        for (version, hosts, expected) in [
            (Version::HTTP_11, vec!["example.org"], 200),
            (Version::HTTP_11, vec!["example.org:8080"], 200),
            (Version::HTTP_11, vec!["[::1]:8080"], 200),
            (Version::HTTP_11, vec![""], 200),
            (Version::HTTP_11, vec![], 400),
            (Version::HTTP_11, vec!["example.org", "example.org"], 400),
            (Version::HTTP_11, vec!["example.org/path"], 400),
            (Version::HTTP_11, vec!["pat@example.org"], 400),
            (Version::HTTP_11, vec!["example org"], 400),
            (Version::HTTP_10, vec![], 200),
            (Version::HTTP_10, vec!["a", "b"], 400),
            (Version::HTTP_2, vec![], 200),
            (Version::HTTP_2, vec!["a", "b"], 400),
        ] {
            assert_eq!(status(version, &hosts, 0), expected, "{version:?} {hosts:?}");
        }
    }

    /// Proves W1.
    #[test]
    fn w1_a_request_has_at_most_100_fields_in_every_version() {
        for (version, hosts) in [(Version::HTTP_11, &["a"][..]), (Version::HTTP_2, &[])] {
            assert_eq!(status(version, hosts, 100 - hosts.len()), 200);
            assert_eq!(status(version, hosts, 101 - hosts.len()), 431);
        }
    }
}
