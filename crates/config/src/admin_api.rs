//! The admin API: `[admin_api]`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::KeyError;
use super::checked::HOUR;
use super::listen::{ListenAddress, RawListen};
use super::mistakes::Mistakes;
use super::raw::Seconds;
use crate::tls::{Tls, TlsFiles};

/// The admin API.
#[derive(Debug, Clone)]
pub struct AdminApiConfig {
    /// The addresses; empty if it is not served.
    pub listen: Vec<ListenAddress>,
    /// The TLS of `listen`.
    pub tls: Option<Arc<Tls>>,
    /// Whether keys may set passwords.
    pub allow_setting_passwords: bool,
    /// Whether sign-ins evaluate the password by the policy.
    pub evaluate_at_sign_in: bool,
    /// The longest lifetime of access tokens.
    pub max_token_lifetime: Duration,
    /// The most reset mails of an account in an hour.
    pub resets_per_hour: u32,
    /// The name of the service in authenticator apps.
    pub issuer: String,
}

/// The admin API, by which back ends create accounts, verify passwords, issue tokens and read the
/// audit trail. Its keys are issued with `repass key issue --kind admin`.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RawAdminApi {
    /// The address of the admin API, or a list of addresses. An address that other machines reach
    /// needs `[admin_api.tls]`. Without it, the admin API is not served.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    listen: Option<RawListen>,
    tls: Option<TlsFiles>,
    /// Whether keys with the scope `passwords:set` may set passwords. An operator who sets a
    /// password knows it (ASVS 6.4.6); a reset token is better. Default: `false`.
    #[serde(default)]
    allow_setting_passwords: bool,
    /// Whether a sign-in says that the password must be changed (`must_change`) if the policy would
    /// refuse it. Default: `false`.
    #[serde(default)]
    evaluate_at_sign_in: bool,
    /// The longest lifetime of access tokens. Default: `720h`.
    max_token_lifetime: Option<Seconds>,
    /// The most mails with a reset link that an account gets in an hour. Default: `5`.
    resets_per_hour: Option<u32>,
    /// The name of the service in authenticator apps, without a colon. Default: `repass`.
    issuer: Option<String>,
}

const MAX_TOKEN_LIFETIME: Duration = HOUR.saturating_mul(720);

impl RawAdminApi {
    /// Checks the values. `others` are the addresses of the other listeners.
    pub(super) fn check(
        self,
        others: &[ListenAddress],
        folder: &Path,
        mistakes: &mut Mistakes,
    ) -> Option<AdminApiConfig> {
        let has_tls = self.tls.is_some();
        let tls = self.tls.map(|tls| tls.check("admin_api.tls", folder)).transpose();
        let tls = mistakes.take(tls);
        let listen = mistakes.take(listen(self.listen, has_tls, others));
        let lifetime = mistakes.take(lifetime(self.max_token_lifetime));
        let issuer = mistakes.take(issuer(self.issuer));
        Some(AdminApiConfig {
            listen: listen?,
            tls: tls?,
            allow_setting_passwords: self.allow_setting_passwords,
            evaluate_at_sign_in: self.evaluate_at_sign_in,
            max_token_lifetime: lifetime?,
            resets_per_hour: self.resets_per_hour.unwrap_or(5),
            issuer: issuer?,
        })
    }
}

fn listen(
    listen: Option<RawListen>,
    has_tls: bool,
    others: &[ListenAddress],
) -> Result<Vec<ListenAddress>, KeyError> {
    const KEY: &str = "admin_api.listen";
    let Some(listen) = listen else { return Ok(Vec::new()) };
    let listen = listen.check(KEY)?;
    if listen.iter().any(|own| others.iter().any(|other| own.conflicts(other))) {
        return Err(KeyError::new(KEY, "must differ from listen and admin.listen"));
    }
    if listen.contains(&ListenAddress::Systemd(None)) {
        let reason = "must name the sockets of systemd, such as systemd:admin-api";
        return Err(KeyError::new(KEY, reason));
    }
    if !has_tls && listen.iter().any(ListenAddress::is_public) {
        let reason = "this address is not a loopback one, and without TLS keys and passwords would \
                      be sent unencrypted; configure [admin_api.tls]";
        return Err(KeyError::new(KEY, reason));
    }
    Ok(listen)
}

fn lifetime(value: Option<Seconds>) -> Result<Duration, KeyError> {
    const KEY: &str = "admin_api.max_token_lifetime";
    let Some(Seconds(value)) = value else { return Ok(MAX_TOKEN_LIFETIME) };
    Duration::try_from(value)
        .ok()
        .filter(|value| *value >= Duration::from_secs(1) && *value <= HOUR.saturating_mul(8760))
        .ok_or_else(|| KeyError::new(KEY, "must be 1s to 8760h"))
}

fn issuer(issuer: Option<String>) -> Result<String, KeyError> {
    let issuer = issuer.unwrap_or_else(|| "repass".to_owned());
    let fits = (1..=64).contains(&issuer.chars().count());
    if !fits || issuer.chars().any(|c| c.is_control() || c == ':') {
        let reason = "must be 1 to 64 characters on one line without a colon";
        return Err(KeyError::new("admin_api.issuer", reason));
    }
    Ok(issuer)
}
