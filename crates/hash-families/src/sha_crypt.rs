//! crypt(3) over SHA-256 and SHA-512, by Ulrich Drepper: `$5$rounds=5000$salt$tag` and `$6$…`. The
//! default is 5000 rounds.

use std::ops::RangeInclusive;
use std::time::Duration;

use sha_crypt::{Params, sha256_crypt, sha512_crypt};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::cost;
use crate::foreign_hash::StoredHash;
use crate::parsing::{CRYPT, SHA256_ORDER, check_salt};
use crate::{DigestAlgorithm, Family, FormatError, Projects, VerifyError};

const FAMILY: Family = Family::ShaCrypt;

/// 1000 is the minimum of the algorithm. Systems use 5000 by default, passlib 656 000; a million
/// takes a second, and a few seconds for a long password.
const ROUNDS: RangeInclusive<u32> = 1000..=1_000_000;
const DEFAULT_ROUNDS: u32 = 5000;

/// Longer passwords are refused, as by libxcrypt: each round hashes the password up to three times.
const PASSWORD_BYTES: usize = 511;

/// One hash of crypt(3) over SHA-2.
pub(crate) struct ShaCrypt {
    /// 32 bytes for SHA-256, 64 for SHA-512.
    tag: Vec<u8>,
    params: Params,
    rounds: u32,
    salt: String,
}

/// The order in which the bytes of a digest of SHA-512 are written.
const ORDER_512: [usize; 64] = [
    42, 21, 0, 1, 43, 22, 23, 2, 44, 45, 24, 3, 4, 46, 25, 26, 5, 47, 48, 27, 6, 7, 49, 28, 29, 8,
    50, 51, 30, 9, 10, 52, 31, 32, 11, 53, 54, 33, 12, 13, 55, 34, 35, 14, 56, 57, 36, 15, 16, 58,
    37, 38, 17, 59, 60, 39, 18, 19, 61, 40, 41, 20, 62, 63,
];

impl ShaCrypt {
    pub(crate) fn parse(text: &str) -> Result<Self, FormatError> {
        let damaged = FAMILY.damaged("the form is not $5$salt$tag or $6$salt$tag");
        let mut parts = text.split('$');
        let length = match (parts.next(), parts.next()) {
            (Some(""), Some("5")) => 32,
            (Some(""), Some("6")) => 64,
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
        FAMILY.check_bounds("salt", salt.len() as u64, 0..=16)?;
        check_salt(FAMILY, salt)?;
        let tag = FAMILY.decode("tag", &CRYPT, tag, length..=length)?;
        let params = Params::new(rounds).map_err(|_| FAMILY.damaged("rounds"))?;
        Ok(Self { tag, params, rounds, salt: salt.to_owned() })
    }
}

impl StoredHash for ShaCrypt {
    fn verify(&self, password: &[u8], _: &Projects) -> Result<bool, VerifyError> {
        if password.len() > PASSWORD_BYTES {
            return Ok(false);
        }
        let salt = self.salt.as_bytes();
        let tag: Zeroizing<Vec<u8>> = if self.tag.len() == SHA256_ORDER.len() {
            let digest = Zeroizing::new(sha256_crypt(password, salt, self.params));
            Zeroizing::new(SHA256_ORDER.map(|at| digest[at]).to_vec())
        } else {
            let digest = Zeroizing::new(sha512_crypt(password, salt, self.params));
            Zeroizing::new(ORDER_512.map(|at| digest[at]).to_vec())
        };
        Ok(tag.ct_eq(&self.tag).into())
    }

    fn determines(&self, _: &[u8]) -> bool {
        true
    }

    fn time(&self) -> Duration {
        let (algorithm, digest_bytes) = if self.tag.len() == SHA256_ORDER.len() {
            (DigestAlgorithm::Sha256, 32)
        } else {
            (DigestAlgorithm::Sha512, 64)
        };
        // Each round hashes the password up to twice.
        let bytes = 2 * PASSWORD_BYTES as u64 + 16 + digest_bytes;
        cost::digests(algorithm, self.rounds.into(), bytes)
    }

    fn costs(&self) -> String {
        format!("sha{} rounds={}", 8 * self.tag.len(), self.rounds)
    }
}
