//! `mysql_native_password` of MySQL since 4.1 and MariaDB: SHA-1 of the SHA-1 of the password.
//!
//! MySQL writes `*` and 40 hexadecimal digits. The import writes `$mysql41$` before the digits.

use std::time::Duration;

use data_encoding::HEXLOWER_PERMISSIVE;
use subtle::ConstantTimeEq;

use crate::cost;
use crate::foreign_hash::StoredHash;
use crate::{DigestAlgorithm, Family, FormatError, Projects, VerifyError};

const FAMILY: Family = Family::MysqlNative;

/// One hash of `mysql_native_password`.
pub(crate) struct MysqlNative {
    digest: Vec<u8>,
}

impl MysqlNative {
    pub(crate) fn parse(text: &str) -> Result<Self, FormatError> {
        let digits = text.strip_prefix("$mysql41$").ok_or(FAMILY.damaged("the prefix"))?;
        Ok(Self { digest: FAMILY.decode("tag", &HEXLOWER_PERMISSIVE, digits, 20..=20)? })
    }
}

impl StoredHash for MysqlNative {
    fn verify(&self, password: &[u8], _: &Projects) -> Result<bool, VerifyError> {
        let inner = DigestAlgorithm::Sha1.digest(&[password]);
        Ok(DigestAlgorithm::Sha1.digest(&[&inner]).ct_eq(&self.digest).into())
    }

    fn determines(&self, _: &[u8]) -> bool {
        true
    }

    fn time(&self) -> Duration {
        cost::FEW_DIGESTS
    }

    fn costs(&self) -> String {
        "sha1(sha1) unsalted".to_owned()
    }
}
