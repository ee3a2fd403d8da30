//! ASP.NET Identity: PBKDF2 as Base64 of bytes that begin with a version.
//!
//! - Version 2 (Identity 1 and 2): 0, a salt of 16 bytes, a tag of 32. PBKDF2-HMAC-SHA-1, 1000
//!   iterations.
//! - Version 3 (ASP.NET Core): 1, then as big-endian `u32` the PRF (0 SHA-1, 1 SHA-256, 2 SHA-512),
//!   the iterations and the length of the salt, then the salt and the tag.

use std::time::Duration;

use data_encoding::BASE64;

use crate::foreign_hash::StoredHash;
use crate::pbkdf2::{Pbkdf2, Prf};
use crate::{Family, FormatError, Projects, VerifyError};

const FAMILY: Family = Family::AspNetIdentity;
const VERSION_2_ITERATIONS: u64 = 1000;
const VERSION_2_SALT_BYTES: usize = 16;

/// One hash of ASP.NET Identity.
pub(crate) struct AspNetIdentity(Pbkdf2);

impl AspNetIdentity {
    pub(crate) fn parse(text: &str) -> Result<Self, FormatError> {
        let bytes = FAMILY.decode("length", &BASE64, text, 1..=1024)?;
        match bytes.split_first() {
            Some((0, rest)) => Self::from_version_2(rest),
            Some((1, rest)) => Self::from_version_3(rest),
            _ => Err(FAMILY.damaged("the version is neither 2 nor 3")),
        }
    }

    fn from_version_2(bytes: &[u8]) -> Result<Self, FormatError> {
        let (salt, tag) = bytes
            .split_at_checked(VERSION_2_SALT_BYTES)
            .filter(|(_, tag)| tag.len() == 32)
            .ok_or(FAMILY.damaged("the length is not 49 bytes"))?;
        Pbkdf2::new(FAMILY, Prf::Sha1, VERSION_2_ITERATIONS, salt.to_vec(), tag.to_vec()).map(Self)
    }

    fn from_version_3(bytes: &[u8]) -> Result<Self, FormatError> {
        let mut rest = bytes;
        let mut number = || {
            let (number, behind) = rest.split_first_chunk::<4>()?;
            rest = behind;
            Some(u32::from_be_bytes(*number))
        };
        let (Some(prf), Some(iterations), Some(salt_bytes)) = (number(), number(), number()) else {
            return Err(FAMILY.damaged("the header is cut off"));
        };
        let prf = match prf {
            0 => Prf::Sha1,
            1 => Prf::Sha256,
            2 => Prf::Sha512,
            _ => return Err(FAMILY.damaged("the PRF is not 0, 1 or 2")),
        };
        // As Identity does.
        FAMILY.check_bounds("salt", u64::from(salt_bytes), 16..=1024)?;
        let (salt, tag) = rest
            .split_at_checked(salt_bytes as usize)
            .ok_or(FAMILY.damaged("the salt is cut off"))?;
        Pbkdf2::new(FAMILY, prf, u64::from(iterations), salt.to_vec(), tag.to_vec()).map(Self)
    }
}

impl StoredHash for AspNetIdentity {
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
