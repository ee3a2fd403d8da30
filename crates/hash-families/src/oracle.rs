//! Users of Oracle Database, as the column `spare4` of `sys.user$` has them: parts such as `S:…`,
//! separated by semicolons, each in hexadecimal.
//!
//! | part | since | value |
//! | --- | --- | --- |
//! | `T:` | 12c | a SHA-512 of 64 bytes over PBKDF2-HMAC-SHA-512 and the salt, and the salt of 16 bytes |
//! | `S:` | 11g | a SHA-1 of the password and the salt, and the salt of 10 bytes |
//! | `H:` | 12c | the MD5 of HTTP digest authentication, which needs the user's name; ignored |
//!
//! With several parts, the first of this table is verified. The hashes of Oracle 10 in the column
//! `password`, DES over name and password in upper case, are not supported.

use std::time::Duration;

use data_encoding::HEXLOWER_PERMISSIVE;
use subtle::ConstantTimeEq;

use crate::cost;
use crate::foreign_hash::StoredHash;
use crate::pbkdf2::{Pbkdf2, Prf};
use crate::{DigestAlgorithm, Family, FormatError, Projects, VerifyError};

const FAMILY: Family = Family::Oracle;
const ITERATIONS: u64 = 4096;
/// Follows the salt of PBKDF2.
const LABEL: &[u8] = b"AUTH_PBKDF2_SPEEDY_KEY";

/// One hash of Oracle Database.
pub(crate) struct Oracle {
    /// `None` for the SHA-1.
    pbkdf2: Option<Pbkdf2>,
    salt: Vec<u8>,
    digest: Vec<u8>,
}

impl Oracle {
    pub(crate) fn parse(text: &str) -> Result<Self, FormatError> {
        let (mut sha1, mut sha512) = (None, None);
        for part in text.split(';') {
            let (place, value, length) = match part.split_once(':') {
                Some(("S", value)) => (&mut sha1, value, 20 + 10),
                Some(("T", value)) => (&mut sha512, value, 64 + 16),
                Some(("H", _)) => continue,
                _ => return Err(FAMILY.damaged("a part is none of S:, T: and H:")),
            };
            let bytes = FAMILY.decode("tag", &HEXLOWER_PERMISSIVE, value, length..=length)?;
            if place.replace(bytes).is_some() {
                return Err(FAMILY.damaged("a part is repeated"));
            }
        }
        if let Some(mut digest) = sha512 {
            let salt = digest.split_off(64);
            // Only the length of this tag is used.
            let (label, derived) = ([&salt, LABEL].concat(), vec![0; 64]);
            let pbkdf2 = Pbkdf2::new(FAMILY, Prf::Sha512, ITERATIONS, label, derived)?;
            return Ok(Self { pbkdf2: Some(pbkdf2), salt, digest });
        }
        let mut digest = sha1.ok_or(FAMILY.damaged("there is no part S: or T:"))?;
        let salt = digest.split_off(20);
        Ok(Self { pbkdf2: None, salt, digest })
    }
}

impl StoredHash for Oracle {
    fn verify(&self, password: &[u8], _: &Projects) -> Result<bool, VerifyError> {
        let digest = match &self.pbkdf2 {
            Some(pbkdf2) => DigestAlgorithm::Sha512.digest(&[&pbkdf2.derive(password), &self.salt]),
            None => DigestAlgorithm::Sha1.digest(&[password, &self.salt]),
        };
        Ok(digest.ct_eq(&self.digest).into())
    }

    fn determines(&self, password: &[u8]) -> bool {
        self.pbkdf2.as_ref().is_none_or(|pbkdf2| pbkdf2.determines(password))
    }

    fn time(&self) -> Duration {
        cost::FEW_DIGESTS + self.pbkdf2.as_ref().map_or(Duration::ZERO, StoredHash::time)
    }

    fn costs(&self) -> String {
        self.pbkdf2.as_ref().map_or_else(|| "sha1".to_owned(), StoredHash::costs)
    }
}
