//! `[pages]`: the web pages for account holders.

use std::path::{Path, PathBuf};
use std::time::Duration;

use http::Uri;
use repass_core::{Administration, Email, ErrorChain, Realm};
use repass_http::Prefix;
use repass_pages::{BaseUrl, Logo, Options};
use serde::Deserialize;

use super::KeyError;
use super::api::MountConfig;
use super::checked::delay;
use super::mistakes::Mistakes;
use super::raw::Seconds;

/// The web pages on which account holders change, request and reset their passwords. `listen` serves
/// them beside the APIs. Without this table they are not served.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RawPages {
    /// The URL of the pages as people see it, such as `https://example.org/account`. Its path is the
    /// prefix of the pages, `/account` if it has none; a proxy in front must keep it. Links in mails
    /// begin with this URL.
    base_url: String,
    /// The realm of the accounts. Default: `default`.
    realm: Option<String>,
    /// The name of the service. Without it, `product` of `[mail]`.
    product: Option<String>,
    /// The file of a logo, SVG or PNG, of at most 64 KiB. Without it, the name of the service.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    logo_file: Option<PathBuf>,
    /// The color of buttons and links. Its contrast to white must be 4.5:1 (WCAG 2.2 AA); a lighter
    /// shade of it is used on the dark background. Default: `#1d4ed8`.
    accent: Option<String>,
    /// The page where people find help. Without it, that of `[mail]`.
    support_url: Option<String>,
    /// The e-mail address where people find help. Without it, that of `[mail]`.
    support_email: Option<String>,
    /// The page to which people continue after they have set a password.
    application_url: Option<String>,
    /// How long a requested link is valid, at least 1 minute. Default: `10m`.
    reset_lifetime: Option<Seconds>,
    /// The most mails with a link that an account gets in an hour at the request of people who are
    /// not signed in. Default: `3`.
    mails_per_hour: Option<u32>,
}

/// The values of `[mail]` that the pages have too.
#[derive(Debug, Clone, Default)]
pub(super) struct MailBrand {
    pub(super) product: Option<String>,
    pub(super) support_url: Option<String>,
    pub(super) support_email: Option<String>,
}

impl RawPages {
    /// Returns the page for the links of mails, if the base URL is valid.
    pub(super) fn reset_url(&self) -> Option<String> {
        self.base_url.parse::<BaseUrl>().ok().map(|url| url.reset_url())
    }

    /// Checks the values. Relative paths are resolved against `folder`.
    pub(super) fn check(
        self,
        mail: MailBrand,
        mounts: &[MountConfig],
        folder: &Path,
        mistakes: &mut Mistakes,
    ) -> Option<Options> {
        let base_url = mistakes.take(base_url(&self.base_url, mounts));
        let realm = self.realm.as_deref().unwrap_or("default").parse::<Realm>();
        let realm = mistakes.take(realm.map_err(|error| KeyError::new("pages.realm", error)));
        let product = mistakes.take(product(self.product, mail.product));
        let logo = mistakes.take(self.logo_file.map(|file| logo(&folder.join(file))).transpose());
        let accent = self.accent.map(|text| text.parse()).transpose();
        let accent = mistakes.take(accent.map_err(|error| KeyError::new("pages.accent", error)));
        let support_url = self.support_url.or(mail.support_url);
        let support_url = mistakes.take(web_url("pages.support_url", support_url));
        let support_email = self.support_email.or(mail.support_email);
        let support_email = mistakes.take(email(support_email));
        let application = mistakes.take(web_url("pages.application_url", self.application_url));
        let lifetime = mistakes.take(lifetime(self.reset_lifetime));
        let mails_per_hour = mistakes.take(mails_per_hour(self.mails_per_hour));
        let mut options = Options::new(base_url?, realm?);
        options.product = product?;
        options.logo = logo?;
        options.accent = accent?.unwrap_or_default();
        options.support_url = support_url?;
        options.support_email = support_email?;
        options.application_url = application?;
        options.reset_lifetime = lifetime?;
        options.mails_per_hour = mails_per_hour?;
        Some(options)
    }
}

fn base_url(text: &str, mounts: &[MountConfig]) -> Result<BaseUrl, KeyError> {
    const KEY: &str = "pages.base_url";
    let url: BaseUrl = text.parse().map_err(|error| KeyError::new(KEY, error))?;
    let is_below = |prefix: &Prefix| {
        prefix.as_str().strip_prefix(url.prefix()).is_some_and(|rest| {
            // The pages would hide the API.
            rest.is_empty() || rest.starts_with('/')
        })
    };
    match mounts.iter().find(|mount| is_below(&mount.prefix)) {
        Some(mount) => {
            let reason = format!("must have another path than the prefix of api.{}", mount.name);
            Err(KeyError::new(KEY, reason))
        }
        None => Ok(url),
    }
}

fn product(own: Option<String>, of_mail: Option<String>) -> Result<String, KeyError> {
    let product = own.or(of_mail).unwrap_or_else(|| "repass".to_owned());
    let is_valid =
        (1..=100).contains(&product.trim().chars().count()) && !product.contains(char::is_control);
    if is_valid {
        Ok(product.trim().to_owned())
    } else {
        Err(KeyError::new("pages.product", "must be 1 to 100 characters on one line"))
    }
}

fn logo(file: &Path) -> Result<Logo, KeyError> {
    const KEY: &str = "pages.logo_file";
    let image = std::fs::read(file).map_err(|error| {
        let reason = format!("the file cannot be read: {}", ErrorChain(&error));
        KeyError::new(KEY, reason)
    })?;
    Logo::new(image).map_err(|error| KeyError::new(KEY, error))
}

fn web_url(key: &str, text: Option<String>) -> Result<Option<String>, KeyError> {
    let Some(text) = text else { return Ok(None) };
    let is_web = text.parse::<Uri>().is_ok_and(|uri| {
        let has_host = uri.authority().is_some_and(|own| !own.as_str().contains('@'));
        matches!(uri.scheme_str(), Some("https" | "http")) && has_host
    });
    if is_web {
        Ok(Some(text))
    } else {
        let reason = "must be a URL without credentials such as https://example.org/help";
        Err(KeyError::new(key, reason))
    }
}

fn email(text: Option<String>) -> Result<Option<String>, KeyError> {
    let invalid = |_| {
        let reason = "must be an e-mail address such as help@example.org";
        KeyError::new("pages.support_email", reason)
    };
    let email = text.map(|text| text.trim().parse::<Email>()).transpose().map_err(invalid)?;
    Ok(email.map(|email| email.as_str().to_owned()))
}

fn lifetime(value: Option<Seconds>) -> Result<Duration, KeyError> {
    const KEY: &str = "pages.reset_lifetime";
    let lifetime = delay(KEY, value, Administration::RESET_LIFETIME);
    lifetime
        .ok()
        .filter(|lifetime| *lifetime >= Duration::from_secs(60))
        .ok_or_else(|| KeyError::new(KEY, "must be 1m to 24h"))
}

fn mails_per_hour(value: Option<u32>) -> Result<u32, KeyError> {
    let value = value.unwrap_or(3);
    if (1..=60).contains(&value) {
        Ok(value)
    } else {
        Err(KeyError::new("pages.mails_per_hour", "must be 1 to 60"))
    }
}
