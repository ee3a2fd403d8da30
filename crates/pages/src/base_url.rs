use std::fmt;
use std::str::FromStr;

use url::{Host, Url};

/// The URL of the pages as people see it, such as `https://example.org/account`. Links in mails
/// begin with it, and never with the `Host` of a request.
///
/// Its path is the prefix of the pages, `/account` if it has none. It is `https`, or `http` if the
/// host is this machine, and has no credentials, query and fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    origin: String,
    prefix: String,
}

/// The text is not a valid [`BaseUrl`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be a URL without credentials, query, fragment and percent-encoding such as \
     https://example.org/account (http:// only for a loopback host)"
)]
pub struct InvalidBaseUrl;

const DEFAULT_PREFIX: &str = "/account";

impl BaseUrl {
    /// The path of the pages, without a slash at the end.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The scheme, host and port, as browsers write them in `Origin`.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Whether the pages are served by `https`.
    pub fn is_https(&self) -> bool {
        self.origin.starts_with("https:")
    }

    /// The URL of the page on which a new password is set, for the links in mails.
    pub fn reset_url(&self) -> String {
        format!("{self}/reset")
    }

    /// Returns whether the path of a request is one of the pages, or of the well-known URLs.
    pub fn serves(&self, path: &str) -> bool {
        let below = path.strip_prefix(&self.prefix);
        below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            || path.starts_with("/.well-known/change-password")
            || path == crate::well_known::RELIABILITY
    }
}

impl FromStr for BaseUrl {
    type Err = InvalidBaseUrl;

    fn from_str(text: &str) -> Result<Self, InvalidBaseUrl> {
        let url: Url = text.parse().map_err(|_| InvalidBaseUrl)?;
        let is_this_machine = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => return Err(InvalidBaseUrl),
        };
        let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_this_machine);
        let has_credentials = !url.username().is_empty() || url.password().is_some();
        let has_more = url.query().is_some() || url.fragment().is_some();
        let prefix = match url.path().trim_end_matches('/') {
            "" => DEFAULT_PREFIX,
            path => path,
        };
        // The router reserves a colon and an asterisk at the beginning of a segment, and the
        // well-known URL is a route of its own.
        let is_plain = prefix.parse::<repass_http::Prefix>().is_ok()
            && !prefix.contains("/:")
            && !prefix.contains("/*")
            && !prefix.starts_with("/.well-known");
        if !is_safe || has_credentials || has_more || !is_plain {
            return Err(InvalidBaseUrl);
        }
        let origin = url.origin().ascii_serialization();
        Ok(Self { origin, prefix: prefix.to_owned() })
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_the_prefix() {
        for (text, origin, prefix) in [
            ("https://example.org", "https://example.org", "/account"),
            ("https://example.org/", "https://example.org", "/account"),
            ("https://Example.org:443/a/b/", "https://example.org", "/a/b"),
            ("https://bücher.example/me", "https://xn--bcher-kva.example", "/me"),
            ("http://127.0.0.1:8080/account", "http://127.0.0.1:8080", "/account"),
            ("http://localhost:8080", "http://localhost:8080", "/account"),
            ("http://[::1]:8080", "http://[::1]:8080", "/account"),
        ] {
            let url: BaseUrl = text.parse().unwrap();
            assert_eq!((url.origin(), url.prefix()), (origin, prefix), "{text}");
            assert_eq!(url.reset_url(), format!("{origin}{prefix}/reset"));
        }
    }

    #[test]
    fn other_urls_are_refused() {
        for text in [
            "",
            "example.org/account",
            "/account",
            "http://example.org/",
            "http://10.0.0.1/",
            "https://pat@example.org/",
            "https://example.org/?a=b",
            "https://example.org/#top",
            "https://example.org/a//b",
            "https://example.org/%61",
            "https://example.org/{a}",
            "https://example.org/:a",
            "https://example.org/a/*b",
            "https://example.org/.well-known/change-password",
            "javascript:alert(1)",
        ] {
            assert_eq!(text.parse::<BaseUrl>(), Err(InvalidBaseUrl), "{text}");
        }
    }

    #[test]
    fn paths_below_the_prefix_and_well_known_ones_are_served() {
        let url: BaseUrl = "https://example.org/me".parse().unwrap();
        for path in ["/me", "/me/", "/me/password", "/.well-known/change-password"] {
            assert!(url.serves(path), "{path}");
        }
        for path in ["/", "/men", "/Me/password", "/.well-known/acme-challenge/x", "/x/me"] {
            assert!(!url.serves(path), "{path}");
        }
    }
}
