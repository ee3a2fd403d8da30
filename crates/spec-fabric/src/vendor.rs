use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
#[cfg(feature = "jwt")]
use repass_core::Plaintext;
use repass_core::{InvalidRealm, KeyKind, PolicyRules, Realm, SignedTokenVerifier};
use repass_spec::demo::{Demo, DemoError, DemoSection, JSON};
use repass_spec::{ConfiguredSpec, InvalidOption, MountContext, Vendor};
use serde::Deserialize;

use crate::{ChangePassword, FabricSpec, METHOD, PATH, SiteContext, is_site_account};
#[cfg(feature = "jwt")]
use crate::{JwtKey, ResetTokenVerifier};

/// The site account in the commands of the demo.
const DEMO_SITE_ACCOUNT: &str = "1234abcd5678efgh9ijklmno";

/// The vendor fabric, for a server.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fabric;

/// The options of a fabric API.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct FabricOptions {
    /// The realm of each site account. If it is empty, all site accounts have the API's realm.
    pub accounts: BTreeMap<String, String>,
    /// The realm of site accounts that `accounts` does not list.
    pub default_realm: Option<String>,
    /// The issuers of signed reset tokens that are accepted.
    pub jwt: Vec<JwtOptions>,
}

/// An issuer of signed reset tokens.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct JwtOptions {
    /// The realm of the issuer's accounts. Required where `accounts` leads to several realms.
    pub realm: Option<String>,
    /// The claim `iss` of its tokens.
    pub issuer: String,
    /// The claim `aud` of its tokens.
    pub audience: String,
    /// The keys that verify the tokens.
    pub keys: Vec<JwtKeyOptions>,
}

/// A key that verifies signed reset tokens.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct JwtKeyOptions {
    /// The algorithm of the key, such as `RS256`.
    pub algorithm: String,
    /// The key's id. A token that names another id is not verified with this key.
    pub kid: Option<String>,
    /// The file that holds the key: a public key in PEM, or the secret itself for `HS256`.
    pub file: PathBuf,
}

#[async_trait]
impl Vendor for Fabric {
    const NAME: &'static str = "fabric";

    type Options = FabricOptions;

    fn configure(
        &self,
        options: FabricOptions,
        mount: &MountContext<'_>,
    ) -> Result<ConfiguredSpec, InvalidOption> {
        let mut accounts = BTreeMap::new();
        for (site, name) in options.accounts {
            let key = format!("accounts.{site}");
            if !is_site_account(&site) {
                return Err(invalid(
                    key,
                    "the key must be a site account of 24 letters and digits",
                ));
            }
            accounts.insert(site, realm(&key, &name)?);
        }
        let mut summary = format!("{} site accounts mapped", accounts.len());
        let mut spec = FabricSpec::new().with_accounts(accounts);
        if let Some(name) = options.default_realm {
            spec = spec.with_default_realm(realm("default_realm", &name)?);
        }
        let reachable = spec.realms(mount.realm);
        for (number, jwt) in options.jwt.into_iter().enumerate() {
            let key = format!("jwt[{number}]");
            let own = realm_of_jwt(&format!("{key}.realm"), &jwt, &reachable)?;
            summary.push_str(&format!("; signed reset tokens of {} for realm {own}", jwt.issuer));
            spec = spec.with_signed_tokens(own, verifier(&key, jwt, mount.folder)?);
        }
        Ok(ConfiguredSpec::new(spec, summary))
    }

    /// 1 to 256 characters, and nothing else.
    fn policy(&self) -> Option<PolicyRules> {
        Some(PolicyRules::length(1, 256))
    }

    async fn demo(&self, demo: &Demo<'_>) -> Result<DemoSection, DemoError> {
        let account = demo.account("6169b2d892a5f30009d76480").await?;
        let api_key = demo.key(KeyKind::Api, "shop front").await?;
        let request = ChangePassword {
            reset_token: demo.reset_token(&account.user_id).await?,
            user_id: account.user_id,
            new_password: demo.new_password()?,
        };
        let site = SiteContext::new(DEMO_SITE_ACCOUNT).to_header()?;
        let headers = [
            format!("x-api-key: {}", api_key.expose()),
            format!("x-site-context: {}", site.to_str()?),
            JSON.to_owned(),
        ];
        let command = demo.curl(METHOD, PATH, &headers, &request.to_json()?);
        Ok(DemoSection { commands: vec![command], note: String::new() })
    }
}

fn realm(key: &str, name: &str) -> Result<Realm, InvalidOption> {
    name.parse().map_err(|error: InvalidRealm| invalid(key, error))
}

fn invalid(key: impl Into<String>, reason: impl Display) -> InvalidOption {
    InvalidOption::new(key, reason.to_string())
}

/// Returns the realm of an issuer. A signed token names a user and no realm, so the configuration
/// must name it.
fn realm_of_jwt(
    key: &str,
    jwt: &JwtOptions,
    reachable: &BTreeSet<Realm>,
) -> Result<Realm, InvalidOption> {
    let one_of = || reachable.iter().map(Realm::as_str).collect::<Vec<_>>().join(", ");
    match (&jwt.realm, reachable.first()) {
        (Some(name), _) => {
            let own = realm(key, name)?;
            if reachable.contains(&own) {
                Ok(own)
            } else {
                Err(invalid(key, format!("must be one of {}", one_of())))
            }
        }
        (None, Some(only)) if reachable.len() == 1 => Ok(only.clone()),
        (None, _) => Err(invalid(key, format!("is required: one of {}", one_of()))),
    }
}

#[cfg(feature = "jwt")]
fn verifier(
    place: &str,
    options: JwtOptions,
    folder: &Path,
) -> Result<Arc<dyn SignedTokenVerifier>, InvalidOption> {
    let mut keys = Vec::new();
    for (number, key) in options.keys.into_iter().enumerate() {
        let at = |member: &str| format!("{place}.keys[{number}].{member}");
        let file = folder.join(&key.file);
        let text = std::fs::read_to_string(&file)
            .map(Plaintext::new)
            .map_err(|error| invalid(at("file"), format!("{}: {error}", file.display())))?;
        let algorithm = key.algorithm.parse().map_err(|error| invalid(at("algorithm"), error))?;
        let key = JwtKey::new(key.kid, algorithm, &text);
        keys.push(key.map_err(|error| invalid(at("file"), error))?);
    }
    let verifier = ResetTokenVerifier::new(options.issuer, options.audience, keys);
    Ok(Arc::new(verifier.map_err(|error| invalid(place, error))?))
}

#[cfg(not(feature = "jwt"))]
fn verifier(
    place: &str,
    _: JwtOptions,
    _: &Path,
) -> Result<Arc<dyn SignedTokenVerifier>, InvalidOption> {
    Err(invalid(place, "this program is built without the feature for signed reset tokens (jwt)"))
}

#[cfg(test)]
mod tests;
