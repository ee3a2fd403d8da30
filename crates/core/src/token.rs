//! Secrets that repass generates: keys, access tokens and reset tokens.

use std::fmt;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{Plaintext, Randomness, RandomnessError};

/// SHA-256 of a secret that repass issued. Stores keep the digest and never the secret.
///
/// A plain SHA-256 is enough, because the secret holds 120 random bits or more (ASVS 6.5.2).
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

/// The characters of a code: Crockford's Base32, in which no two characters look alike.
const CODE_ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The number of characters of a code, in groups of [`CODE_GROUP`].
const CODE_LENGTH: usize = 24;

const CODE_GROUP: usize = 4;

/// Generates a secret for a mail, which people can also type: 120 random bits, written as six
/// groups of four characters, such as `7K3M-9QX2-HD4T-B0WN-E8R6-ZC5V`.
///
/// A plain SHA-256 is enough for 112 bits and more (ASVS 6.5.2), and no number of attempts guesses
/// them. So it is as safe as [`issue`]'s secret, and one secret serves the link and those who type.
///
/// # Errors
/// When the random source fails.
pub fn issue_code(
    randomness: &dyn Randomness,
) -> Result<(Plaintext, TokenDigest), RandomnessError> {
    let mut bytes = Zeroizing::new([0; CODE_LENGTH]);
    randomness.fill(bytes.as_mut())?;
    let characters = bytes.iter().map(|byte| char::from(CODE_ALPHABET[usize::from(byte % 32)]));
    let secret = grouped(characters);
    let digest = TokenDigest::from_secret(&secret);
    Ok((secret, digest))
}

/// Returns the code that was typed, as [`issue_code`] wrote it; `None` if the text is no code. It
/// ignores case, white space and hyphens, and reads `O` as zero, `I` and `L` as one.
pub fn read_code(typed: &Plaintext) -> Option<Plaintext> {
    let is_separator = |c: &char| c.is_whitespace() || matches!(c, '-' | '\u{2010}'..='\u{2015}');
    let characters = typed.expose().chars().filter(|c| !is_separator(c));
    if characters.clone().count() != CODE_LENGTH {
        return None;
    }
    let read = characters.map(|c| match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        c => c,
    });
    let is_code = read.clone().all(|c| u8::try_from(c).is_ok_and(|c| CODE_ALPHABET.contains(&c)));
    is_code.then(|| grouped(read))
}

fn grouped(characters: impl Iterator<Item = char>) -> Plaintext {
    // Long enough that it never grows, which would leave copies in memory.
    let mut text = String::with_capacity(CODE_LENGTH + CODE_LENGTH / CODE_GROUP);
    for (at, character) in characters.enumerate() {
        if at > 0 && at % CODE_GROUP == 0 {
            text.push('-');
        }
        text.push(character);
    }
    Plaintext::new(text)
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

    /// Proves ASVS 6.5.2, ASVS 6.5.3.
    #[test]
    fn asvs_6_5_2_a_code_has_120_bits_and_is_read_however_it_is_typed() {
        let (code, digest) = issue_code(&SystemRandomness).unwrap();
        let groups: Vec<&str> = code.expose().split('-').collect();
        assert_eq!((groups.len(), code.expose().len()), (6, 29), "{}", code.expose());
        assert!(groups.iter().all(|group| group.len() == 4));
        let text = code.expose();
        let spellings = [
            text.to_owned(),
            text.to_lowercase(),
            text.replace('-', ""),
            format!(" {} \n", text.replace('-', " \u{2011} ")),
            text.replace('0', "o").replace('1', "l"),
            text.replace('0', "O").replace('1', "I"),
        ];
        for typed in spellings {
            let read = read_code(&Plaintext::from(typed.as_str())).unwrap();
            assert_eq!(TokenDigest::from_secret(&read), digest, "{typed}");
        }
    }

    #[test]
    fn other_texts_are_no_code() {
        let (token, _) = issue(&SystemRandomness).unwrap();
        let long = "0".repeat(25);
        for text in ["", "7K3M", token.expose(), &"U".repeat(24), &"ä".repeat(24), &long] {
            assert!(read_code(&Plaintext::from(text)).is_none(), "{text}");
        }
    }
}
