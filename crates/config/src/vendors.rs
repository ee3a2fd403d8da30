//! The vendors whose APIs a server can mount.

use std::sync::Arc;

use async_trait::async_trait;
use repass_core::{PolicyPreset, PolicyRules};
use repass_spec::demo::{Demo, DemoError, DemoSection};
use repass_spec::{ConfiguredSpec, MountContext, Vendor};

use crate::KeyError;

/// The vendors that a server can mount, by name.
#[derive(Default)]
pub struct Vendors(Vec<(&'static str, Arc<dyn AnyVendor>)>);

impl Vendors {
    /// Returns the five vendors of repass.
    pub fn bundled() -> Self {
        Self::default()
            .with(repass_spec_ecom::Ecom)
            .with(repass_spec_etna::Etna)
            .with(repass_spec_zap::Zap)
            .with(repass_spec_customer::Customer)
            .with(repass_spec_fabric::Fabric)
    }

    /// Adds a vendor, and replaces one of the same name.
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
            None => PolicyPreset::named(name).map(PolicyPreset::rules),
        }
    }

    /// Returns the names of the policy presets.
    pub fn policy_presets(&self) -> Vec<String> {
        let own = PolicyPreset::all().iter().map(|preset| preset.name.to_owned());
        let vendors = self.0.iter().filter(|(_, vendor)| vendor.policy().is_some());
        own.chain(vendors.map(|(name, _)| format!("vendor-{name}"))).collect()
    }

    /// Creates a vendor's demo accounts, and returns its part of the text. `None` if the vendor is
    /// unknown.
    ///
    /// # Errors
    /// When the accounts cannot be created.
    pub async fn demo(
        &self,
        name: &str,
        demo: &Demo<'_>,
    ) -> Option<Result<DemoSection, DemoError>> {
        Some(self.get(name)?.demo(demo).await)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&dyn AnyVendor> {
        self.0.iter().find(|(own, _)| *own == name).map(|(_, vendor)| &**vendor)
    }

    /// Returns the names of the vendors.
    pub fn names(&self) -> Vec<&'static str> {
        self.0.iter().map(|(name, _)| *name).collect()
    }
}

/// A vendor with any type of options.
#[async_trait]
pub(crate) trait AnyVendor: Send + Sync {
    /// Creates the API of one mount. `key` is the key of its options.
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
                KeyError::from_config(&error.path().to_string(), error.inner()).below(key)
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

#[cfg(test)]
mod tests {
    use repass_spec::{Head, InvalidOption, RouteMatch, Spec};

    use super::*;

    /// A vendor of another workspace.
    struct Acme;

    impl Spec for Acme {
        fn name(&self) -> &'static str {
            "acme"
        }

        fn begin(&self, _: &Head<'_>) -> RouteMatch {
            RouteMatch::NoMatch
        }
    }

    #[async_trait]
    impl Vendor for Acme {
        const NAME: &'static str = "acme";

        type Options = ();

        fn configure(&self, (): (), _: &MountContext<'_>) -> Result<ConfiguredSpec, InvalidOption> {
            Ok(ConfiguredSpec::new(Self, "by ourselves"))
        }

        fn policy(&self) -> Option<PolicyRules> {
            Some(PolicyRules::default())
        }

        async fn demo(&self, _: &Demo<'_>) -> Result<DemoSection, DemoError> {
            Ok(DemoSection { commands: Vec::new(), note: String::new() })
        }
    }

    /// Proves E11.
    #[test]
    fn another_vendor_is_mounted_beside_the_bundled_ones() {
        let vendors = Vendors::bundled().with(Acme);
        let database = std::env::temp_dir().join("demo.db");
        let config = crate::demo(([127, 0, 0, 1], 0).into(), &database, &vendors).unwrap();
        assert_eq!(config.mounts.len(), 6);
        let mount = config.mounts.iter().find(|mount| mount.name == "acme").unwrap();
        assert_eq!((mount.spec.name(), mount.summary.as_str()), ("acme", "by ourselves"));
        assert!(vendors.policy_preset("vendor-acme").is_some());
    }
}
