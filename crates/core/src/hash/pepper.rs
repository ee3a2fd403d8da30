//! Peppers: secret keys that are applied to passwords before hashing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use data_encoding::{BASE64, BASE64_NOPAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::HashError;
use crate::Plaintext;

/// The pepper keys of stored hashes, and the current key for new hashes (NIST SP 800-63B-4,
/// 3.1.1.2; OWASP, Password Storage: peppering).
///
/// A pepper is applied as HMAC-SHA-256 of the password under the key, and the result is hashed with
/// Argon2id. A hash contains the id of its key, so that keys can be rotated: add a key, make it the
/// current one, and keep the old key; each account is rehashed at its next right password. If a key
/// is lost, the hashes that were made with it can no longer be verified.
#[derive(Clone)]
pub struct Peppers {
    keys: BTreeMap<String, Zeroizing<Vec<u8>>>,
    current: Option<String>,
}

/// A pepper key is invalid. No message quotes the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPepper {
    /// The id is invalid.
    #[error("the id of a pepper key is 1 to 8 characters out of a-z, 0-9, - and _")]
    Id,
    /// The key is not Base64.
    #[error("a pepper key is Base64, such as `openssl rand -base64 32` prints")]
    Encoding,
    /// The key is too short or too long.
    #[error("a pepper key has 32 to 1024 bytes")]
    Length,
    /// A key of this id exists already.
    #[error("a pepper key of this id exists already")]
    Repeated,
    /// No key has this id.
    #[error("no pepper key has this id")]
    Unknown,
}

/// Stored hashes were made with pepper keys that are not configured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "there are stored hashes that cannot be verified without the pepper {}",
    keys_named(.ids)
)]
pub struct MissingPeppers {
    /// The ids of the keys; never empty.
    pub ids: BTreeSet<String>,
}

fn keys_named(ids: &BTreeSet<String>) -> String {
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let noun = if ids.len() == 1 { "key" } else { "keys" };
    format!("{noun} {}", ids.join(", "))
}

impl Peppers {
    /// The length of a key in bytes; the least is twice the 128 bits that ASVS 11.2.3 requires.
    pub const KEY_BYTES: std::ops::RangeInclusive<usize> = 32..=1024;

    /// Returns no keys: new hashes have no pepper, and peppered hashes cannot be verified.
    pub fn none() -> Self {
        Self { keys: BTreeMap::new(), current: None }
    }

    /// Adds a key.
    ///
    /// `id` is written into the hashes as `keyid` of the PHC string: 1 to 8 characters of `a-z`,
    /// `0-9`, `-` and `_`. `key` is random and has [`KEY_BYTES`](Self::KEY_BYTES).
    ///
    /// # Errors
    /// When id or key is invalid, or the id exists already.
    pub fn with(mut self, id: &str, key: &[u8]) -> Result<Self, InvalidPepper> {
        if !is_id(id) {
            return Err(InvalidPepper::Id);
        }
        if !Self::KEY_BYTES.contains(&key.len()) {
            return Err(InvalidPepper::Length);
        }
        if self.has(id) {
            return Err(InvalidPepper::Repeated);
        }
        self.keys.insert(id.to_owned(), Zeroizing::new(key.to_vec()));
        Ok(self)
    }

    /// Adds a key in Base64, padded or not.
    ///
    /// # Errors
    /// See [`with`](Self::with).
    pub fn with_encoded(self, id: &str, key: &str) -> Result<Self, InvalidPepper> {
        let encoding = if key.ends_with('=') { BASE64 } else { BASE64_NOPAD };
        let key = encoding.decode(key.as_bytes()).map_err(|_| InvalidPepper::Encoding)?;
        self.with(id, &Zeroizing::new(key))
    }

    /// Sets the key for new hashes. Other hashes need a rehash then.
    ///
    /// # Errors
    /// [`InvalidPepper::Unknown`] when there is no such key.
    pub fn with_current(mut self, id: &str) -> Result<Self, InvalidPepper> {
        if !self.has(id) {
            return Err(InvalidPepper::Unknown);
        }
        self.current = Some(id.to_owned());
        Ok(self)
    }

    /// Returns the id of the key for new hashes.
    pub fn current(&self) -> Option<&str> {
        self.current.as_deref()
    }

