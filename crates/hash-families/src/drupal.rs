//! Drupal 7 to 10.0: phpass over SHA-512, `$S$Dsaltsalttag`, with the tag cut to 43 characters.
//! `U$S$…` is a hash of the hexadecimal MD5 that Drupal 6 had stored. Drupal's forms trim passwords.

use std::ops::RangeInclusive;
use std::time::Duration;

use data_encoding::HEXLOWER;
use md5::{Digest, Md5};
use sha2::Sha512;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::cleaned::trimmed;
use crate::foreign_hash::StoredHash;
use crate::parsing::{CRYPT, crypt_value};
use crate::phpass::Stretching;
use crate::{DigestAlgorithm, Family, FormatError, Projects, VerifyError};

const FAMILY: Family = Family::Drupal;

/// log₂ of the rounds. Drupal supports 7 to 30 and writes 15 or 16. As each round hashes the
/// password, 19 takes seconds for the longest passwords.
const LOG_ROUNDS: RangeInclusive<u64> = 7..=19;

/// Longer passwords are refused, as by Drupal.
const PASSWORD_BYTES: usize = 512;

const TAG_CHARACTERS: usize = 43;
/// One hash of Drupal.
pub(crate) struct Drupal {
    /// Whether the hash is of the MD5 of the password.
    over_md5: bool,
    stretching: Stretching,
    tag: String,
}

impl Drupal {
    pub(crate) fn parse(text: &str) -> Result<Self, FormatError> {
        let (over_md5, text) = match text.strip_prefix('U') {
            Some(text) => (true, text),
            None => (false, text),
        };
        let rest =
            text.strip_prefix("$S$").ok_or(FAMILY.damaged("the prefix is not $S$ or U$S$"))?;
        let (stretching, tag) = Stretching::parse(FAMILY, rest, LOG_ROUNDS)?;
        if tag.len() != TAG_CHARACTERS || tag.bytes().any(|byte| crypt_value(byte).is_none()) {
            return Err(FAMILY.damaged("tag"));
        }
        Ok(Self { over_md5, stretching, tag: tag.to_owned() })
    }
}

impl StoredHash for Drupal {
    fn verify(&self, password: &[u8], _: &Projects) -> Result<bool, VerifyError> {
        let password = trimmed(password);
        if password.len() > PASSWORD_BYTES {
            return Ok(false);
        }
        let digest = if self.over_md5 {
            let md5 = Zeroizing::new(HEXLOWER.encode(&Md5::digest(password)));
            self.stretching.digest::<Sha512>(md5.as_bytes())
        } else {
            self.stretching.digest::<Sha512>(password)
        };
        let tag = Zeroizing::new(CRYPT.encode(&digest));
        Ok(tag.as_bytes()[..TAG_CHARACTERS].ct_eq(self.tag.as_bytes()).into())
    }

    fn determines(&self, password: &[u8]) -> bool {
        trimmed(password) == password
    }

    fn time(&self) -> Duration {
        self.stretching.time(DigestAlgorithm::Sha512, PASSWORD_BYTES as u64)
    }

    fn costs(&self) -> String {
        self.stretching.costs()
    }
}
