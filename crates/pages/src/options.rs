use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use repass_core::{Administration, Realm};
use repass_http::PasswordService;

use crate::accent::Accent;
use crate::base_url::BaseUrl;
use crate::templates::{DefaultTemplates, Templates};

/// Options of [`Pages`](crate::Pages).
#[derive(Clone)]
#[non_exhaustive]
pub struct Options {
    /// The URL of the pages.
    pub base_url: BaseUrl,
    /// The realm of the accounts.
    pub realm: Realm,
    /// The name of the service, as people know it.
    pub product: String,
    /// The logo, which stands in place of the name.
    pub logo: Option<Logo>,
    /// The color of buttons and links.
    pub accent: Accent,
    /// The page where people find help. It must be a `https` or `http` URL.
    pub support_url: Option<String>,
    /// The e-mail address where people find help.
    pub support_email: Option<String>,
    /// Where "Continue" leads after success. It must be a `https` or `http` URL.
    pub application_url: Option<String>,
    /// Whether mails with reset links are sent. Without it, nobody can request one.
    pub mails_resets: bool,
    /// How long a requested link is valid; [`Administration::RESET_LIFETIME`] by default.
    pub reset_lifetime: Duration,
    /// The most mails with a reset link that an account gets in an hour; 3 by default.
    pub mails_per_hour: u32,
    /// The time-out of the whole body of a request; 10 seconds by default.
    pub body_timeout: Duration,
    /// Where the changes of the pages wait for their turn, together with those of the APIs. Without
    /// it, they wait for the hasher only.
    pub admission: Option<PasswordService>,
    /// What writes the HTML; [`DefaultTemplates`] by default.
    pub templates: Arc<dyn Templates>,
}

impl Options {
    /// Returns the default options.
    pub fn new(base_url: BaseUrl, realm: Realm) -> Self {
        Self {
            base_url,
            realm,
            product: "repass".to_owned(),
            logo: None,
            accent: Accent::default(),
            support_url: None,
            support_email: None,
            application_url: None,
            mails_resets: false,
            reset_lifetime: Administration::RESET_LIFETIME,
            mails_per_hour: 3,
            body_timeout: Duration::from_secs(10),
            admission: None,
            templates: Arc::new(DefaultTemplates),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("base_url", &self.base_url)
            .field("realm", &self.realm)
            .field("product", &self.product)
            .field("logo", &self.logo.is_some())
            .field("accent", &self.accent)
            .field("support_url", &self.support_url)
            .field("support_email", &self.support_email)
            .field("application_url", &self.application_url)
            .field("mails_resets", &self.mails_resets)
            .field("reset_lifetime", &self.reset_lifetime)
            .field("mails_per_hour", &self.mails_per_hour)
            .field("body_timeout", &self.body_timeout)
            .finish_non_exhaustive()
    }
}

/// An image, SVG or PNG, of at most [`Logo::MAX_BYTES`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logo {
    pub(crate) image: Bytes,
    pub(crate) content_type: &'static str,
}

/// The image is not a valid [`Logo`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an SVG or PNG image of at most 64 KiB")]
pub struct InvalidLogo;

impl Logo {
    /// The most bytes of an image.
    pub const MAX_BYTES: usize = 64 * 1024;

    /// Takes an image, whose type is found by its content.
    ///
    /// # Errors
    /// If it is neither SVG nor PNG, or too large.
    pub fn new(image: Vec<u8>) -> Result<Self, InvalidLogo> {
        let is_svg = || {
            let text = std::str::from_utf8(&image).ok();
            text.is_some_and(|text| text.trim_start().starts_with('<') && text.contains("<svg"))
        };
        let content_type = match image.as_slice() {
            large if large.len() > Self::MAX_BYTES => return Err(InvalidLogo),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => "image/png",
            _ if is_svg() => "image/svg+xml",
            _ => return Err(InvalidLogo),
        };
        Ok(Self { image: image.into(), content_type })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logo_is_a_small_svg_or_png() {
        let type_of = |image: &[u8]| Logo::new(image.to_vec()).map(|logo| logo.content_type);
        assert_eq!(type_of(b"\x89PNG\r\n\x1a\n..."), Ok("image/png"));
        assert_eq!(type_of(b" <?xml version='1.0'?><svg/>"), Ok("image/svg+xml"));
        let large = [b"<svg>".as_slice(), &[b' '; Logo::MAX_BYTES]].concat();
        for other in [b"".as_slice(), b"GIF89a", b"<html></html>", b"\xff<svg", &large] {
            assert_eq!(type_of(other), Err(InvalidLogo));
        }
    }
}
