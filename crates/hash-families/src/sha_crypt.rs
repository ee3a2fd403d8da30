//! crypt(3) over SHA-256 and SHA-512, by Ulrich Drepper: `$5$rounds=5000$salt$tag` and `$6$…`. The
//! default is 5000 rounds.

use std::ops::RangeInclusive;

use sha_crypt::password_hash::{Error, PasswordVerifier};
use sha_crypt::{PasswordHashRef, ShaCrypt as Algorithm};
use zeroize::Zeroizing;

use crate::foreign_hash::StoredHash;
use crate::parsing::CRYPT;
use crate::{Family, FormatError, Projects, VerifyError};

const FAMILY: Family = Family::ShaCrypt;

/// 1000 is the minimum of the algorithm. Systems use 5000 by default, passlib 656 000; a million
/// takes a second, and a few seconds for a long password.
const ROUNDS: RangeInclusive<u32> = 1000..=1_000_000;
const DEFAULT_ROUNDS: u32 = 5000;

/// Longer passwords are refused, as by libxcrypt: each round hashes the password up to three times.
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
        let damaged = FAMILY.damaged("the form is not $5$salt$tag or $6$salt$tag");
        let mut parts = text.split('$');
        let (name, length) = match (parts.next(), parts.next()) {
            (Some(""), Some("5")) => ("sha256", 32),
            (Some(""), Some("6")) => ("sha512", 64),
            _ => return Err(damaged),
        };
        let mut salt = parts.next().ok_or(damaged.clone())?;
        let mut rounds = DEFAULT_ROUNDS;
        if salt.starts_with("rounds=") {
            rounds = FAMILY.parse_named_number("rounds", salt, "rounds=", ROUNDS)?;
            salt = parts.next().ok_or(damaged.clone())?;
        }
        let (Some(tag), None) = (parts.next(), parts.next()) else {
            return Err(damaged);
        };
        // The crate `sha-crypt` takes the tag for the salt if the salt is empty.
        FAMILY.check_bounds("salt", salt.len() as u64, 1..=16)?;
        FAMILY.decode("tag", &CRYPT, tag, length..=length)?;
        // The verification parses the text again, so refuse here what it would refuse.
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
            Err(_) => Err(VerifyError::Algorithm { family: FAMILY, reason: "refused the hash" }),
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
