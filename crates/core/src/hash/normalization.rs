//! Unicode normalization of passwords, as a property of each stored hash.

use crate::Plaintext;

/// The Unicode normalization of a password before it was hashed (NIST SP 800-63B-4, 3.1.1.2).
/// Stored with each hash, so that hashes of other systems still verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Normalization {
    /// None: the bytes are hashed as received. Assumed for hashes of other systems.
    #[default]
    AsReceived,
    /// Normalization Form C of Unicode Standard Annex #15, so that a letter is the same whether a
    /// keyboard sends it as one code point or as a base letter and an accent.
    Nfc,
}

impl Normalization {
    /// The name, for a store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AsReceived => "none",
            Self::Nfc => "nfc",
        }
    }

    /// Returns the normalization of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::AsReceived, Self::Nfc].into_iter().find(|own| own.as_str() == name)
    }

    /// Returns `password` in this form; `None` if it is in this form already.
    pub(super) fn changed(self, password: &Plaintext) -> Option<Plaintext> {
        match self {
            Self::AsReceived => None,
            Self::Nfc => password.changed_by_nfc(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_name_inverts_as_str() {
        for own in [Normalization::AsReceived, Normalization::Nfc] {
            assert_eq!(Normalization::from_name(own.as_str()), Some(own));
        }
        assert_eq!(Normalization::from_name("NFC"), None);
        assert_eq!(Normalization::from_name("nfkc"), None);
    }

    #[test]
    fn only_text_in_another_form_is_changed() {
        let changed = |own: Normalization, text| {
            own.changed(&Plaintext::from(text)).map(|changed| changed.expose().to_owned())
        };
        assert_eq!(changed(Normalization::Nfc, "e\u{301}te\u{301}"), Some("été".to_owned()));
        // NFKC would make other passwords of these.
        assert_eq!(changed(Normalization::Nfc, "ﬁn²"), None);
        assert_eq!(changed(Normalization::Nfc, "plain"), None);
        assert_eq!(changed(Normalization::AsReceived, "e\u{301}"), None);
    }
}
