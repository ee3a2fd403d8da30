//! The digests of LDAP directories (RFC 2307, OpenLDAP, 389 Directory Server, Dovecot): after the name
//! in braces, in Base64, the digest of the password and the salt, and behind it the salt. `{MD5}`,
//! `{SHA}` and `{SHA256}` have no salt.

use data_encoding::BASE64;
use subtle::ConstantTimeEq;

use crate::foreign_hash::StoredHash;
use crate::{DigestAlgorithm, Family, FormatError, Projects, VerifyError};

const FAMILY: Family = Family::LdapDigest;

/// OpenLDAP writes 4 to 16 bytes of salt.
const SALT_BYTES: u64 = 128;

const MEMORY_BYTES: usize = 4 * 1024;

/// One digest of a directory.
pub(crate) struct LdapDigest {
    algorithm: DigestAlgorithm,
    digest: Vec<u8>,
    salt: Vec<u8>,
}

impl LdapDigest {
    pub(crate) fn parse(text: &str) -> Result<Self, FormatError> {
        let (algorithm, salted, encoded) =
            DigestAlgorithm::of_ldap(text).ok_or(FAMILY.damaged("the scheme"))?;
        let length = algorithm.digest_bytes();
        let least = length as u64;
        let bounds = if salted { least + 1..=least + SALT_BYTES } else { least..=least };
        let mut digest = FAMILY.bytes("tag", &BASE64, encoded, bounds)?;
        let salt = digest.split_off(length);
        Ok(Self { algorithm, digest, salt })
    }
}

impl StoredHash for LdapDigest {
    fn verify(&self, password: &[u8], _: &Projects) -> Result<bool, VerifyError> {
        Ok(self.algorithm.of(&[password, &self.salt]).ct_eq(&self.digest).into())
    }

    fn determines(&self, _: &[u8]) -> bool {
        true
    }

    fn memory_bytes(&self) -> usize {
        MEMORY_BYTES
    }

    fn costs(&self) -> String {
        let salted = if self.salt.is_empty() { "unsalted" } else { "salted" };
        format!("{} {salted}", self.algorithm)
    }
}
