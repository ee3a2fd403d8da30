//! How a vendor describes itself to a server: its options, its policy, and what a demo shows of it.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use repass_core::{PolicyRules, Randomness, Realm};
use serde::de::DeserializeOwned;

use crate::Spec;
use crate::demo::{Demo, DemoError, DemoSection};

/// A vendor, as a server configures and shows it. A server names each vendor once; all else about it is
/// behind this trait, in the vendor's crate.
#[async_trait]
pub trait Vendor: Send + Sync + 'static {
    /// The vendor's name in the configuration: lower-case letters, digits and hyphens.
    const NAME: &'static str;

    /// The options of one mount, as the configuration gives them. Unknown members should be errors.
    type Options: DeserializeOwned + Default + Send;

    /// Makes the API of one mount.
    ///
    /// # Errors
    /// When an option makes no sense.
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

    /// Makes demo accounts, keys and tokens, and returns the commands that use them.
    ///
    /// # Errors
    /// When the store fails.
    async fn demo(&self, demo: &Demo<'_>) -> Result<DemoSection, DemoError>;
}

/// What a vendor may use while a mount of it is configured.
#[non_exhaustive]
pub struct MountContext<'a> {
    /// The realm that the mount serves.
    pub realm: &'a Realm,
    /// The folder that relative paths of files start at.
    pub folder: &'a Path,
    /// The source of random bytes.
    pub randomness: Arc<dyn Randomness>,
}

impl<'a> MountContext<'a> {
    /// The context of a mount that serves `realm`.
    pub fn new(realm: &'a Realm, folder: &'a Path, randomness: Arc<dyn Randomness>) -> Self {
        Self { realm, folder, randomness }
    }
}

/// An API, and what its options say in words.
#[non_exhaustive]
pub struct ConfiguredSpec {
    /// The API.
    pub spec: Arc<dyn Spec>,
    /// What differs from the defaults, for an operator who checks the configuration; empty where
    /// nothing does.
    pub summary: String,
}

impl ConfiguredSpec {
    /// An API whose options are as `summary` says.
    pub fn new(spec: impl Spec, summary: impl Into<String>) -> Self {
        Self { spec: Arc::new(spec), summary: summary.into() }
    }
}

/// An option makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {reason}")]
pub struct InvalidOption {
    /// Which, with dots, such as `jwt[0].realm`.
    pub key: String,
    /// What it must be. Does not tell the value, which can be a secret.
    pub reason: String,
}

impl InvalidOption {
    /// The option `key` does not fulfil `reason`.
    pub fn new(key: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { key: key.into(), reason: reason.into() }
    }
}
