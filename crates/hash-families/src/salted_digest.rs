//! One digest of the password, with a salt before or after it or without one.
//!
//! Such digests are not self-describing. The import writes
//! `$salted-sha256$layout=salt-first$salt$digest` or `$unsalted-sha256$digest`, in Base64 without
//! padding.

use std::time::Duration;

use data_encoding::{BASE64_NOPAD, HEXLOWER};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::cost;
use crate::foreign_hash::StoredHash;
use crate::import::SaltLayout;
use crate::parsing::split;
use crate::{DigestAlgorithm, Family, FormatError, Projects, VerifyError};

const FAMILY: Family = Family::SaltedDigest;
const SALT_BYTES: u64 = 1024;
/// One digest.
pub(crate) struct SaltedDigest {
    algorithm: DigestAlgorithm,
    layout: SaltLayout,
    salt: Vec<u8>,
    digest: Vec<u8>,
}

impl SaltedDigest {
    pub(crate) fn parse(text: &str) -> Result<Self, FormatError> {
        if let Some(["", name, digest]) = split(text, '$') {
            let algorithm = algorithm(name, "unsalted-")?;
            let digest = read_digest(algorithm, digest)?;
            // Without a salt the layout has no effect.
            return Ok(Self { algorithm, layout: SaltLayout::SaltFirst, salt: Vec::new(), digest });
        }
        let Some(["", name, layout, salt, digest]) = split(text, '$') else {
            return Err(FAMILY.damaged("the form is not $salted-sha256$layout=name$salt$digest"));
        };
        let algorithm = algorithm(name, "salted-")?;
        let layout = layout.strip_prefix("layout=").and_then(SaltLayout::from_name).ok_or(
            FAMILY.damaged("the layout is none of salt-first, salt-last and salt-first-twice"),
        )?;
        let salt = FAMILY.decode("salt", &BASE64_NOPAD, salt, 1..=SALT_BYTES)?;
        let digest = read_digest(algorithm, digest)?;
        Ok(Self { algorithm, layout, salt, digest })
    }
}

fn algorithm(name: &str, prefix: &str) -> Result<DigestAlgorithm, FormatError> {
    name.strip_prefix(prefix)
        .and_then(DigestAlgorithm::from_name)
        .ok_or(FAMILY.damaged("the digest"))
}

fn read_digest(algorithm: DigestAlgorithm, text: &str) -> Result<Vec<u8>, FormatError> {
    let length = algorithm.digest_bytes() as u64;
    FAMILY.decode("tag", &BASE64_NOPAD, text, length..=length)
}

impl StoredHash for SaltedDigest {
    fn verify(&self, password: &[u8], _: &Projects) -> Result<bool, VerifyError> {
        let digest = match self.layout {
            SaltLayout::SaltFirst => self.algorithm.digest(&[&self.salt, password]),
            SaltLayout::SaltLast => self.algorithm.digest(&[password, &self.salt]),
            SaltLayout::SaltFirstTwice => {
                let md5 = DigestAlgorithm::Md5.digest(&[&self.salt, password]);
                let md5 = Zeroizing::new(HEXLOWER.encode(&md5));
                self.algorithm.digest(&[&self.salt, md5.as_bytes()])
            }
        };
        Ok(digest.ct_eq(&self.digest).into())
    }

    fn determines(&self, _: &[u8]) -> bool {
        true
    }

    fn time(&self) -> Duration {
        cost::FEW_DIGESTS
    }

    fn costs(&self) -> String {
        let layout = if self.salt.is_empty() { "unsalted" } else { self.layout.name() };
        format!("{} {layout}", self.algorithm)
    }
}
