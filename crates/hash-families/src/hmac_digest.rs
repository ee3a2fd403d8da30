//! Werkzeug before 3.0, `sha256$salt$digest`: an HMAC of the password, whose key is the salt.
//!
//! Django writes a plain digest in the same form, so the form must be declared. The import writes
//! `$hmac-sha256$salt$tag` in Base64 without padding.

use std::time::Duration;

use data_encoding::BASE64_NOPAD;
use hmac::Hmac;
use md5::Md5;
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq;

use crate::cost;
use crate::digest::hmac;
use crate::foreign_hash::StoredHash;
use crate::parsing::split;
use crate::{DigestAlgorithm, Family, FormatError, Projects, VerifyError};

const FAMILY: Family = Family::HmacDigest;
const SALT_BYTES: u64 = 1024;
/// One hash of Werkzeug before 3.0.
pub(crate) struct HmacDigest {
    algorithm: DigestAlgorithm,
    salt: Vec<u8>,
    tag: Vec<u8>,
}

impl HmacDigest {
    pub(crate) fn parse(text: &str) -> Result<Self, FormatError> {
        let Some(["", name, salt, tag]) = split(text, '$') else {
            return Err(FAMILY.damaged("the form is not $hmac-sha256$salt$tag"));
        };
        let algorithm = name.strip_prefix("hmac-").and_then(DigestAlgorithm::from_name);
        let algorithm = algorithm.ok_or(FAMILY.damaged("the digest"))?;
        let salt = FAMILY.decode("salt", &BASE64_NOPAD, salt, 1..=SALT_BYTES)?;
        let length = algorithm.digest_bytes() as u64;
        let tag = FAMILY.decode("tag", &BASE64_NOPAD, tag, length..=length)?;
        Ok(Self { algorithm, salt, tag })
    }
}

impl StoredHash for HmacDigest {
    fn verify(&self, password: &[u8], _: &Projects) -> Result<bool, VerifyError> {
        let tag = match self.algorithm {
            DigestAlgorithm::Md5 => hmac::<Hmac<Md5>>(FAMILY, &self.salt, password)?,
            DigestAlgorithm::Sha1 => hmac::<Hmac<Sha1>>(FAMILY, &self.salt, password)?,
            DigestAlgorithm::Sha256 => hmac::<Hmac<Sha256>>(FAMILY, &self.salt, password)?,
            DigestAlgorithm::Sha384 => hmac::<Hmac<Sha384>>(FAMILY, &self.salt, password)?,
            DigestAlgorithm::Sha512 => hmac::<Hmac<Sha512>>(FAMILY, &self.salt, password)?,
        };
        Ok(tag.ct_eq(&self.tag).into())
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
