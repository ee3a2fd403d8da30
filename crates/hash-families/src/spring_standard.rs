//! `StandardPasswordEncoder` of Spring Security: 1024 times SHA-256, first of a salt of eight bytes
//! and the password.
//!
//! Spring writes `{sha256}`, and salt and digest in hexadecimal. The import writes
//! `$spring-standard$` before the digits. An encoder with a secret cannot be verified.

use std::time::Duration;

use data_encoding::HEXLOWER_PERMISSIVE;
use subtle::ConstantTimeEq;

use crate::cost;
use crate::foreign_hash::StoredHash;
use crate::{DigestAlgorithm, Family, FormatError, Projects, VerifyError};

const FAMILY: Family = Family::SpringStandard;
const ROUNDS: u64 = 1024;
const SALT_BYTES: usize = 8;
/// One hash of `StandardPasswordEncoder`.
pub(crate) struct SpringStandard {
    salt: Vec<u8>,
    digest: Vec<u8>,
}

impl SpringStandard {
    pub(crate) fn parse(text: &str) -> Result<Self, FormatError> {
        let digits = text.strip_prefix("$spring-standard$").ok_or(FAMILY.damaged("the prefix"))?;
        let mut salt = FAMILY.decode("tag", &HEXLOWER_PERMISSIVE, digits, 40..=40)?;
        let digest = salt.split_off(SALT_BYTES);
        Ok(Self { salt, digest })
    }
}

impl StoredHash for SpringStandard {
    fn verify(&self, password: &[u8], _: &Projects) -> Result<bool, VerifyError> {
        let mut digest = DigestAlgorithm::Sha256.digest(&[&self.salt, password]);
        for _ in 1..ROUNDS {
            digest = DigestAlgorithm::Sha256.digest(&[&digest]);
        }
        Ok(digest.ct_eq(&self.digest).into())
    }

    fn determines(&self, _: &[u8]) -> bool {
        true
    }

    fn time(&self) -> Duration {
        cost::digests(DigestAlgorithm::Sha256, ROUNDS, 32)
    }

    fn costs(&self) -> String {
        format!("sha256 rounds={ROUNDS}")
    }
}
