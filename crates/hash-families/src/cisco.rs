//! Cisco IOS: type 8, PBKDF2-HMAC-SHA-256 of 20 000 iterations, `$8$salt$tag`; and type 9, scrypt
//! with N of 2¹⁴, r and p of 1, `$9$salt$tag`. The salt is used as text. The tag is 32 bytes in
//! crypt(3)'s alphabet, most significant bits first.

use std::time::Duration;

use crate::foreign_hash::StoredHash;
use crate::parsing::{CISCO, check_salt, split};
use crate::pbkdf2::{Pbkdf2, Prf};
use crate::scrypt::Scrypt;
use crate::{Family, FormatError, Projects, VerifyError};

const ITERATIONS: u64 = 20_000;
const LOG_N: u32 = 14;

/// One hash of type 8.
pub(crate) struct CiscoPbkdf2(Pbkdf2);

/// One hash of type 9.
pub(crate) struct CiscoScrypt(Scrypt);

impl CiscoPbkdf2 {
    pub(crate) fn parse(text: &str) -> Result<Self, FormatError> {
        let family = Family::CiscoPbkdf2;
        let (salt, tag) = parts(family, text)?;
        Pbkdf2::new(family, Prf::Sha256, ITERATIONS, salt, tag).map(Self)
    }
}

impl CiscoScrypt {
    pub(crate) fn parse(text: &str) -> Result<Self, FormatError> {
        let family = Family::CiscoScrypt;
        let (salt, tag) = parts(family, text)?;
        Scrypt::new(family, LOG_N, 1, 1, salt, tag).map(Self)
    }
}

/// Returns the salt and the tag. Juniper's `$9$`, which is no hash but encrypted, has no salt of 14
/// characters.
fn parts(family: Family, text: &str) -> Result<(Vec<u8>, Vec<u8>), FormatError> {
    let Some(["", _, salt, tag]) = split(text, '$') else {
        return Err(family.damaged("the form is not $8$salt$tag or $9$salt$tag"));
    };
    family.check_bounds("salt", salt.len() as u64, 14..=14)?;
    check_salt(family, salt)?;
    let tag = family.decode("tag", &CISCO, tag, 32..=32)?;
    Ok((salt.as_bytes().to_vec(), tag))
}

impl StoredHash for CiscoPbkdf2 {
    fn verify(&self, password: &[u8], projects: &Projects) -> Result<bool, VerifyError> {
        self.0.verify(password, projects)
    }

    fn determines(&self, password: &[u8]) -> bool {
        self.0.determines(password)
    }

    fn memory_bytes(&self) -> usize {
        self.0.memory_bytes()
    }

    fn time(&self) -> Duration {
        self.0.time()
    }

    fn costs(&self) -> String {
        self.0.costs()
    }
}

impl StoredHash for CiscoScrypt {
    fn verify(&self, password: &[u8], _: &Projects) -> Result<bool, VerifyError> {
        self.0.matches(Family::CiscoScrypt, password)
    }

    fn determines(&self, password: &[u8]) -> bool {
        self.0.determines(password)
    }

    fn memory_bytes(&self) -> usize {
        self.0.memory_bytes()
    }

    fn time(&self) -> Duration {
        self.0.time()
    }

    fn costs(&self) -> String {
        self.0.costs()
    }
}
