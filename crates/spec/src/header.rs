//! Reads request headers that several APIs share.

use http::HeaderMap;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName};
use repass_core::Plaintext;

use crate::{Head, reply};

/// Returns the token of `Authorization: Bearer <token>` (RFC 6750), with the scheme in any case.
/// `None` if the header is missing, doubled, empty or of another scheme.
pub fn bearer(headers: &HeaderMap) -> Option<Plaintext> {
    let text = single(headers, &AUTHORIZATION)?;
    let (scheme, token) = text.split_once(' ')?;
    let token = token.trim_matches(' ');
    let readable = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    (scheme.eq_ignore_ascii_case("bearer") && readable).then(|| Plaintext::from(token))
}

/// Returns the secret in a header such as `x-api-key`. `None` if the header is missing, doubled or
/// empty.
pub fn secret(headers: &HeaderMap, name: &'static str) -> Option<Plaintext> {
    let text = single(headers, &HeaderName::from_static(name))?.trim();
    (!text.is_empty()).then(|| Plaintext::from(text))
}

/// Returns the value of a header that occurs exactly once and is visible ASCII.
pub fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() { None } else { value.to_str().ok() }
}

/// Returns type and subtype of the body in lower case, such as `application/json`, without
/// parameters.
pub fn media_type(headers: &HeaderMap) -> Option<String> {
    let text = single(headers, &CONTENT_TYPE)?;
    let essence = text.split(';').next().unwrap_or_default().trim();
    (!essence.is_empty()).then(|| essence.to_ascii_lowercase())
}

/// Returns the media type as received. Messages [quote](reply::quoted) it.
pub fn raw_media_type(headers: &HeaderMap) -> Option<&str> {
    let essence = single(headers, &CONTENT_TYPE)?.split(';').next()?.trim();
    (!essence.is_empty()).then_some(essence)
}

/// Returns the request's absolute URI for messages: without its query, which may hold secrets, and
/// cut to the length that is [quoted](reply::quoted).
pub fn absolute_uri(head: &Head<'_>) -> String {
    let uri = head.original_uri;
    let scheme = uri.scheme_str().unwrap_or("http");
    let host = match uri.authority() {
        Some(authority) => authority.as_str(),
        None => single(&head.parts.headers, &HOST).unwrap_or("localhost"),
    };
    reply::quoted(&format!("{scheme}://{host}{}", uri.path())).to_owned()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn authorization(value: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        bearer(&headers).map(|token| token.expose().to_owned())
    }

    #[test]
    fn a_bearer_token_is_read_with_the_scheme_in_any_case() {
        assert_eq!(authorization("Bearer abc").as_deref(), Some("abc"));
        assert_eq!(authorization("bEARER   abc ").as_deref(), Some("abc"));
        for bad in ["Bearer", "Bearer ", "Basic abc", "abc", "Bearer a b"] {
            assert_eq!(authorization(bad), None, "{bad}");
        }
    }

    #[test]
    fn doubled_headers_count_as_missing() {
        let mut headers = HeaderMap::new();
        headers.append(AUTHORIZATION, HeaderValue::from_static("Bearer abc"));
        headers.append(AUTHORIZATION, HeaderValue::from_static("Bearer def"));
        assert!(bearer(&headers).is_none());
    }

    #[test]
    fn media_types_lose_their_parameters() {
        let mut headers = HeaderMap::new();
        assert_eq!(media_type(&headers), None);
        headers
            .insert(CONTENT_TYPE, HeaderValue::from_static("Application/JSON; charset=\"utf-8\""));
        assert_eq!(media_type(&headers).as_deref(), Some("application/json"));
        assert_eq!(raw_media_type(&headers), Some("Application/JSON"));
    }
}
