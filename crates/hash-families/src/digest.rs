//! The plain digests that some families are made of.

use std::fmt;

use crate::family::without_scheme;

/// A digest that passwords were once stored as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DigestAlgorithm {
    /// MD5 (RFC 1321), 16 bytes.
    Md5,
    /// SHA-1 (FIPS 180-4), 20 bytes.
    Sha1,
    /// SHA-256, 32 bytes.
    Sha256,
    /// SHA-384, 48 bytes.
    Sha384,
    /// SHA-512, 64 bytes.
    Sha512,
}

impl DigestAlgorithm {
    /// Every one of them.
    pub const ALL: [Self; 5] = [Self::Md5, Self::Sha1, Self::Sha256, Self::Sha384, Self::Sha512];

    /// The name, which never changes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// The one with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// How long a digest is, in bytes.
    pub const fn digest_bytes(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// What a text of an LDAP directory says it is: the digest, whether it is salted, and what follows.
    pub(crate) fn of_ldap(text: &str) -> Option<(Self, bool, &str)> {
        const SCHEMES: [(&str, DigestAlgorithm, bool); 10] = [
            ("{MD5}", DigestAlgorithm::Md5, false),
            ("{SMD5}", DigestAlgorithm::Md5, true),
            ("{SHA}", DigestAlgorithm::Sha1, false),
            ("{SSHA}", DigestAlgorithm::Sha1, true),
            ("{SHA256}", DigestAlgorithm::Sha256, false),
            ("{SSHA256}", DigestAlgorithm::Sha256, true),
            ("{SHA384}", DigestAlgorithm::Sha384, false),
            ("{SSHA384}", DigestAlgorithm::Sha384, true),
            ("{SHA512}", DigestAlgorithm::Sha512, false),
            ("{SSHA512}", DigestAlgorithm::Sha512, true),
        ];
        SCHEMES.iter().find_map(|(scheme, algorithm, salted)| {
            Some((*algorithm, *salted, without_scheme(text, scheme)?))
        })
    }

    /// The digest of `parts`, one after the other.
    #[cfg(any(feature = "aspnet", feature = "ldap", feature = "salted-digest"))]
    pub(crate) fn of(self, parts: &[&[u8]]) -> zeroize::Zeroizing<Vec<u8>> {
        fn digest<D: sha2::Digest>(parts: &[&[u8]]) -> Vec<u8> {
            let mut digest = D::new();
            for part in parts {
                digest.update(part);
            }
            digest.finalize().to_vec()
        }
        zeroize::Zeroizing::new(match self {
            Self::Md5 => digest::<md5::Md5>(parts),
            Self::Sha1 => digest::<sha1::Sha1>(parts),
            Self::Sha256 => digest::<sha2::Sha256>(parts),
            Self::Sha384 => digest::<sha2::Sha384>(parts),
            Self::Sha512 => digest::<sha2::Sha512>(parts),
        })
    }
}

impl fmt::Display for DigestAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
