//! Logins of Microsoft SQL Server, in hexadecimal: `0x0100`, four bytes of salt and a SHA-1 since
//! version 2005, or `0x0200`, the salt and a SHA-512 since 2012; of the password in UTF-16 and the
//! salt. The older form with a second digest of the password in upper case is refused.

use std::time::Duration;

use data_encoding::HEXLOWER_PERMISSIVE;
use subtle::ConstantTimeEq;

use crate::cost;
use crate::foreign_hash::StoredHash;
use crate::utf16::utf16_le;
use crate::{DigestAlgorithm, Family, FormatError, Projects, VerifyError};

const FAMILY: Family = Family::Mssql;
const SALT_BYTES: usize = 4;

/// One hash of SQL Server.
pub(crate) struct Mssql {
    algorithm: DigestAlgorithm,
    salt: Vec<u8>,
    digest: Vec<u8>,
}

impl Mssql {
    pub(crate) fn parse(text: &str) -> Result<Self, FormatError> {
        let (algorithm, digits) = if let Some(digits) = text.strip_prefix("0x0100") {
            (DigestAlgorithm::Sha1, digits)
        } else {
            let digits = text.strip_prefix("0x0200").ok_or(FAMILY.damaged("the prefix"))?;
            (DigestAlgorithm::Sha512, digits)
        };
        let length = SALT_BYTES + algorithm.digest_bytes();
        let bounds = length as u64..=length as u64;
        let mut salt = FAMILY.decode("tag", &HEXLOWER_PERMISSIVE, digits, bounds)?;
        let digest = salt.split_off(SALT_BYTES);
        Ok(Self { algorithm, salt, digest })
    }
}

impl StoredHash for Mssql {
    fn verify(&self, password: &[u8], _: &Projects) -> Result<bool, VerifyError> {
        let Some(password) = utf16_le(password) else {
            return Ok(false);
        };
        Ok(self.algorithm.digest(&[&password, &self.salt]).ct_eq(&self.digest).into())
    }

    fn determines(&self, _: &[u8]) -> bool {
        true
    }

    fn time(&self) -> Duration {
        cost::FEW_DIGESTS
    }

    fn costs(&self) -> String {
        self.algorithm.to_string()
    }
}
