//! Digests of LDAP directories (RFC 2307, OpenLDAP, 389 Directory Server, Dovecot): a scheme in
//! braces, and in Base64 the digest of password and salt, followed by the salt. Schemes without an
//! S for "salted", such as `{MD5}` and `{SHA}`, have no salt.

use std::time::Duration;

use data_encoding::BASE64;
use subtle::ConstantTimeEq;

use crate::cost;
use crate::foreign_hash::StoredHash;
use crate::{DigestAlgorithm, Family, FormatError, Projects, VerifyError};

const FAMILY: Family = Family::LdapDigest;

/// OpenLDAP writes 4 to 16 bytes of salt.
const SALT_BYTES: u64 = 128;

/// One digest of an LDAP directory.
pub(crate) struct LdapDigest {
    algorithm: DigestAlgorithm,
    digest: Vec<u8>,
    salt: Vec<u8>,
}

impl LdapDigest {
    pub(crate) fn parse(text: &str) -> Result<Self, FormatError> {
        let (algorithm, salted, encoded) =
            DigestAlgorithm::from_ldap_scheme(text).ok_or(FAMILY.damaged("scheme"))?;
        let length = algorithm.digest_bytes();
        let is_hex = encoded.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !salted && is_hex && encoded.len() >= 2 * length {
            return Err(FAMILY.damaged(
                "the value is hexadecimal; for Dovecot declare the format `dovecot`, for Spring \
                 Security `spring`",
            ));
        }
        let min = length as u64;
        let bounds = if salted { min + 1..=min + SALT_BYTES } else { min..=min };
        let mut digest = FAMILY.decode("tag", &BASE64, encoded, bounds)?;
        let salt = digest.split_off(length);
        Ok(Self { algorithm, digest, salt })
    }
}

impl StoredHash for LdapDigest {
    fn verify(&self, password: &[u8], _: &Projects) -> Result<bool, VerifyError> {
        Ok(self.algorithm.digest(&[password, &self.salt]).ct_eq(&self.digest).into())
    }

    fn determines(&self, _: &[u8]) -> bool {
        true
    }

    fn time(&self) -> Duration {
        cost::FEW_DIGESTS
    }

    fn costs(&self) -> String {
        let salted = if self.salt.is_empty() { "unsalted" } else { "salted" };
        format!("{} {salted}", self.algorithm)
    }
}
