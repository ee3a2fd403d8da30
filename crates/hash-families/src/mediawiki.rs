//! MediaWiki: `:A:` and the MD5 of the password, or `:B:salt:` and the MD5 of the salt, a hyphen and
//! the MD5 of the password in hexadecimal. Its `:pbkdf2:` is in the family PBKDF2.

use std::time::Duration;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::cost;
use crate::foreign_hash::StoredHash;
use crate::parsing::split;
use crate::{DigestAlgorithm, Family, FormatError, Projects, VerifyError};

const FAMILY: Family = Family::MediaWiki;
const SALT_BYTES: u64 = 128;
/// One hash of MediaWiki.
pub(crate) struct MediaWiki {
    /// `None` for type A.
    salt: Option<String>,
    digest: Vec<u8>,
}

impl MediaWiki {
    pub(crate) fn parse(text: &str) -> Result<Self, FormatError> {
        let (salt, digits) = if let Some(["", "A", digits]) = split(text, ':') {
            (None, digits)
        } else if let Some(["", "B", salt, digits]) = split(text, ':') {
            FAMILY.check_bounds("salt", salt.len() as u64, 0..=SALT_BYTES)?;
            (Some(salt.to_owned()), digits)
        } else {
            return Err(FAMILY.damaged("the form is not :A:digest or :B:salt:digest"));
        };
        let digest = FAMILY.decode("tag", &HEXLOWER_PERMISSIVE, digits, 16..=16)?;
        Ok(Self { salt, digest })
    }
}

impl StoredHash for MediaWiki {
    fn verify(&self, password: &[u8], _: &Projects) -> Result<bool, VerifyError> {
        let mut digest = DigestAlgorithm::Md5.digest(&[password]);
        if let Some(salt) = &self.salt {
            let inner = Zeroizing::new(HEXLOWER.encode(&digest));
            digest = DigestAlgorithm::Md5.digest(&[salt.as_bytes(), b"-", inner.as_bytes()]);
        }
        Ok(digest.ct_eq(&self.digest).into())
    }

    fn determines(&self, _: &[u8]) -> bool {
        true
    }

    fn time(&self) -> Duration {
        cost::FEW_DIGESTS
    }

    fn costs(&self) -> String {
        if self.salt.is_some() { "md5 salted" } else { "md5 unsalted" }.to_owned()
    }
}
