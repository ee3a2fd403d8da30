use std::str::FromStr;
use std::sync::Arc;

use form_urlencoded::Serializer;
use jiff::Timestamp;
use repass_core::{Account, InstallationKey, InstallationKeyError, OutboxEvent, Plaintext};
use reqwest::Url;

use super::server::is_this_machine;

/// The page for reset links, and the key to the tokens in the events.
#[derive(Debug, Clone)]
pub struct ResetLink {
    /// The page that a link opens.
    pub url: ResetUrl,
    /// The installation key, with which the engine sealed the tokens.
    pub key: Arc<InstallationKey>,
}

/// The URL of the page on which holders set a new password with a reset token: `https`, or `http`
/// if the host is this machine. It has no credentials and no fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResetUrl(Url);

/// The text is not a valid [`ResetUrl`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be a URL without credentials and fragment such as https://example.org/account/reset \
     (http:// only for a loopback host)"
)]
pub struct InvalidResetUrl;

/// A link with a valid token.
pub(super) struct TokenLink {
    pub(super) url: Plaintext,
    /// The token alone, for a page without scripts.
    pub(super) code: Plaintext,
    pub(super) expires_at: Timestamp,
}

impl ResetLink {
    /// Returns the link of an event with a sealed token. Its fragment is form-encoded, as
    /// `URLSearchParams` reads it: `token`, `user_id` and `email`, the address of the mail, by which
    /// the page can name the account in words that the holder knows. Browsers do not send a fragment, so that
    /// no log of a server or proxy and no `Referer` contains the token.
    pub(super) fn of_event(
        &self,
        event: &OutboxEvent,
        holder: &Account,
        expires_at: Timestamp,
    ) -> Result<TokenLink, InstallationKeyError> {
        let token = event.open_token(&self.key)?;
        let page = self.url.0.as_str();
        let user_id = holder.user_id.as_str();
        let email = holder.email.as_ref().map_or("", |email| email.as_str());
        // Long enough that it never grows, which would leave copies in memory.
        let capacity = page.len() + 3 * (token.byte_len() + user_id.len() + email.len()) + 32;
        let mut url = String::with_capacity(capacity);
        url.extend([page, "#"]);
        let fragment = url.len();
        let mut url = Serializer::for_suffix(url, fragment);
        url.append_pair("token", token.expose()).append_pair("user_id", user_id);
        url.append_pair("email", email);
        Ok(TokenLink { url: Plaintext::new(url.finish()), code: token, expires_at })
    }
}

impl FromStr for ResetUrl {
    type Err = InvalidResetUrl;

    fn from_str(text: &str) -> Result<Self, InvalidResetUrl> {
        let url: Url = text.parse().map_err(|_| InvalidResetUrl)?;
        let host = url.host_str().ok_or(InvalidResetUrl)?;
        let is_safe = match url.scheme() {
            "https" => true,
            "http" => is_this_machine(host.trim_matches(['[', ']'])),
            _ => false,
        };
        let has_credentials = !url.username().is_empty() || url.password().is_some();
        let is_valid = is_safe && !has_credentials && url.fragment().is_none();
        if is_valid { Ok(Self(url)) } else { Err(InvalidResetUrl) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_https_or_of_this_machine_and_has_no_fragment() {
        for good in [
            "https://example.org/account/reset",
            "https://example.org:8443/?page=reset",
            "http://localhost:8080/account/reset",
            "http://127.0.0.1/",
            "http://[::1]:8080/",
        ] {
            assert!(good.parse::<ResetUrl>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "example.org/reset",
            "http://example.org/reset",
            "http://localhost.example.org/",
            "http://10.0.0.1/",
            "https://pat@example.org/",
            "https://:secret@example.org/",
            "https://example.org/#",
            "https://example.org/#token=1",
            "javascript:alert(1)",
            "mailto:pat@example.org",
        ] {
            assert_eq!(bad.parse::<ResetUrl>(), Err(InvalidResetUrl), "{bad}");
        }
    }
}
