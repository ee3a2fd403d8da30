//! The vendors whose APIs a server can mount.

use std::sync::Arc;

use async_trait::async_trait;
use repass_core::PolicyRules;
use repass_spec::demo::{Demo, DemoError, DemoSection};
use repass_spec::{ConfiguredSpec, MountContext, Vendor};

use crate::config::KeyError;

/// The vendors that a server knows, by name.
#[derive(Default)]
pub struct Vendors(Vec<(&'static str, Arc<dyn AnyVendor>)>);

impl Vendors {
    /// The five vendors that repass serves.
    pub fn bundled() -> Self {
        Self::default()
            .with(repass_spec_ecom::Ecom)
            .with(repass_spec_etna::Etna)
            .with(repass_spec_zap::Zap)
            .with(repass_spec_customer::Customer)
            .with(repass_spec_fabric::Fabric)
    }

    /// The same with one more. One of the same name is replaced.
    #[must_use]
    pub fn with<V: Vendor>(mut self, vendor: V) -> Self {
        self.0.retain(|(name, _)| *name != V::NAME);
        self.0.push((V::NAME, Arc::new(vendor)));
        self
    }

    /// Returns the policy preset of this name, such as `nist-800-63b-4` or `vendor-zap`.
    pub fn policy_preset(&self, name: &str) -> Option<PolicyRules> {
        match name.strip_prefix("vendor-") {
            Some(vendor) => self.get(vendor)?.policy(),
            None => PolicyRules::preset(name),
        }
    }

    /// Returns the names of the policy presets.
    pub fn policy_presets(&self) -> Vec<String> {
        let own = PolicyRules::PRESETS.iter().map(|name| (*name).to_owned());
        let vendors = self.0.iter().filter(|(_, vendor)| vendor.policy().is_some());
        own.chain(vendors.map(|(name, _)| format!("vendor-{name}"))).collect()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&dyn AnyVendor> {
        self.0.iter().find(|(own, _)| *own == name).map(|(_, vendor)| &**vendor)
    }

    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.0.iter().map(|(name, _)| *name).collect()
    }
}

/// A vendor, whatever the type of its options.
#[async_trait]
pub(crate) trait AnyVendor: Send + Sync {
    /// `key` is where the options stand.
    fn configure(
        &self,
        key: &str,
        options: Option<::config::Value>,
        mount: &MountContext<'_>,
    ) -> Result<ConfiguredSpec, KeyError>;

    fn policy(&self) -> Option<PolicyRules>;

    async fn demo(&self, demo: &Demo<'_>) -> Result<DemoSection, DemoError>;
}

#[async_trait]
impl<V: Vendor> AnyVendor for V {
    fn configure(
        &self,
        key: &str,
        options: Option<::config::Value>,
        mount: &MountContext<'_>,
    ) -> Result<ConfiguredSpec, KeyError> {
        let options = match options {
            None => V::Options::default(),
            Some(value) => serde_path_to_error::deserialize(value).map_err(|error| {
                KeyError::of(&error.path().to_string(), error.inner()).below(key)
            })?,
        };
        Vendor::configure(self, options, mount)
            .map_err(|error| KeyError::new(error.key, error.reason).below(key))
    }

    fn policy(&self) -> Option<PolicyRules> {
        Vendor::policy(self)
    }

    async fn demo(&self, demo: &Demo<'_>) -> Result<DemoSection, DemoError> {
        Vendor::demo(self, demo).await
    }
}
