use std::collections::BTreeMap;
use std::fmt;

use data_encoding::BASE64;
use zeroize::Zeroizing;

use crate::import::is_project_name;

/// The secrets of other systems that the verification of their hashes needs: the signer keys of
/// Firebase projects and the peppers of Devise, each by name.
#[derive(Default)]
pub struct Projects {
    signer_keys: BTreeMap<String, Zeroizing<Vec<u8>>>,
    peppers: BTreeMap<String, Zeroizing<Vec<u8>>>,
}

impl Projects {
    /// Returns an empty set.
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds a signer key, the decoded `base64_signer_key` of the project's hash parameters.
    /// Replaces an earlier key of the project.
    #[must_use]
    pub fn with(mut self, project: impl Into<String>, signer_key: Vec<u8>) -> Self {
        self.signer_keys.insert(project.into(), Zeroizing::new(signer_key));
        self
    }

    /// Adds the `base64_signer_key` of a project's hash parameters.
    ///
    /// # Errors
    /// If the name is not valid, or the key is not Base64.
    pub fn with_encoded(self, project: &str, signer_key: &str) -> Result<Self, InvalidProject> {
        if !is_project_name(project) {
            return Err(InvalidProject::Name);
        }
        match BASE64.decode(signer_key.as_bytes()) {
            Ok(key) if !key.is_empty() => Ok(self.with(project, key)),
            _ => Err(InvalidProject::Key),
        }
    }

    /// Adds the `config.pepper` of Devise, as it is written there. Replaces an earlier one of that
    /// name.
    ///
    /// # Errors
    /// If the name is not valid, or the pepper is empty.
    pub fn with_pepper(mut self, name: &str, pepper: &str) -> Result<Self, InvalidProject> {
        if !is_project_name(name) {
            return Err(InvalidProject::Name);
        }
        if pepper.is_empty() {
            return Err(InvalidProject::Pepper);
        }
        self.peppers.insert(name.to_owned(), Zeroizing::new(pepper.as_bytes().to_vec()));
        Ok(self)
    }

    /// Returns the pepper of this name.
    pub fn pepper(&self, name: &str) -> Option<&[u8]> {
        self.peppers.get(name).map(|pepper| pepper.as_slice())
    }

    /// Returns the signer key of `project`.
    pub fn signer_key(&self, project: &str) -> Option<&[u8]> {
        self.signer_keys.get(project).map(|key| key.as_slice())
    }
}

/// A project was refused. No message quotes the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidProject {
    /// The name is not valid.
    #[error("the name of a project or pepper must be 1 to 64 letters, digits and -_.:")]
    Name,
    /// The key is not Base64.
    #[error("a signer key must be the base64_signer_key of the project's hash parameters")]
    Key,
    /// The pepper is empty.
    #[error("a pepper must not be empty")]
    Pepper,
}

impl fmt::Debug for Projects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.signer_keys.keys().chain(self.peppers.keys())).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_keys_are_validated() {
        let projects = Projects::none().with_encoded("shop-1", "AAEC/w==").unwrap();
        assert_eq!(projects.signer_key("shop-1"), Some([0, 1, 2, 255].as_slice()));
        assert_eq!(format!("{projects:?}"), "{\"shop-1\"}");
        let projects = projects.with_pepper("rails", "a pepper").unwrap();
        assert_eq!(projects.pepper("rails"), Some(b"a pepper".as_slice()));
        assert_eq!(format!("{projects:?}"), "{\"shop-1\", \"rails\"}");
        let added = Projects::none().with_pepper("rails", "").err();
        assert_eq!(added, Some(InvalidProject::Pepper));
        let added = Projects::none().with_pepper("a b", "a pepper").err();
        assert_eq!(added, Some(InvalidProject::Name));
        let added = |name: &str, key: &str| Projects::none().with_encoded(name, key).err();
        for name in ["", "a b", "a$b", "a,b", &"x".repeat(65)] {
            assert_eq!(added(name, "AAEC/w=="), Some(InvalidProject::Name), "{name}");
        }
        for key in ["", "AAEC/w", "AAEC_w==", "AAEC/w==\n", "hunter2"] {
            assert_eq!(added("shop", key), Some(InvalidProject::Key), "{key}");
        }
    }
}
