//! Drupal 7 and later: phpass over SHA-512, `$S$Dsaltsalttag`, of which the tag is cut to 43
//! characters. `U$S$…` is an account from Drupal 6, whose MD5 in hexadecimal was hashed once more when
//! the site moved to 7.

use std::ops::RangeInclusive;

use data_encoding::HEXLOWER;
use md5::{Digest, Md5};
use sha2::Sha512;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::foreign_hash::StoredHash;
use crate::phpass::Stretching;
use crate::reading::{CRYPT, crypt_value};
use crate::{Family, FormatError, Projects, VerifyError};

const FAMILY: Family = Family::Drupal;

/// log₂ of the rounds. Drupal knows 7 to 30; it writes 15 or 16. Each round hashes the
/// password, so that 19 take seconds for the longest.
const LOG_ROUNDS: RangeInclusive<u64> = 7..=19;

/// A longer password is never right, as with Drupal itself: each round hashes it.
const PASSWORD_BYTES: usize = 512;

const TAG_CHARACTERS: usize = 43;
const MEMORY_BYTES: usize = 8 * 1024;

/// One hash of Drupal.
pub(crate) struct Drupal {
    /// Whether it is of an MD5 and not of the password itself.
    updated: bool,
    stretching: Stretching,
    tag: String,
}

impl Drupal {
    pub(crate) fn parse(text: &str) -> Result<Self, FormatError> {
        let (updated, text) = match text.strip_prefix('U') {
            Some(text) => (true, text),
            None => (false, text),
        };
        let rest =
            text.strip_prefix("$S$").ok_or(FAMILY.damaged("does not begin with $S$ or U$S$"))?;
        let (stretching, tag) = Stretching::read(FAMILY, rest, LOG_ROUNDS)?;
        if tag.len() != TAG_CHARACTERS || tag.bytes().any(|byte| crypt_value(byte).is_none()) {
            return Err(FAMILY.damaged("tag"));
        }
        Ok(Self { updated, stretching, tag: tag.to_owned() })
    }
}

impl StoredHash for Drupal {
    fn verify(&self, password: &[u8], _: &Projects) -> Result<bool, VerifyError> {
        if password.len() > PASSWORD_BYTES {
            return Ok(false);
        }
        let digest = if self.updated {
            let md5 = Zeroizing::new(HEXLOWER.encode(&Md5::digest(password)));
            self.stretching.digest::<Sha512>(md5.as_bytes())
        } else {
            self.stretching.digest::<Sha512>(password)
        };
        let tag = Zeroizing::new(CRYPT.encode(&digest));
        Ok(tag.as_bytes()[..TAG_CHARACTERS].ct_eq(self.tag.as_bytes()).into())
    }

    fn determines(&self, _: &[u8]) -> bool {
        true
    }

    fn memory_bytes(&self) -> usize {
        MEMORY_BYTES
    }

    fn costs(&self) -> String {
        self.stretching.costs()
    }
}
