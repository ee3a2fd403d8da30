//! crypt(3) over SHA-256 and SHA-512, by Ulrich Drepper: `$5$rounds=5000$salt$tag` and `$6$…`. Without
//! `rounds=` it takes 5000.

use std::ops::RangeInclusive;

use sha_crypt::password_hash::{Error, PasswordVerifier};
use sha_crypt::{PasswordHashRef, ShaCrypt as Algorithm};
use zeroize::Zeroizing;

use crate::foreign_hash::StoredHash;
use crate::reading::CRYPT;
use crate::{Family, FormatError, Projects, VerifyError};

const FAMILY: Family = Family::ShaCrypt;

/// 1000 is the least that the algorithm knows. Systems write 5000 by default, passlib 656 000; a million
/// take a second, and some seconds for a long password.
const ROUNDS: RangeInclusive<u32> = 1000..=1_000_000;
const DEFAULT_ROUNDS: u32 = 5000;

/// A longer password is never right, as with libxcrypt: each round hashes it up to three times.
const PASSWORD_BYTES: usize = 511;

const MEMORY_BYTES: usize = 8 * 1024;

/// One hash of crypt(3) over SHA-2.
pub(crate) struct ShaCrypt {
    name: &'static str,
    rounds: u32,
    text: Zeroizing<String>,
}

impl ShaCrypt {
    pub(crate) fn parse(text: &str) -> Result<Self, FormatError> {
        let damaged = FAMILY.damaged("not of the form $5$salt$tag or $6$salt$tag");
        let mut parts = text.split('$');
        let (name, length) = match (parts.next(), parts.next()) {
            (Some(""), Some("5")) => ("sha256", 32),
            (Some(""), Some("6")) => ("sha512", 64),
            _ => return Err(damaged),
        };
        let mut salt = parts.next().ok_or(damaged.clone())?;
        let mut rounds = DEFAULT_ROUNDS;
        if salt.starts_with("rounds=") {
            rounds = FAMILY.named_number("rounds", salt, "rounds=", ROUNDS)?;
            salt = parts.next().ok_or(damaged.clone())?;
        }
        let (Some(tag), None) = (parts.next(), parts.next()) else {
            return Err(damaged);
        };
        // Without a salt, its reader would take the tag for one.
        FAMILY.bounded("salt", salt.len() as u64, 1..=16)?;
        FAMILY.bytes("tag", &CRYPT, tag, length..=length)?;
        // The crate reads the text again; what it does not take now it would not take later.
        PasswordHashRef::new(text).map_err(|_| FAMILY.damaged("salt"))?;
        Ok(Self { name, rounds, text: Zeroizing::new(text.to_owned()) })
    }
}

impl StoredHash for ShaCrypt {
    fn verify(&self, password: &[u8], _: &Projects) -> Result<bool, VerifyError> {
        if password.len() > PASSWORD_BYTES {
            return Ok(false);
        }
        match Algorithm::default().verify_password(password, self.text.as_str()) {
            Ok(()) => Ok(true),
            Err(Error::PasswordInvalid) => Ok(false),
            Err(_) => Err(VerifyError::Algorithm { family: FAMILY, what: "refused the hash" }),
        }
    }

    fn determines(&self, _: &[u8]) -> bool {
        true
    }

    fn memory_bytes(&self) -> usize {
        MEMORY_BYTES
    }

    fn costs(&self) -> String {
        format!("{} rounds={}", self.name, self.rounds)
    }
}
