//! The description of a vendor for a server: its options, its policy and its demo.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use repass_core::{PolicyRules, Randomness, Realm};
use serde::de::DeserializeOwned;

use crate::Spec;
use crate::demo::{Demo, DemoError, DemoSection};

/// A vendor, as a server configures it and shows it in a demo. A server names each vendor once;
/// everything else is behind this trait, in the vendor's crate.
#[async_trait]
pub trait Vendor: Send + Sync + 'static {
    /// The vendor's name in the configuration: lower-case letters, digits and hyphens.
    const NAME: &'static str;

    /// The options of one mount, as in the configuration. Unknown members should be errors.
    type Options: DeserializeOwned + Default + Send;

    /// Creates the API of one mount.
    ///
    /// # Errors
    /// When an option is invalid.
    fn configure(
        &self,
        options: Self::Options,
        mount: &MountContext<'_>,
    ) -> Result<ConfiguredSpec, InvalidOption>;

    /// Returns the vendor's own published password rules, if it has any: the policy preset
    /// `vendor-<name>`.
    fn policy(&self) -> Option<PolicyRules> {
        None
    }

    /// Creates demo accounts, keys and tokens, and returns the commands that use them.
    ///
    /// # Errors
    /// When the store fails.
    async fn demo(&self, demo: &Demo<'_>) -> Result<DemoSection, DemoError>;
}

/// The context in which a vendor's mount is configured.
#[non_exhaustive]
pub struct MountContext<'a> {
    /// The realm that the mount serves.
    pub realm: &'a Realm,
    /// The folder that relative paths are resolved against.
    pub folder: &'a Path,
    /// The source of random bytes.
    pub randomness: Arc<dyn Randomness>,
}

impl<'a> MountContext<'a> {
    /// Creates the context of a mount that serves `realm`.
    pub fn new(realm: &'a Realm, folder: &'a Path, randomness: Arc<dyn Randomness>) -> Self {
        Self { realm, folder, randomness }
    }
}

/// An API, with a summary of its options.
#[non_exhaustive]
pub struct ConfiguredSpec {
    /// The API.
    pub spec: Arc<dyn Spec>,
    /// The differences from the defaults, for an operator who checks the configuration; empty if
    /// there are none.
    pub summary: String,
}

impl ConfiguredSpec {
    /// Creates an API whose options `summary` describes.
    pub fn new(spec: impl Spec, summary: impl Into<String>) -> Self {
        Self { spec: Arc::new(spec), summary: summary.into() }
    }
}

/// An option is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {reason}")]
pub struct InvalidOption {
    /// The path of the option, such as `jwt[0].realm`.
    pub key: String,
    /// The requirement that it breaks. It does not contain the value, which can be a secret.
    pub reason: String,
}

impl InvalidOption {
    /// Returns the error for the option `key`, which breaks the requirement `reason`.
    pub fn new(key: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { key: key.into(), reason: reason.into() }
    }
}
