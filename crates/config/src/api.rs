//! The APIs that are served: `[api.NAME]`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use ::config::Value;
use repass_core::{Policy, Realm, SystemRandomness};
use repass_http::Prefix;
use repass_spec::{MountContext, Spec};
use serde::Deserialize;

use super::KeyError;
use super::checked::one_of;
use super::mistakes::Mistakes;
use super::policy::PolicyOrigin;
use super::raw::RawPolicy;
use super::tokens::{RawTokens, TokensConfig};
use crate::vendors::Vendors;

/// One API that is served.
pub struct MountConfig {
    /// The name of its table.
    pub name: String,
    /// The API.
    pub spec: Arc<dyn Spec>,
    /// The prefix of its paths.
    pub prefix: Prefix,
    /// The realm of its accounts.
    pub realm: Realm,
    /// The policy for new passwords.
    pub policy: Policy,
    /// The origin of its settings.
    pub policy_origin: PolicyOrigin,
    /// A summary of the options for `check-config`.
    pub summary: String,
    /// The access tokens that are accepted; `None` for those of repass only.
    pub tokens: Option<TokensConfig>,
}

impl std::fmt::Debug for MountConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, prefix, realm, policy, summary, tokens, spec: _, policy_origin: _ } = self;
        write!(f, "{name} under '{prefix}/' in {realm}: {policy:?}; {summary}; {tokens:?}")
    }
}

/// An API that is served, one table each. At least one must be enabled.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RawApi {
    /// The vendor of the API. Without it, the name of the table. So a vendor can be mounted several
    /// times.
    vendor: Option<String>,
    /// Whether the API is served. Default: `true`.
    #[serde(default = "enabled")]
    enabled: bool,
    /// The prefix of the API's paths, such as `/tenant-1`. Without it there is none.
    #[serde(default)]
    prefix: String,
    /// The realm of the API's accounts. Default: `default`.
    #[serde(default = "realm")]
    realm: String,
    /// The policy of this API, with the keys of `[policy]`. Keys that are not set here are as in
    /// `[policy]`.
    #[cfg_attr(test, schemars(with = "Option<BTreeMap<String, String>>"))]
    policy: Option<RawPolicy>,
    /// The access tokens that the API accepts, one table for each kind or issuer. Without it, those
    /// of repass.
    #[serde(default)]
    tokens: Vec<RawTokens>,
    /// The vendor's own options; see the tables below.
    #[cfg_attr(test, schemars(with = "Option<BTreeMap<String, String>>"))]
    options: Option<Value>,
}

fn enabled() -> bool {
    true
}

/// The default realm, which is also that of the command line.
fn realm() -> String {
    "default".to_owned()
}

/// Takes the tables `[[api.NAME.tokens]]` of the enabled APIs, which only the server uses.
pub(super) fn take_tokens(raw: &mut BTreeMap<String, RawApi>) -> BTreeMap<String, Vec<RawTokens>> {
    let enabled = raw.iter_mut().filter(|(_, api)| api.enabled);
    let tokens = enabled.map(|(name, api)| (name.clone(), std::mem::take(&mut api.tokens)));
    tokens.filter(|(_, tokens)| !tokens.is_empty()).collect()
}

/// Checks the tables `[api.NAME]`. Relative paths are resolved against `folder`.
pub(super) fn check(
    raw: BTreeMap<String, RawApi>,
    vendors: &Vendors,
    policy: &(Policy, PolicyOrigin),
    folder: &Path,
    mistakes: &mut Mistakes,
) -> Option<Vec<MountConfig>> {
    let enabled = raw.into_iter().filter(|(_, api)| api.enabled);
    let mounts: Vec<Option<MountConfig>> = enabled
        .map(|(name, api)| mistakes.take(api.check(name, vendors, policy, folder)))
        .collect();
    let mounts: Vec<MountConfig> = mounts.into_iter().collect::<Option<_>>()?;
    mistakes.take(check_together(&mounts))?;
    Some(mounts)
}

fn check_together(mounts: &[MountConfig]) -> Result<(), KeyError> {
    for (number, mount) in mounts.iter().enumerate() {
        let is_same = |other: &&MountConfig| {
            other.spec.name() == mount.spec.name() && other.prefix == mount.prefix
        };
        if let Some(other) = mounts.iter().take(number).find(is_same) {
            let (vendor, other) = (mount.spec.name(), &other.name);
            let reason = format!("must differ from that of api.{other}, which is of {vendor} too");
            return Err(KeyError::new(format!("api.{}.prefix", mount.name), reason));
        }
    }
    if mounts.is_empty() {
        return Err(KeyError::new("api", "at least one API must be enabled"));
    }
    Ok(())
}

impl RawApi {
    fn check(
        self,
        name: String,
        vendors: &Vendors,
        policy: &(Policy, PolicyOrigin),
        folder: &Path,
    ) -> Result<MountConfig, KeyError> {
        let key = |member: &str| format!("api.{name}.{member}");
        let is_name = |text: &str| {
            (1..=32).contains(&text.len())
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        };
        if !is_name(&name) {
            let reason = "the name must have 1 to 32 lower-case letters, digits and underscores";
            return Err(KeyError::new(format!("api.{name}"), reason));
        }
        let vendor = vendors
            .get(self.vendor.as_deref().unwrap_or(&name))
            .ok_or_else(|| one_of(key("vendor"), &vendors.names()))?;
        let prefix = self.prefix.trim_end_matches('/').parse();
        let prefix = prefix.map_err(|error| KeyError::new(key("prefix"), error))?;
        let realm: Realm =
            self.realm.parse().map_err(|error| KeyError::new(key("realm"), error))?;
        let (policy, policy_origin) = match (&self.policy, policy.clone()) {
            (Some(own), (policy, origin)) => {
                own.check(&key("policy"), (policy.rules().clone(), origin), vendors, folder)?
            }
            (None, inherited) => inherited,
        };
        let mount = MountContext::new(&realm, folder, Arc::new(SystemRandomness));
        let configured = vendor.configure(&key("options"), self.options, &mount)?;
        Ok(MountConfig {
            spec: configured.spec,
            summary: configured.summary,
            prefix,
            realm,
            policy,
            policy_origin,
            tokens: None,
            name,
        })
    }
}
