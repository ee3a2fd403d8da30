use std::fmt;

use serde::{Deserialize, Deserializer};
use subtle::ConstantTimeEq;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};
use zeroize::Zeroizing;

/// Secret text: a password, a token, a key or a one-time code.
///
/// It is wiped from memory when dropped. It has no `Clone` and no `Serialize`, and its `Debug` is
/// redacted, so that it cannot get into a log or a response by accident. Only
/// [`expose`](Self::expose) reads it.
pub struct Plaintext(Zeroizing<String>);

impl Plaintext {
    /// The longest password, in bytes, that is hashed or verified. Longer passwords are refused
    /// without being hashed.
    pub const MAX_PASSWORD_BYTES: usize = 4096;

    /// Takes ownership of secret text, so that no copy of it remains elsewhere.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Returns the secret text.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns whether the text is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the length in Unicode code points, as NIST SP 800-63B-4, 3.1.1.2 counts characters.
    /// The code points of Normalization Form C are counted, so that a letter with an accent is one
    /// in any form.
    pub fn code_points(&self) -> usize {
        match self.changed_by_nfc() {
            None => self.0.chars().count(),
            Some(nfc) => nfc.0.chars().count(),
        }
    }

    /// Returns the length in bytes of UTF-8.
    pub fn byte_len(&self) -> usize {
        self.0.len()
    }

    /// Compares two secrets in constant time.
    pub fn same_as(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }

    /// Compares two secrets in constant time after normalization to Form C (Unicode Standard Annex
    /// #15).
    pub fn same_characters_as(&self, other: &Self) -> bool {
        let (own, others) = (self.changed_by_nfc(), other.changed_by_nfc());
        own.as_ref().unwrap_or(self).same_as(others.as_ref().unwrap_or(other))
    }

    /// Returns the text in Normalization Form C; `None` if it is in this form already.
    pub(crate) fn changed_by_nfc(&self) -> Option<Self> {
        if is_nfc_quick(self.0.chars()) == IsNormalized::Yes {
            return None;
        }
        // Form C takes at most three times the bytes (Unicode Standard Annex #15, section 9), so
        // the buffer never reallocates and leaves no copy in memory.
        let mut nfc = Self::new(String::with_capacity(3 * self.0.len()));
        nfc.0.extend(self.0.nfc());
        (nfc.0 != self.0).then_some(nfc)
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
    fn debug_is_redacted() {
        let secret = Plaintext::from("correct horse");
        assert_eq!(format!("{secret:?}"), "Plaintext(..)");
    }

    /// Proves NIST 3.1.1.2 code points.
    #[test]
    fn white_space_is_not_empty() {
        assert!(Plaintext::from("").is_empty());
        assert!(!Plaintext::from(" ").is_empty());
    }

    #[test]
    fn nist_3_1_1_2_a_code_point_counts_as_one() {
        let secret = Plaintext::from("pässwörd🔑");
        assert_eq!(secret.code_points(), 9);
        assert_eq!(secret.byte_len(), 14);
    }

    /// Proves NIST 3.1.1.2 code points.
    #[test]
    fn a_letter_with_an_accent_counts_as_one() {
        let secret = Plaintext::from("e\u{301}te\u{301}");
        assert_eq!((secret.code_points(), secret.byte_len()), (3, 7));
        // There is no combined code point for this letter.
        assert_eq!(Plaintext::from("q\u{301}").code_points(), 2);
    }

    #[test]
    fn comparison_of_characters_ignores_the_form() {
        let secret = Plaintext::from("été");
        let apart = Plaintext::from("e\u{301}te\u{301}");
        assert!(secret.same_characters_as(&apart) && apart.same_characters_as(&secret));
        assert!(apart.same_characters_as(&apart) && !apart.same_as(&secret));
        assert!(!secret.same_characters_as(&Plaintext::from("ete")));
        // The largest growth: a code point of 4 bytes becomes 12.
        let longest = Plaintext::from("\u{1d160}".repeat(10));
        let nfc = longest.changed_by_nfc().unwrap();
        assert_eq!(nfc.byte_len(), 120);
        assert_eq!(nfc.0.capacity(), 120);
    }

    /// Proves ASVS 6.2.8.
    #[test]
    fn comparison_is_exact() {
        let secret = Plaintext::from("abc");
        assert!(secret.same_as(&Plaintext::from("abc")));
        assert!(!secret.same_as(&Plaintext::from("abc ")));
        assert!(!secret.same_as(&Plaintext::from("Abc")));
    }
}
