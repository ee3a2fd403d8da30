use std::fmt;

use serde::{Deserialize, Deserializer};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Secret text: a password, a token, a key or a one-time code.
///
/// It is wiped from memory when dropped, and has no `Clone`, no `Serialize` and no telling `Debug`,
/// so that it cannot reach a log or an answer by accident. The one way to read it is
/// [`expose`](Self::expose).
pub struct Plaintext(Zeroizing<String>);

impl Plaintext {
    /// The longest password, in bytes, that is ever hashed or verified. A longer one is refused
    /// before it costs a hash.
    pub const MAX_PASSWORD_BYTES: usize = 4096;

    /// Takes ownership of secret text, so that no other copy of it stays behind.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The secret itself, for the few places that must read it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is no text at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Length in Unicode code points, which is how NIST SP 800-63B-4, 3.1.1.2 counts characters.
    pub fn code_points(&self) -> usize {
        self.0.chars().count()
    }

    /// Length in bytes of UTF-8.
    pub fn byte_len(&self) -> usize {
        self.0.len()
    }

    /// Compares two secrets without telling by the time taken where they differ.
    pub fn same_as(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl From<String> for Plaintext {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Plaintext {
    fn from(text: &str) -> Self {
        Self::new(text.to_owned())
    }
}

impl fmt::Debug for Plaintext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Plaintext(..)")
    }
}

impl<'de> Deserialize<'de> for Plaintext {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_tells_nothing() {
        let secret = Plaintext::from("correct horse");
        assert_eq!(format!("{secret:?}"), "Plaintext(..)");
    }

    #[test]
    fn nist_3_1_1_2_a_code_point_counts_as_one() {
        let secret = Plaintext::from("pässwörd🔑");
        assert_eq!(secret.code_points(), 9);
        assert_eq!(secret.byte_len(), 14);
    }

    #[test]
    fn comparison_is_exact() {
        let secret = Plaintext::from("abc");
        assert!(secret.same_as(&Plaintext::from("abc")));
        assert!(!secret.same_as(&Plaintext::from("abc ")));
        assert!(!secret.same_as(&Plaintext::from("Abc")));
    }
}
