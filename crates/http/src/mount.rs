use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use repass_core::{Engine, Realm};
use repass_spec::Spec;

/// One API at one place.
#[derive(Clone)]
pub struct Mount {
    name: String,
    spec: Arc<dyn Spec>,
    prefix: Prefix,
    realm: Realm,
    engine: Engine<()>,
}

impl Mount {
    /// An API without a prefix, named as its vendor. `engine` changes the passwords of `realm`, whose
    /// keys and tokens count.
    pub fn new<A>(spec: Arc<dyn Spec>, realm: Realm, engine: &Engine<A>) -> Self {
        let name = spec.name().to_owned();
        Self { name, spec, prefix: Prefix::default(), realm, engine: engine.into() }
    }

    /// The same below a prefix.
    #[must_use]
    pub fn with_prefix(self, prefix: Prefix) -> Self {
        Self { prefix, ..self }
    }

    /// The same by another name in logs, where a vendor is mounted several times.
    #[must_use]
    pub fn with_name(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// The name in logs.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it stands.
    pub fn prefix(&self) -> &Prefix {
        &self.prefix
    }

    /// Whose passwords it changes, and whose keys and tokens it takes.
    pub fn realm(&self) -> &Realm {
        &self.realm
    }

    pub(crate) fn spec(&self) -> &dyn Spec {
        &*self.spec
    }

    pub(crate) fn engine(&self) -> &Engine<()> {
        &self.engine
    }

    /// The part of `path` below the prefix, always with its leading slash; the whole path when it has
    /// not this prefix.
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

/// The part of the path in front of an API's own: empty, or segments such as `/eu/shop`.
///
/// Every segment begins with a slash, is not empty, neither `.` nor `..`, and holds only what RFC
/// 3986 (3.3) lets stand in a path unencoded; no slash ends it. There is no percent-encoding, since
/// one prefix would have several spellings then. It is compared exactly, upper and lower case
/// differ.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Prefix(String);

/// The text is no prefix.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "a prefix is empty, or segments that each begin with '/', without a slash at the end, \
     '.' or '..' segments, query or percent-encoding"
)]
pub struct InvalidPrefix;

impl Prefix {
    /// The prefix as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `path` has this prefix and the prefix ends where a segment of the path does.
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
    let stands_unencoded =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte);
    !matches!(segment, "" | "." | "..") && segment.bytes().all(stands_unencoded)
}

/// The mounts make no service.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum MountError {
    /// There is none.
    #[error("no API is mounted")]
    NoMounts,
    /// The second of them could never be reached.
    #[error("{vendor} is mounted twice below \"{prefix}\"")]
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
        fn whatever_is_taken_is_a_path_of_an_uri(text in "[/a-c.%?#~ ]{0,12}") {
            if let Ok(prefix) = text.parse::<Prefix>() {
                let path = format!("{prefix}/x");
                let uri: http::Uri = path.parse().unwrap();
                prop_assert_eq!(uri.path(), path.as_str());
                prop_assert!(prefix.covers(&path));
            }
        }
    }
}
