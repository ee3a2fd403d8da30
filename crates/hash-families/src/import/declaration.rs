//! Parses an [`ImportFormat`] from its name and options.

use std::collections::BTreeMap;
use std::str::FromStr;

use super::{ByteEncoding, ImportFormat, SaltLayout};
use crate::DigestAlgorithm;

/// A name and options are not a valid [`ImportFormat`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeclarationError {
    /// No format has this name.
    #[error("unknown import format `{name}`; known are {formats}", formats = FORMATS.join(", "))]
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
    /// An option is given twice.
    #[error("the option `{0}` is given twice")]
    Repeated(String),
    /// The format needs the option.
    #[error("the import format `{format}` needs the option `{option}`: {expected}")]
    Missing {
        /// The format.
        format: String,
        /// The option.
        option: &'static str,
        /// The accepted values.
        expected: &'static str,
    },
    /// The value of an option is not valid.
    #[error("the option `{option}` of the import format `{format}` must be {expected}")]
    Value {
        /// The format.
        format: String,
        /// The option.
        option: &'static str,
        /// The accepted values.
        expected: &'static str,
    },
}

const FORMATS: [&str; 23] = [
    "self-describing",
    "aspnet-membership",
    "better-auth",
    "crypt",
    "devise",
    "django",
    "dovecot",
    "firebase",
    "joomla",
    "keycloak",
    "magento",
    "meteor",
    "mybb",
    "mysql",
    "nt",
    "okta",
    "opencart",
    "pbkdf2",
    "salted-digest",
    "spring",
    "symfony",
    "vbulletin",
    "werkzeug",
];

