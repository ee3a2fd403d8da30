use std::fmt;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{Plaintext, Randomness, RandomnessError};

/// The secret key of one installation: 256 random bits that are not stored in the database.
///
/// It encrypts secrets that must be readable (OTP secrets, mailed reset tokens), and keys the
/// digests of values that could be guessed (unknown identifiers, one-time codes). All nodes of one
/// database need the same key.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct InstallationKey([u8; 32]);

/// An installation key is malformed, or does not fit the sealed bytes.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum InstallationKeyError {
    /// The text is not 43 characters of base64url.
    #[error("an installation key is 43 characters of base64url (32 bytes)")]
    Malformed,
    /// The bytes cannot be decrypted with this key and purpose.
    #[error("sealed with another installation key, or damaged")]
    WrongKey,
}

impl InstallationKey {
    /// Generates a random key.
    ///
    /// # Errors
    /// When the random source fails.
    pub fn generate(randomness: &dyn Randomness) -> Result<Self, RandomnessError> {
        let mut bytes = [0; 32];
        randomness.fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// Creates a key from its bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Parses a key; white space around it is ignored.
    ///
    /// # Errors
    /// When the text is not an installation key.
    pub fn from_text(text: &Plaintext) -> Result<Self, InstallationKeyError> {
        let bytes = BASE64URL_NOPAD
            .decode(text.expose().trim().as_bytes())
            .map(Zeroizing::new)
            .map_err(|_| InstallationKeyError::Malformed)?;
        let bytes = bytes.as_slice().try_into().map_err(|_| InstallationKeyError::Malformed)?;
        Ok(Self(bytes))
    }

    /// Returns the key as text, for a file that only the service may read.
    pub fn to_text(&self) -> Plaintext {
        Plaintext::new(BASE64URL_NOPAD.encode(&self.0))
    }

    /// Returns a keyed digest (HMAC-SHA-256) of `parts` for one `purpose`. The length of each part
    /// is hashed too, so that different splits have different digests.
    pub fn digest(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.mac();
        for part in std::iter::once(&purpose.as_bytes()).chain(parts) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// Encrypts `secret` (XChaCha20-Poly1305), with `purpose` as associated data.
    ///
    /// # Errors
    /// When the random source fails.
    pub fn seal(
        &self,
        purpose: &[u8],
        secret: &[u8],
        randomness: &dyn Randomness,
    ) -> Result<Vec<u8>, RandomnessError> {
        let mut sealed = vec![0; NONCE];
        randomness.fill(&mut sealed)?;
        let nonce = XNonce::try_from(sealed.as_slice())
            .map_err(|_| RandomnessError("nonce of the wrong size".to_owned()))?;
        let encrypted = self
            .cipher()
            .encrypt(&nonce, Payload { msg: secret, aad: purpose })
            .map_err(|_| RandomnessError("secret too long to seal".to_owned()))?;
        sealed.extend(encrypted);
        Ok(sealed)
    }

    /// Decrypts the result of [`seal`](Self::seal) with the same `purpose`.
    ///
    /// # Errors
    /// When the bytes were sealed with another key or purpose, or are damaged.
    pub fn open(
        &self,
        purpose: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, InstallationKeyError> {
        let wrong = InstallationKeyError::WrongKey;
        let Some((nonce, encrypted)) = sealed.split_at_checked(NONCE) else {
            return Err(wrong);
        };
        let Ok(nonce) = XNonce::try_from(nonce) else {
            return Err(wrong);
        };
        self.cipher()
            .decrypt(&nonce, Payload { msg: encrypted, aad: purpose })
            .map(Zeroizing::new)
            .map_err(|_| wrong)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        let key = Zeroizing::new(self.digest("seal", &[]));
        XChaCha20Poly1305::new((&*key).into())
    }

    fn mac(&self) -> Hmac<Sha256> {
        // RFC 2104 pads a key with zeros to the 64 bytes of a block.
        let mut block = Zeroizing::new([0; 64]);
        block[..32].copy_from_slice(&self.0);
        Hmac::new((&*block).into())
    }
}

const NONCE: usize = 24;

impl fmt::Debug for InstallationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InstallationKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemRandomness;

    #[test]
    fn sealed_secrets_are_decrypted_with_the_same_key_and_purpose_only() {
        let key = InstallationKey::from_bytes([1; 32]);
        let sealed = key.seal(b"otp:1", b"secret", &SystemRandomness).unwrap();
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
        assert_eq!(key.open(b"otp:1", &sealed).unwrap().as_slice(), b"secret");
        assert!(key.open(b"otp:2", &sealed).is_err());
        assert!(InstallationKey::from_bytes([2; 32]).open(b"otp:1", &sealed).is_err());
        assert!(key.open(b"otp:1", &sealed[..10]).is_err());
    }

    #[test]
    fn keys_are_written_and_parsed_as_text() {
        let key = InstallationKey::generate(&SystemRandomness).unwrap();
        let text = Plaintext::new(format!("{}\n", key.to_text().expose()));
        let again = InstallationKey::from_text(&text).unwrap();
        assert_eq!(key.digest("x", &[b"y"]), again.digest("x", &[b"y"]));
        assert!(InstallationKey::from_text(&Plaintext::from("short")).is_err());
        assert_eq!(format!("{key:?}"), "InstallationKey(..)");
    }
}
