//! `caching_sha2_password` of MySQL 8: crypt(3) over SHA-256 with a salt of 20 bytes of any value.
//!
//! MySQL stores `$A$005$`, the salt and 43 characters, which `SHOW CREATE USER` prints in
//! hexadecimal (`print_identified_with_as_hex`). The import writes `$mysql-sha2$005$salt$tag` with
//! the salt in hexadecimal. The crate `sha-crypt` cuts salts to 16 bytes, so the algorithm is here.

use std::time::Duration;

use data_encoding::HEXLOWER_PERMISSIVE;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::cost;
use crate::foreign_hash::StoredHash;
use crate::parsing::{CRYPT, SHA256_ORDER, split};
use crate::{DigestAlgorithm, Family, FormatError, Projects, VerifyError};

const FAMILY: Family = Family::MysqlSha2;
const SALT_BYTES: u64 = 20;
const DIGEST_BYTES: usize = SHA256_ORDER.len();

/// MySQL writes thousands of rounds as three hexadecimal digits, by default and since 8.0.24 only
/// if configured otherwise 005.
const THOUSANDS: std::ops::RangeInclusive<u64> = 5..=1000;

/// Longer passwords are refused, as by MySQL.
const PASSWORD_BYTES: usize = 256;

/// One hash of `caching_sha2_password`.
pub(crate) struct MysqlSha2 {
    rounds: u64,
    salt: Vec<u8>,
    tag: Vec<u8>,
}

impl MysqlSha2 {
    pub(crate) fn parse(text: &str) -> Result<Self, FormatError> {
        let Some(["", "mysql-sha2", thousands, salt, tag]) = split(text, '$') else {
            return Err(FAMILY.damaged("the form is not $mysql-sha2$005$salt$tag"));
        };
        let digits = thousands.len() == 3 && thousands.bytes().all(|byte| byte.is_ascii_hexdigit());
        let thousands = u64::from_str_radix(thousands, 16).ok().filter(|_| digits);
        let thousands = thousands.ok_or(FAMILY.damaged("rounds"))?;
        let rounds = 1000 * FAMILY.check_bounds("thousands of rounds", thousands, THOUSANDS)?;
        let salt = FAMILY.decode("salt", &HEXLOWER_PERMISSIVE, salt, SALT_BYTES..=SALT_BYTES)?;
        let length = DIGEST_BYTES as u64;
        let tag = FAMILY.decode("tag", &CRYPT, tag, length..=length)?;
        Ok(Self { rounds, salt, tag })
    }

    /// SHA-crypt (Drepper's specification), without its limit of the salt.
    fn digest(&self, password: &[u8]) -> Zeroizing<Vec<u8>> {
        let sha256 = |parts: &[&[u8]]| DigestAlgorithm::Sha256.digest(parts);
        let salt = self.salt.as_slice();
        let alternate = sha256(&[password, salt, password]);
        let filled = repeated(&alternate, password.len());
        let mut parts = vec![password, salt, filled.as_slice()];
        let mut length = password.len();
        while length > 0 {
            parts.push(if length & 1 == 1 { &alternate } else { password });
            length >>= 1;
        }
        let mut digest = sha256(&parts);
        let key = repeated(&sha256(&vec![password; password.len()]), password.len());
        let salt_count = 16 + usize::from(digest[0]);
        let salt = repeated(&sha256(&vec![salt; salt_count]), salt.len());
        for round in 0..self.rounds {
            let odd = round % 2 == 1;
            let salt: &[u8] = if round % 3 == 0 { &[] } else { &salt };
            let extra: &[u8] = if round % 7 == 0 { &[] } else { &key };
            digest = if odd {
                sha256(&[&key, salt, extra, &digest])
            } else {
                sha256(&[&digest, salt, extra, &key])
            };
        }
        digest
    }
}

/// Returns `length` bytes of the repeated digest.
fn repeated(digest: &[u8], length: usize) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(digest.iter().copied().cycle().take(length).collect())
}

impl StoredHash for MysqlSha2 {
    fn verify(&self, password: &[u8], _: &Projects) -> Result<bool, VerifyError> {
        if password.len() > PASSWORD_BYTES {
            return Ok(false);
        }
        let digest = self.digest(password);
        let tag = Zeroizing::new(SHA256_ORDER.map(|at| digest[at]));
        Ok(tag.as_slice().ct_eq(&self.tag).into())
    }

    fn determines(&self, _: &[u8]) -> bool {
        true
    }

    fn time(&self) -> Duration {
        // Each round hashes the password up to twice.
        let bytes = 2 * PASSWORD_BYTES as u64 + SALT_BYTES + DIGEST_BYTES as u64;
        cost::digests(DigestAlgorithm::Sha256, self.rounds, bytes)
    }

    fn costs(&self) -> String {
        format!("sha256 rounds={}", self.rounds)
    }
}
