//! Secrets that repass generates: keys, access tokens and reset tokens.

use std::fmt;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{Plaintext, Randomness, RandomnessError};

/// SHA-256 of a secret that repass issued. Stores keep the digest and never the secret.
///
/// A plain SHA-256 is enough, because the secret holds 256 random bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// Hashes a presented secret.
    pub fn from_secret(secret: &Plaintext) -> Self {
        Self::from_identifier(secret.expose().as_bytes())
    }

    /// Hashes a unique identifier, such as issuer and id of a signed token.
    pub fn from_identifier(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Takes a digest that a store read.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes of the digest, for a store.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Four bytes distinguish digests in a trace, and are too few to look one up.
        write!(f, "TokenDigest({}..)", HEXLOWER.encode(&self.0[..4]))
    }
}

/// Generates a secret of 256 random bits, written as 43 characters of base64url.
///
/// # Errors
/// When the random source fails.
pub fn issue(randomness: &dyn Randomness) -> Result<(Plaintext, TokenDigest), RandomnessError> {
    let mut bytes = Zeroizing::new([0; 32]);
    randomness.fill(bytes.as_mut())?;
    let secret = Plaintext::new(BASE64URL_NOPAD.encode(bytes.as_ref()));
    let digest = TokenDigest::from_secret(&secret);
    Ok((secret, digest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemRandomness;

    /// Proves ASVS 6.5.2, ASVS 6.5.3, ASVS 6.5.4.
    #[test]
    fn asvs_6_5_1_issued_secrets_are_random_and_only_their_digest_is_kept() {
        let (one, digest) = issue(&SystemRandomness).unwrap();
        let (two, _) = issue(&SystemRandomness).unwrap();
        assert_eq!(one.expose().len(), 43);
        assert!(!one.same_as(&two));
        assert_eq!(TokenDigest::from_secret(&one), digest);
    }
}