    /// Returns the keys by id.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.keys.iter().map(|(id, key)| (id.as_str(), key.as_slice()))
    }

    /// Returns whether there is a key of this id.
    pub fn has(&self, id: &str) -> bool {
        self.keys.contains_key(id)
    }

    /// Checks that all keys exist that [stored hashes need](crate::AdministrationStore::peppers).
    /// Call this at the start: without a key, its accounts cannot change their passwords.
    ///
    /// # Errors
    /// When keys are missing.
    pub fn require(&self, needed: &BTreeSet<String>) -> Result<(), MissingPeppers> {
        let missing = needed.iter().filter(|id| !self.has(id));
        let ids: BTreeSet<String> = missing.cloned().collect();
        if ids.is_empty() { Ok(()) } else { Err(MissingPeppers { ids }) }
    }

    /// Applies the key of this id to `password`.
    pub(super) fn applied(
        &self,
        id: &str,
        password: &Plaintext,
    ) -> Result<Zeroizing<[u8; 32]>, HashError> {
        let unknown = || HashError::UnknownPepper { id: id.to_owned() };
        let key = self.keys.get(id).ok_or_else(unknown)?;
        let mut mac = Hmac::<Sha256>::new_from_slice(key)
            .map_err(|error| HashError::Algorithm(error.to_string()))?;
        mac.update(password.expose().as_bytes());
        Ok(Zeroizing::new(mac.finalize().into_bytes().into()))
    }
}

/// Returns whether `id` is a valid id of a key.
pub(super) fn is_id(id: &str) -> bool {
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    (1..=8).contains(&id.len()) && id.bytes().all(plain)
}

impl fmt::Debug for Peppers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peppers")
            .field("ids", &self.keys.keys())
            .field("current", &self.current)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    #[test]
    fn invalid_ids_and_keys_are_refused() {
        let none = Peppers::none;
        for id in ["", "A", "a b", "nine-char", "ä", "a/b"] {
            assert_eq!(none().with(id, &[1; 32]).unwrap_err(), InvalidPepper::Id, "{id}");
        }
        assert_eq!(none().with("k", &[1; 31]).unwrap_err(), InvalidPepper::Length);
        assert_eq!(none().with("k", &[1; 1025]).unwrap_err(), InvalidPepper::Length);
        let one = || none().with("k", &[1; 32]).unwrap();
        assert_eq!(one().with("k", &[2; 32]).unwrap_err(), InvalidPepper::Repeated);
        assert_eq!(one().with_current("other").unwrap_err(), InvalidPepper::Unknown);
        assert_eq!(one().current(), None);
        assert_eq!(one().with_current("k").unwrap().current(), Some("k"));
    }

    #[test]
    fn keys_are_base64_with_and_without_padding() {
        let padded = BASE64.encode(&[7; 32]);
        for text in [padded.as_str(), padded.trim_end_matches('=')] {
            assert!(Peppers::none().with_encoded("k", text).is_ok(), "{text}");
        }
        for (text, error) in [
            ("hunter2 hunter2 hunter2", InvalidPepper::Encoding),
            ("", InvalidPepper::Length),
            ("AAEC", InvalidPepper::Length),
        ] {
            assert_eq!(Peppers::none().with_encoded("k", text).unwrap_err(), error);
        }
    }

    /// RFC 4231, section 4.2. Its key is too short for `with`, so it is inserted directly.
    #[test]
    fn rfc_4231_test_case_1() {
        let mut peppers = Peppers::none();
        peppers.keys.insert("k".to_owned(), Zeroizing::new(vec![0x0b; 20]));
        let applied = peppers.applied("k", &Plaintext::from("Hi There")).unwrap();
        assert_eq!(
            HEXLOWER.encode(&*applied),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        );
        let missing = peppers.applied("other", &Plaintext::from("Hi There")).unwrap_err();
        assert!(matches!(missing, HashError::UnknownPepper { id } if id == "other"));
    }

    #[test]
    fn missing_keys_are_named() {
        let peppers = Peppers::none().with("k2", &[1; 32]).unwrap();
        let needed = |ids: &[&str]| {
            let ids = ids.iter().map(|id| (*id).to_owned()).collect();
            peppers.require(&ids).map_err(|missing| missing.to_string())
        };
        assert!(peppers.has("k2") && !peppers.has("k1"));
        assert_eq!(needed(&[]), Ok(()));
        assert_eq!(needed(&["k2"]), Ok(()));
        assert!(needed(&["k2", "k1"]).unwrap_err().ends_with(" without the pepper key k1"));
        assert!(needed(&["k3", "k1"]).unwrap_err().ends_with(" without the pepper keys k1, k3"));
    }

    #[test]
    fn debug_shows_no_key() {
        let debug = format!(
            "{:?}",
            Peppers::none().with("k1", b"an unmistakable key, 32 bytes or more").unwrap()
        );
        assert!(
            debug.contains("k1") && !debug.contains("unmistakable") && !debug.contains("97, 110"),
            "{debug}"
        );
    }
}
