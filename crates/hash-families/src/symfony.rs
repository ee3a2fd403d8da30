//! `MessageDigestPasswordHasher` of Symfony: a digest of the password and the salt in braces, then
//! repeatedly a digest of the previous digest and the same text.
//!
//! Symfony stores only the digest and the salt. The import writes
//! `$symfony-sha512$i=5000$salt$digest` in Base64 without padding.

use std::time::Duration;

use data_encoding::BASE64_NOPAD;
use subtle::ConstantTimeEq;

use crate::cost;
use crate::foreign_hash::StoredHash;
use crate::parsing::split;
use crate::{DigestAlgorithm, Family, FormatError, Projects, VerifyError};

const FAMILY: Family = Family::Symfony;
const SALT_BYTES: u64 = 1024;
/// One hash of Symfony.
pub(crate) struct Symfony {
    algorithm: DigestAlgorithm,
    iterations: u32,
    salt: Vec<u8>,
    digest: Vec<u8>,
}

impl Symfony {
    pub(crate) fn parse(text: &str) -> Result<Self, FormatError> {
        let Some(["", name, iterations, salt, digest]) = split(text, '$') else {
            return Err(FAMILY.damaged("the form is not $symfony-sha512$i=iterations$salt$digest"));
        };
        let algorithm = name.strip_prefix("symfony-").and_then(DigestAlgorithm::from_name);
        let algorithm = algorithm.ok_or(FAMILY.damaged("the digest"))?;
        let iterations =
            FAMILY.parse_named_number("iterations", iterations, "i=", 1..=1_000_000)?;
        let salt = FAMILY.decode("salt", &BASE64_NOPAD, salt, 0..=SALT_BYTES)?;
        let length = algorithm.digest_bytes() as u64;
        let digest = FAMILY.decode("tag", &BASE64_NOPAD, digest, length..=length)?;
        Ok(Self { algorithm, iterations, salt, digest })
    }
}

impl StoredHash for Symfony {
    fn verify(&self, password: &[u8], _: &Projects) -> Result<bool, VerifyError> {
        // Without a salt, Symfony adds no braces.
        let braces: [&[u8]; 2] = if self.salt.is_empty() { [b"", b""] } else { [b"{", b"}"] };
        let [open, close] = braces;
        let mut digest = self.algorithm.digest(&[password, open, &self.salt, close]);
        for _ in 1..self.iterations {
            digest = self.algorithm.digest(&[&digest, password, open, &self.salt, close]);
        }
        Ok(digest.ct_eq(&self.digest).into())
    }

    fn determines(&self, _: &[u8]) -> bool {
        true
    }

    fn time(&self) -> Duration {
        cost::digests(self.algorithm, self.iterations.into(), cost::LONGEST)
    }

    fn costs(&self) -> String {
        format!("{} iterations={}", self.algorithm, self.iterations)
    }
}