impl ImportFormat {
    /// Returns the format with this name and options.
    ///
    /// | name | options |
    /// | --- | --- |
    /// | `self-describing`, `better-auth`, `crypt`, `django`, `dovecot`, `joomla`, `keycloak`, `magento`, `meteor`, `mybb`, `mysql`, `nt`, `okta`, `opencart`, `spring`, `vbulletin`, `werkzeug` | none |
    /// | `salted-digest` | `algorithm`: `md5`, `sha1`, `sha256`, `sha384` or `sha512`; `layout`: `salt-first`, `salt-last`, `salt-first-twice` or `none`; `digest`: `hex` (default) or `base64`; `salt`: `text` (default), `hex` or `base64` |
    /// | `aspnet-membership` | `algorithm`: `sha1` (default) or `sha256` |
    /// | `firebase` | `project`: any name for the project; `rounds`, `mem-cost`, `salt-separator`: the project's hash parameters |
    /// | `devise` | `pepper`: any name for the pepper |
    /// | `pbkdf2` | `algorithm`: `sha1`, `sha256` or `sha512`; `iterations`; `digest`: `hex` (default) or `base64`; `salt`: `text` (default), `hex` or `base64` |
    /// | `symfony` | `algorithm`: as of `salted-digest`, default `sha512`; `iterations`: default 5000; `digest`: `base64` (default) or `hex` |
    ///
    /// # Errors
    /// If the format is unknown, or an option is unknown, repeated, missing or invalid.
    pub fn from_options<'a>(
        name: &str,
        options: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, DeclarationError> {
        let mut options = Options::new(name, options)?;
        let format = match name {
            "self-describing" => Self::SelfDescribing,
            "django" => Self::Django,
            "nt" => Self::NtHash,
            "better-auth" => Self::BetterAuth,
            "crypt" => Self::Crypt,
            "dovecot" => Self::Dovecot,
            "joomla" => Self::Joomla,
            "keycloak" => Self::Keycloak,
            "magento" => Self::Magento,
            "meteor" => Self::Meteor,
            "mybb" => Self::MyBb,
            "mysql" => Self::Mysql,
            "okta" => Self::Okta,
            "opencart" => Self::OpenCart,
            "spring" => Self::Spring,
            "vbulletin" => Self::VBulletin,
            "werkzeug" => Self::Werkzeug,
            "salted-digest" => Self::SaltedDigest {
                algorithm: options.value(
                    "algorithm",
                    None,
                    "one of md5, sha1, sha256, sha384, sha512",
                    DigestAlgorithm::from_name,
                )?,
                layout: options.value(
                    "layout",
                    None,
                    "one of salt-first, salt-last, salt-first-twice, none",
                    |layout| match layout {
                        "none" => Some(None),
                        layout => SaltLayout::from_name(layout).map(Some),
                    },
                )?,
                digest: options.digest("hex")?,
                salt: options.salt()?,
            },
            "pbkdf2" => Self::Pbkdf2 {
                algorithm: options.value(
                    "algorithm",
                    None,
                    "one of sha1, sha256, sha512",
                    |name| match name {
                        "sha1" | "sha256" | "sha512" => DigestAlgorithm::from_name(name),
                        _ => None,
                    },
                )?,
                iterations: options
                    .value("iterations", None, "a number", |text| text.parse().ok())?,
                digest: options.digest("hex")?,
                salt: options.salt()?,
            },
            "symfony" => Self::Symfony {
                algorithm: options.value(
                    "algorithm",
                    Some("sha512"),
                    "one of md5, sha1, sha256, sha384, sha512",
                    DigestAlgorithm::from_name,
                )?,
                iterations: options
                    .value("iterations", Some("5000"), "a number", |text| text.parse().ok())?,
                digest: options.digest("base64")?,
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
            "devise" => Self::Devise { pepper: options.name("pepper")? },
            "firebase" => Self::Firebase {
                project: options.name("project")?,
                rounds: options.value("rounds", None, "a number", |text| text.parse().ok())?,
                mem_cost: options.value("mem-cost", None, "a number", |text| text.parse().ok())?,
                salt_separator: options.value("salt-separator", None, "Base64", |text| {
                    ByteEncoding::Base64.decode("salt separator", text).ok()
                })?,
            },
            _ => return Err(DeclarationError::UnknownFormat { name: name.to_owned() }),
        };
        options.finish()?;
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

/// The options that are not parsed yet.
struct Options<'a> {
    format: String,
    remaining: BTreeMap<&'a str, &'a str>,
}

impl<'a> Options<'a> {
    fn new(
        format: &str,
        options: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, DeclarationError> {
        let mut remaining = BTreeMap::new();
        for (option, value) in options {
            if remaining.insert(option, value).is_some() {
                return Err(DeclarationError::Repeated(option.to_owned()));
            }
        }
        Ok(Self { format: format.to_owned(), remaining })
    }

    fn value<T>(
        &mut self,
        option: &'static str,
        default: Option<&'static str>,
        expected: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, DeclarationError> {
        let Some(text) = self.remaining.remove(option).or(default) else {
            let format = self.format.clone();
            return Err(DeclarationError::Missing { format, option, expected });
        };
        parse(text).ok_or_else(|| DeclarationError::Value {
            format: self.format.clone(),
            option,
            expected,
        })
    }

    /// The name of a project or pepper.
    fn name(&mut self, option: &'static str) -> Result<String, DeclarationError> {
        self.value(option, None, "a name of at most 64 letters, digits and -_.:", |name| {
            super::is_project_name(name).then(|| name.to_owned())
        })
    }

    /// The encoding of the digest.
    fn digest(&mut self, default: &'static str) -> Result<ByteEncoding, DeclarationError> {
        self.value("digest", Some(default), "one of hex, base64", |encoding| {
            byte_encoding(encoding).filter(|encoding| *encoding != ByteEncoding::Text)
        })
    }

    /// The encoding of the salt.
    fn salt(&mut self) -> Result<ByteEncoding, DeclarationError> {
        self.value("salt", Some("text"), "one of text, hex, base64", byte_encoding)
    }

    fn finish(self) -> Result<(), DeclarationError> {
        match self.remaining.into_keys().next() {
            None => Ok(()),
            Some(option) => Err(DeclarationError::UnknownOption {
                format: self.format,
                option: option.to_owned(),
            }),
        }
    }
}
/// Parses a format with its options: `NAME`, or `NAME:OPTION=VALUE,…`.
impl FromStr for ImportFormat {
    type Err = DeclarationError;

    fn from_str(text: &str) -> Result<Self, DeclarationError> {
        let (name, options) = text.split_once(':').unwrap_or((text, ""));
        let options = options.split(',').filter(|option| !option.is_empty());
        Self::from_options(
            name,
            options.map(|option| option.split_once('=').unwrap_or((option, ""))),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_names_with_options() {
        assert_eq!("nt".parse(), Ok(ImportFormat::NtHash));
        let firebase = "firebase:project=shop,rounds=8,mem-cost=14,salt-separator=Bw==";
        assert!(matches!(
            firebase.parse(),
            Ok(ImportFormat::Firebase { rounds: 8, mem_cost: 14, salt_separator, .. })
                if salt_separator == [7]
        ));
        for (bad, part) in [
            ("", "unknown import format"),
            ("md5", "unknown import format `md5`"),
            ("nt:layout=none", "no option `layout`"),
            ("salted-digest:algorithm=sha1", "needs the option `layout`"),
            ("salted-digest:algorithm,layout=none", "`algorithm`"),
        ] {
            let reason = bad.parse::<ImportFormat>().unwrap_err().to_string();
            assert!(reason.contains(part), "{bad}: {reason}");
        }
    }
}
