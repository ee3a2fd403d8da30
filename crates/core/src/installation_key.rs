use std::fmt;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{Plaintext, Randomness, RandomnessError};

/// The secret of one installation: 256 random bits that stand beside the database and not in it.
///
/// It encrypts what must be readable again (OTP secrets) and keys the digests of what could be
/// guessed (identifiers of no account, short one-time codes). Every node on one database needs the
/// same key.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct InstallationKey([u8; 32]);

/// The text is no installation key, or sealed bytes were made with another key or for another use.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum InstallationKeyError {
    /// Not 43 characters of base64url.
    #[error("an installation key is 43 characters of base64url (32 bytes)")]
    Malformed,
    /// The bytes cannot be opened with this key.
    #[error("sealed with another installation key, or damaged")]
    WrongKey,
}

impl InstallationKey {
    /// A fresh random key.
    ///
    /// # Errors
    /// When the random source has no bytes to give.
    pub fn generate(randomness: &dyn Randomness) -> Result<Self, RandomnessError> {
        let mut bytes = [0; 32];
        randomness.fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// The key made of these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads a key from its text form; white space around it is ignored.
    ///
    /// # Errors
    /// When the text is none.
    pub fn from_text(text: &Plaintext) -> Result<Self, InstallationKeyError> {
        let bytes = BASE64URL_NOPAD
            .decode(text.expose().trim().as_bytes())
            .map(Zeroizing::new)
            .map_err(|_| InstallationKeyError::Malformed)?;
        let bytes = bytes.as_slice().try_into().map_err(|_| InstallationKeyError::Malformed)?;
        Ok(Self(bytes))
    }

    /// The key's text form, for a file that only the service may read.
    pub fn to_text(&self) -> Plaintext {
        Plaintext::new(BASE64URL_NOPAD.encode(&self.0))
    }

    /// A keyed digest (HMAC-SHA-256) of `parts` for one `purpose`. Parts do not run together.
    pub fn digest(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.mac();
        for part in std::iter::once(&purpose.as_bytes()).chain(parts) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// Encrypts `secret` (XChaCha20-Poly1305) so that it opens only for the same `purpose`.
    ///
    /// # Errors
    /// When the random source has no bytes to give.
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

    /// Opens what [`seal`](Self::seal) made for the same `purpose`.
    ///
    /// # Errors
    /// When it was sealed with another key or for another purpose, or is damaged.
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
        // RFC 2104 fills a key up to the 64 bytes of a block with zeros.
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
    fn sealed_secrets_open_with_the_same_key_and_purpose_only() {
        let key = InstallationKey::from_bytes([1; 32]);
        let sealed = key.seal(b"otp:1", b"secret", &SystemRandomness).unwrap();
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
        assert_eq!(key.open(b"otp:1", &sealed).unwrap().as_slice(), b"secret");
        assert!(key.open(b"otp:2", &sealed).is_err());
        assert!(InstallationKey::from_bytes([2; 32]).open(b"otp:1", &sealed).is_err());
        assert!(key.open(b"otp:1", &sealed[..10]).is_err());
    }

    #[test]
    fn keys_survive_their_text_form() {
        let key = InstallationKey::generate(&SystemRandomness).unwrap();
        let text = Plaintext::new(format!("{}\n", key.to_text().expose()));
        let again = InstallationKey::from_text(&text).unwrap();
        assert_eq!(key.digest("x", &[b"y"]), again.digest("x", &[b"y"]));
        assert!(InstallationKey::from_text(&Plaintext::from("short")).is_err());
        assert_eq!(format!("{key:?}"), "InstallationKey(..)");
    }
}
