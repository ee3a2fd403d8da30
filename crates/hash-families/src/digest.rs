//! The digest algorithms of some families.

use std::fmt;

use crate::family::strip_scheme;

/// A digest algorithm.
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
    /// All algorithms.
    pub const ALL: [Self; 5] = [Self::Md5, Self::Sha1, Self::Sha256, Self::Sha384, Self::Sha512];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// Returns the algorithm with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// The length of a digest, in bytes.
    pub const fn digest_bytes(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// Splits the scheme off an LDAP hash. Returns the algorithm, whether it is salted, and the
    /// rest.
    pub(crate) fn from_ldap_scheme(text: &str) -> Option<(Self, bool, &str)> {
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
            Some((*algorithm, *salted, strip_scheme(text, scheme)?))
        })
    }

    /// Returns the digest of the concatenated `parts`.
    #[cfg(any(
        feature = "aspnet",
        feature = "forums",
        feature = "ldap",
        feature = "mediawiki",
        feature = "mssql",
        feature = "mysql",
        feature = "oracle",
        feature = "salted-digest",
        feature = "spring",
        feature = "symfony"
    ))]
    pub(crate) fn digest(self, parts: &[&[u8]]) -> zeroize::Zeroizing<Vec<u8>> {
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

/// Returns an HMAC of `message`; errors name `family`.
#[cfg(any(feature = "crypt", feature = "scram", feature = "werkzeug"))]
pub(crate) fn hmac<M: hmac::KeyInit + hmac::Mac>(
    family: crate::Family,
    key: &[u8],
    message: &[u8],
) -> Result<zeroize::Zeroizing<Vec<u8>>, crate::VerifyError> {
    let mac = <M as hmac::KeyInit>::new_from_slice(key)
        .map_err(|_| crate::VerifyError::Algorithm { family, reason: "HMAC key" })?;
    Ok(zeroize::Zeroizing::new(mac.chain_update(message).finalize().into_bytes().to_vec()))
}

impl fmt::Display for DigestAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
