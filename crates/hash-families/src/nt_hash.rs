//! The NT hash of Windows: MD4 of the password in UTF-16, without a salt. Stored as FreeBSD writes
//! it, `$3$$` and 32 hexadecimal digits.

use std::time::Duration;

use data_encoding::HEXLOWER_PERMISSIVE;
use md4::{Digest, Md4};
use subtle::ConstantTimeEq;

use crate::cost;
use crate::foreign_hash::StoredHash;
use crate::utf16::utf16_le;
use crate::{Family, FormatError, Projects, VerifyError};

const FAMILY: Family = Family::NtHash;

/// One NT hash.
pub(crate) struct NtHash {
    digest: Vec<u8>,
}

impl NtHash {
    pub(crate) fn parse(text: &str) -> Result<Self, FormatError> {
        let digits = text.strip_prefix("$3$$").ok_or(FAMILY.damaged("the prefix is not $3$$"))?;
        let digest = FAMILY.decode("tag", &HEXLOWER_PERMISSIVE, digits, 16..=16);
        let damaged = |_| FAMILY.damaged("the tag is not 32 hexadecimal digits");
        Ok(Self { digest: digest.map_err(damaged)? })
    }
}

impl StoredHash for NtHash {
    fn verify(&self, password: &[u8], _: &Projects) -> Result<bool, VerifyError> {
        // Windows hashes valid Unicode only.
        let Some(password) = utf16_le(password) else {
            return Ok(false);
        };
        Ok(Md4::digest(&*password).as_slice().ct_eq(&self.digest).into())
    }

    fn determines(&self, _: &[u8]) -> bool {
        true
    }

    fn time(&self) -> Duration {
        cost::FEW_DIGESTS
    }

    fn costs(&self) -> String {
        "md4 unsalted".to_owned()
    }
}
