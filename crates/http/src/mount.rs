use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use repass_core::{CallerAuthenticator, Engine, Realm};
use repass_spec::Spec;

/// One vendor API below a path prefix.
#[derive(Clone)]
pub struct Mount {
    name: String,
    spec: Arc<dyn Spec>,
    prefix: Prefix,
    realm: Realm,
    engine: Engine<()>,
    authenticator: Option<Arc<dyn CallerAuthenticator>>,
}

impl Mount {
    /// Mounts an API without a prefix, named after its vendor. Callers use keys and tokens of
    /// `realm`, and `engine` changes passwords in it.
    pub fn new<A>(spec: Arc<dyn Spec>, realm: Realm, engine: &Engine<A>) -> Self {
        let name = spec.name().to_owned();
        let (prefix, engine) = (Prefix::default(), engine.into());
        Self { name, spec, prefix, realm, engine, authenticator: None }
    }

    /// Sets the path prefix.
    #[must_use]
    pub fn with_prefix(self, prefix: Prefix) -> Self {
        Self { prefix, ..self }
    }

    /// Sets the name in logs, to distinguish several mounts of one vendor.
    #[must_use]
    pub fn with_name(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// Sets what authenticates the callers of this API, in place of the authenticator of the
    /// service.
    #[must_use]
    pub fn with_authenticator(self, authenticator: Arc<dyn CallerAuthenticator>) -> Self {
        Self { authenticator: Some(authenticator), ..self }
    }

    /// The name in logs.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The path prefix.
    pub fn prefix(&self) -> &Prefix {
        &self.prefix
    }

    /// The realm of the accounts, keys and tokens.
    pub fn realm(&self) -> &Realm {
        &self.realm
    }

    pub(crate) fn spec(&self) -> &dyn Spec {
        &*self.spec
    }

    pub(crate) fn engine(&self) -> &Engine<()> {
        &self.engine
    }

    pub(crate) fn authenticator(&self) -> Option<&dyn CallerAuthenticator> {
        self.authenticator.as_deref()
    }

    /// Returns `path` without the prefix, always with a leading slash, or the whole path if it does
    /// not begin with the prefix.
    pub(crate) fn below_prefix<'a>(&self, path: &'a str) -> &'a str {
        let below = path.strip_prefix(self.prefix.as_str()).unwrap_or(path);
        if below.starts_with('/') { below } else { "/" }
    }
}

impl fmt::Debug for Mount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mount")
            .field("name", &self.name)
            .field("spec", &self.spec.name())
            .field("prefix", &self.prefix)
            .field("realm", &self.realm)
            .finish_non_exhaustive()
    }
}

/// A path prefix of an API: empty, or segments such as `/eu/shop`.
///
/// Every segment begins with a slash, is not empty, `.` or `..`, and has only characters that RFC
/// 3986 (3.3) allows unencoded in a path. There is no slash at the end. Percent-encoding is not
/// allowed, as it would give one prefix several spellings. Comparison is exact and case-sensitive.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Prefix(String);

/// The text is not a valid prefix.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "a prefix must be empty or segments that each begin with '/', without a slash at the end, \
     '.' or '..' segments, query or percent-encoding"
)]
pub struct InvalidPrefix;

impl Prefix {
    /// The prefix as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `path` begins with this prefix and the prefix ends at a segment boundary.
    pub(crate) fn covers(&self, path: &str) -> bool {
        path.strip_prefix(&self.0)
            .is_some_and(|rest| rest.starts_with('/') || (rest.is_empty() && !path.is_empty()))
    }
}

impl TryFrom<String> for Prefix {
    type Error = InvalidPrefix;

    fn try_from(text: String) -> Result<Self, InvalidPrefix> {
        let is_valid = match text.strip_prefix('/') {
            Some(segments) => segments.split('/').all(is_segment),
            None => text.is_empty(),
        };
        if is_valid { Ok(Self(text)) } else { Err(InvalidPrefix) }
    }
}

impl FromStr for Prefix {
    type Err = InvalidPrefix;

    fn from_str(text: &str) -> Result<Self, InvalidPrefix> {
        Self::try_from(text.to_owned())
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_segment(segment: &str) -> bool {
    let is_pchar = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte);
    !matches!(segment, "" | "." | "..") && segment.bytes().all(is_pchar)
}

/// The service cannot be built from its mounts.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum MountError {
    /// No API is mounted.
    #[error("no API is mounted")]
    NoMounts,
    /// One vendor is mounted twice below one prefix.
    #[error("{vendor} is mounted twice below \"{prefix}\"; give each mount its own prefix")]
    Twice {
        /// The API's vendor.
        vendor: &'static str,
        /// The prefix of both.
        prefix: Prefix,
    },
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn prefixes_are_plain_segments() {
        for good in ["", "/a", "/eu/shop-1", "/v1.0/~x", "/a:b@c"] {
            assert_eq!(good.parse::<Prefix>().unwrap().as_str(), good);
        }
        let bad = [
            "/",
            "a",
            "a/b",
            "/a/",
            "//a",
            "/a//b",
            "/a?b",
            "/a#b",
            "/a%2Fb",
            "/%41",
            "/.",
            "/..",
            "/a/../b",
            "/a b",
            "/ä",
            "/a\n",
            "https://a",
        ];
        for text in bad {
            assert_eq!(text.parse::<Prefix>(), Err(InvalidPrefix), "{text}");
        }
    }

    #[test]
    fn a_prefix_ends_at_a_segment_boundary() {
        let prefix: Prefix = "/shop".parse().unwrap();
        assert!(prefix.covers("/shop") && prefix.covers("/shop/") && prefix.covers("/shop/x"));
        assert!(!prefix.covers("/shopping") && !prefix.covers("/Shop/x") && !prefix.covers("/"));
        assert!(!prefix.covers("/%73hop/x"));
        let root = Prefix::default();
        assert!(root.covers("/") && root.covers("/x"));
        assert!(!root.covers("*") && !root.covers(""));
    }

    proptest! {
        #[test]
        fn every_valid_prefix_is_a_uri_path(text in "[/a-c.%?#~ ]{0,12}") {
            if let Ok(prefix) = text.parse::<Prefix>() {
                let path = format!("{prefix}/x");
                let uri: http::Uri = path.parse().unwrap();
                prop_assert_eq!(uri.path(), path.as_str());
                prop_assert!(prefix.covers(&path));
            }
        }
    }
}
