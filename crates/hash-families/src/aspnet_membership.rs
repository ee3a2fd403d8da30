//! ASP.NET's membership provider: a digest of the salt followed by the password in UTF-16.
//!
//! The provider stores digest and salt in two columns of Base64. The import writes
//! `$aspnet-membership-sha1$salt$digest`.

use std::time::Duration;

use data_encoding::BASE64_NOPAD;
use subtle::ConstantTimeEq;

use crate::cost;
use crate::foreign_hash::StoredHash;
use crate::parsing::split;
use crate::utf16::utf16_le;
use crate::{DigestAlgorithm, Family, FormatError, Projects, VerifyError};

const FAMILY: Family = Family::AspNetMembership;

/// One hash of the membership provider.
pub(crate) struct AspNetMembership {
    algorithm: DigestAlgorithm,
    salt: Vec<u8>,
    digest: Vec<u8>,
}

impl AspNetMembership {
    pub(crate) fn parse(text: &str) -> Result<Self, FormatError> {
        let Some(["", name, salt, digest]) = split(text, '$') else {
            return Err(FAMILY.damaged("the form is not $aspnet-membership-sha1$salt$digest"));
        };
        let algorithm = name
            .strip_prefix("aspnet-membership-")
            .and_then(DigestAlgorithm::from_name)
            .filter(|algorithm| {
                matches!(algorithm, DigestAlgorithm::Sha1 | DigestAlgorithm::Sha256)
            })
            .ok_or(FAMILY.damaged("the digest is neither sha1 nor sha256"))?;
        let salt = FAMILY.decode("salt", &BASE64_NOPAD, salt, 1..=128)?;
        let length = algorithm.digest_bytes() as u64;
        let digest = FAMILY.decode("tag", &BASE64_NOPAD, digest, length..=length)?;
        Ok(Self { algorithm, salt, digest })
    }
}

impl StoredHash for AspNetMembership {
    fn verify(&self, password: &[u8], _: &Projects) -> Result<bool, VerifyError> {
        let Some(password) = utf16_le(password) else {
            return Ok(false);
        };
        Ok(self.algorithm.digest(&[&self.salt, &password]).ct_eq(&self.digest).into())
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
