//! Protection against requests that pages of others send (cross-site request forgery).

use axum::http::header::{COOKIE, HeaderValue, ORIGIN};
use axum::http::{HeaderMap, HeaderName};
use repass_core::Plaintext;

use crate::base_url::BaseUrl;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The number of characters of the cookie's value: a secret of [`repass_core::token::issue`].
const LENGTH: usize = 43;

/// Returns whether a page of ours sent the request. Every browser of today sends `Origin` with a
/// POST, and `Sec-Fetch-Site` otherwise. Programs send neither; the cookie decides then.
pub(crate) fn is_own(headers: &HeaderMap, base_url: &BaseUrl) -> bool {
    match (headers.get(ORIGIN), headers.get(SEC_FETCH_SITE)) {
        (Some(origin), _) => origin.as_bytes() == base_url.origin().as_bytes(),
        (None, Some(site)) => site.as_bytes() == b"same-origin",
        (None, None) => true,
    }
}

/// Returns the value of the cookie, if it can be one of ours.
pub(crate) fn cookie(headers: &HeaderMap, base_url: &BaseUrl) -> Option<Plaintext> {
    let name = name(base_url);
    let is_token_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(own, value)| *own == name && value.len() == LENGTH)
        .find(|(_, value)| value.bytes().all(is_token_byte))
        .map(|(_, value)| Plaintext::from(value))
}

/// Returns the header that sets the cookie until the browser is closed. It is `Lax`, since with
/// `Strict` a browser that comes from a web mailer would not send it, and would get another one,
/// with which the forms in its other tabs are not valid.
pub(crate) fn set_cookie(token: &Plaintext, base_url: &BaseUrl) -> Option<HeaderValue> {
    let secure = if base_url.is_https() { "; Secure" } else { "" };
    let (name, token) = (name(base_url), token.expose());
    let cookie = format!("{name}={token}; Path=/; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::try_from(cookie).ok()
}

/// Browsers accept the prefix with `Secure` only (RFC 6265bis, 4.1.3.2), and `Secure` by HTTPS only.
fn name(base_url: &BaseUrl) -> &'static str {
    if base_url.is_https() { "__Host-repass-form" } else { "repass-form" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        let pair = |(name, value): &(HeaderName, &str)| (name.clone(), value.parse().unwrap());
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn requests_of_other_sites_are_foreign() {
        let url: BaseUrl = "https://example.org:8443/account".parse().unwrap();
        for (sent, own) in [
            (headers(&[]), true),
            (headers(&[(ORIGIN, "https://example.org:8443")]), true),
            (headers(&[(ORIGIN, "https://example.org")]), false),
            (headers(&[(ORIGIN, "http://example.org:8443")]), false),
            (headers(&[(ORIGIN, "null"), (SEC_FETCH_SITE, "same-origin")]), false),
            (headers(&[(SEC_FETCH_SITE, "same-origin")]), true),
            (headers(&[(SEC_FETCH_SITE, "same-site")]), false),
            (headers(&[(SEC_FETCH_SITE, "cross-site")]), false),
            (headers(&[(SEC_FETCH_SITE, "none")]), false),
        ] {
            assert_eq!(is_own(&sent, &url), own, "{sent:?}");
        }
    }

    #[test]
    fn the_cookie_is_bound_to_the_host_where_browsers_allow_it() {
        let token = Plaintext::from("A-_0".repeat(10) + "abc");
        for (url, set) in [
            ("https://example.org", "__Host-repass-form=T; Path=/; HttpOnly; SameSite=Lax; Secure"),
            ("http://127.0.0.1:80", "repass-form=T; Path=/; HttpOnly; SameSite=Lax"),
        ] {
            let url: BaseUrl = url.parse().unwrap();
            let value = set_cookie(&token, &url).unwrap();
            assert_eq!(
                value.to_str().unwrap(),
                set.replace("=T;", &format!("={};", token.expose()))
            );
            let pair = value.to_str().unwrap().split(';').next().unwrap().to_owned();
            let sent = headers(&[(COOKIE, &format!("a=b; {pair}; c"))]);
            assert!(cookie(&sent, &url).unwrap().same_as(&token));
            assert!(cookie(&headers(&[(COOKIE, &pair[..pair.len() - 1])]), &url).is_none());
            assert!(cookie(&headers(&[(COOKIE, &format!("x{pair}"))]), &url).is_none());
        }
    }
}
