//! An [`ImportFormat`] by its name and options, as an operator declares it.

use std::collections::BTreeMap;

use super::{ByteEncoding, ImportFormat, SaltLayout};
use crate::DigestAlgorithm;

/// Why a name and options are no [`ImportFormat`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeclarationError {
    /// No format has this name.
    #[error("there is no import format `{name}`; there are {formats}", formats = FORMATS.join(", "))]
    UnknownFormat {
        /// The name.
        name: String,
    },
    /// The format has no such option.
    #[error("the import format `{format}` has no option `{option}`")]
    UnknownOption {
        /// The format.
        format: String,
        /// The option.
        option: String,
    },
    /// An option stands there twice.
    #[error("the option `{0}` is given twice")]
    Repeated(String),
    /// The format needs the option.
    #[error("the import format `{format}` needs the option `{option}`: {expected}")]
    Missing {
        /// The format.
        format: String,
        /// The option.
        option: &'static str,
        /// What it may be.
        expected: &'static str,
    },
    /// The option has no such value.
    #[error("the option `{option}` of the import format `{format}` is not {expected}")]
    Value {
        /// The format.
        format: String,
        /// The option.
        option: &'static str,
        /// What it may be.
        expected: &'static str,
    },
}

const FORMATS: [&str; 8] = [
    "self-describing",
    "django",
    "salted-digest",
    "nt",
    "aspnet-membership",
    "better-auth",
    "keycloak",
    "firebase",
];

impl ImportFormat {
    /// The format that a name and options declare.
    ///
    /// | name | options |
    /// | --- | --- |
    /// | `self-describing`, `django`, `nt`, `better-auth`, `keycloak` | none |
    /// | `salted-digest` | `algorithm`: `md5`, `sha1`, `sha256`, `sha384` or `sha512`; `layout`: `salt-first`, `salt-last` or `none`; `digest`: `hex` (unless said otherwise) or `base64`; `salt`: `text` (unless said otherwise), `hex` or `base64` |
    /// | `aspnet-membership` | `algorithm`: `sha1` (unless said otherwise) or `sha256` |
    /// | `firebase` | `project`: a name of our own for the project; `rounds`, `mem-cost`, `salt-separator`: as the project's hash parameters have them |
    ///
    /// # Errors
    /// When there is no such format, and when an option is unknown, repeated, missing or wrong.
    pub fn declared<'a>(
        name: &str,
        options: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, DeclarationError> {
        let mut options = Options::read(name, options)?;
        let format = match name {
            "self-describing" => Self::SelfDescribing,
            "django" => Self::Django,
            "nt" => Self::NtHash,
            "better-auth" => Self::BetterAuth,
            "keycloak" => Self::Keycloak,
            "salted-digest" => Self::SaltedDigest {
                algorithm: options.value(
                    "algorithm",
                    None,
                    "one of md5, sha1, sha256, sha384, sha512",
                    DigestAlgorithm::named,
                )?,
                layout: options.value(
                    "layout",
                    None,
                    "one of salt-first, salt-last, none",
                    |layout| match layout {
                        "none" => Some(None),
                        layout => SaltLayout::named(layout).map(Some),
                    },
                )?,
                digest: options.value("digest", Some("hex"), "one of hex, base64", |encoding| {
                    byte_encoding(encoding).filter(|encoding| *encoding != ByteEncoding::Text)
                })?,
                salt: options.value(
                    "salt",
                    Some("text"),
                    "one of text, hex, base64",
                    byte_encoding,
                )?,
            },
            "aspnet-membership" => Self::AspNetMembership {
                algorithm: options.value(
                    "algorithm",
                    Some("sha1"),
                    "one of sha1, sha256",
                    |name| match name {
                        "sha1" => Some(DigestAlgorithm::Sha1),
                        "sha256" => Some(DigestAlgorithm::Sha256),
                        _ => None,
                    },
                )?,
            },
            "firebase" => Self::Firebase {
                project: options.value(
                    "project",
                    None,
                    "a name of at most 64 letters, digits and -_.:",
                    |name| super::is_project_name(name).then(|| name.to_owned()),
                )?,
                rounds: options.value("rounds", None, "a number", |text| text.parse().ok())?,
                mem_cost: options.value("mem-cost", None, "a number", |text| text.parse().ok())?,
                salt_separator: options.value("salt-separator", None, "Base64", |text| {
                    ByteEncoding::Base64.decode("salt separator", text).ok()
                })?,
            },
            _ => return Err(DeclarationError::UnknownFormat { name: name.to_owned() }),
        };
        options.none_left()?;
        Ok(format)
    }
}

fn byte_encoding(name: &str) -> Option<ByteEncoding> {
    match name {
        "hex" => Some(ByteEncoding::Hexadecimal),
        "base64" => Some(ByteEncoding::Base64),
        "text" => Some(ByteEncoding::Text),
        _ => None,
    }
}

/// The options that were not yet looked at.
struct Options<'a> {
    format: String,
    left: BTreeMap<&'a str, &'a str>,
}

impl<'a> Options<'a> {
    fn read(
        format: &str,
        options: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, DeclarationError> {
        let mut left = BTreeMap::new();
        for (option, value) in options {
            if left.insert(option, value).is_some() {
                return Err(DeclarationError::Repeated(option.to_owned()));
            }
        }
        Ok(Self { format: format.to_owned(), left })
    }

    fn value<T>(
        &mut self,
        option: &'static str,
        otherwise: Option<&'static str>,
        expected: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, DeclarationError> {
        let Some(text) = self.left.remove(option).or(otherwise) else {
            let format = self.format.clone();
            return Err(DeclarationError::Missing { format, option, expected });
        };
        read(text).ok_or_else(|| DeclarationError::Value {
            format: self.format.clone(),
            option,
            expected,
        })
    }

    fn none_left(self) -> Result<(), DeclarationError> {
        match self.left.into_keys().next() {
            None => Ok(()),
            Some(option) => Err(DeclarationError::UnknownOption {
                format: self.format,
                option: option.to_owned(),
            }),
        }
    }
}
