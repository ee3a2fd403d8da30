//! Which APIs are served, where, and with which options: `[api.NAME]`.

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
use super::raw::RawPolicy;
use crate::vendors::Vendors;

/// One API as it is to be served.
pub(crate) struct MountConfig {
    pub(crate) name: String,
    pub(crate) spec: Arc<dyn Spec>,
    pub(crate) prefix: Prefix,
    pub(crate) realm: Realm,
    pub(crate) policy: Policy,
    /// The options, in words for `check-config`.
    pub(crate) summary: String,
}

impl std::fmt::Debug for MountConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, prefix, realm, policy, summary, spec: _ } = self;
        write!(f, "{name} under '{prefix}/' in {realm}: {policy:?}; {summary}")
    }
}

/// An API that is served, one table each. At least one must be enabled.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RawApi {
    /// The vendor whose API this is. Without it, the table's name, so a vendor can be mounted several
    /// times.
    vendor: Option<String>,
    /// Whether the API is served. Default: `true`.
    #[serde(default = "enabled")]
    enabled: bool,
    /// The path that the API's own paths follow, such as `/tenant-1`. Without it there is none.
    #[serde(default)]
    prefix: String,
    /// The realm of the API's accounts. Default: `default`.
    #[serde(default = "realm")]
    realm: String,
    /// The policy of this API alone, with the keys of `[policy]`. What it does not name is as in
    /// `[policy]`.
    #[cfg_attr(test, schemars(with = "Option<BTreeMap<String, String>>"))]
    policy: Option<RawPolicy>,
    /// The vendor's own options; see the tables below.
    #[cfg_attr(test, schemars(with = "Option<BTreeMap<String, String>>"))]
    options: Option<Value>,
}

/// An API that is configured at all is served unless it says otherwise.
fn enabled() -> bool {
    true
}

/// The realm that the command line takes as well when none is named.
fn realm() -> String {
    "default".to_owned()
}

/// `folder` is where relative paths start.
pub(super) fn check(
    raw: BTreeMap<String, RawApi>,
    vendors: &Vendors,
    policy: &Policy,
    folder: &Path,
) -> Result<Vec<MountConfig>, KeyError> {
    let enabled = raw.into_iter().filter(|(_, api)| api.enabled);
    let mounts = enabled.map(|(name, api)| api.check(name, vendors, policy, folder));
    let mounts = mounts.collect::<Result<Vec<_>, _>>()?;
    if mounts.is_empty() {
        return Err(KeyError::new("api", "none is enabled, so there is nothing to serve"));
    }
    Ok(mounts)
}

impl RawApi {
    fn check(
        self,
        name: String,
        vendors: &Vendors,
        policy: &Policy,
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
            let reason = "a name is 1 to 32 lower-case letters, digits and underscores";
            return Err(KeyError::new(format!("api.{name}"), reason));
        }
        let vendor = vendors
            .get(self.vendor.as_deref().unwrap_or(&name))
            .ok_or_else(|| one_of(key("vendor"), &vendors.names()))?;
        let prefix = self.prefix.trim_end_matches('/').parse();
        let prefix = prefix.map_err(|error| KeyError::new(key("prefix"), error))?;
        let realm: Realm =
            self.realm.parse().map_err(|error| KeyError::new(key("realm"), error))?;
        let policy = match &self.policy {
            Some(own) => own.check(&key("policy"), policy.rules().clone(), vendors)?,
            None => policy.clone(),
        };
        let mount = MountContext::new(&realm, folder, Arc::new(SystemRandomness));
        let configured = vendor.configure(&key("options"), self.options, &mount)?;
        Ok(MountConfig {
            spec: configured.spec,
            summary: configured.summary,
            prefix,
            realm,
            policy,
            name,
        })
    }
}
