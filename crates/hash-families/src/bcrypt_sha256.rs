//! bcrypt over SHA-256, which has no limit on the length of the password, as in Django and passlib.
//!
//! - Django, `bcrypt_sha256$$2b$12$…`: bcrypt of the SHA-256 in hexadecimal.
//! - passlib before 1.7.3, `$bcrypt-sha256$2b,12$salt$tag`: bcrypt of the SHA-256 in Base64.
//! - passlib since then, `$bcrypt-sha256$v=2,t=2b,r=12$salt$tag`: bcrypt of an HMAC-SHA-256 in
//!   Base64, with the text of the salt as the key.

use std::time::Duration;

use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::bcrypt::Bcrypt;
use crate::foreign_hash::StoredHash;
use crate::parsing::split;
use crate::{Family, FormatError, Projects, VerifyError};

const FAMILY: Family = Family::BcryptSha256;

/// The input of bcrypt.
enum Prehash {
    Hexadecimal,
    Base64,
    KeyedBase64 { key: String },
}

/// One hash of bcrypt over SHA-256.
pub(crate) struct BcryptSha256 {
    prehash: Prehash,
    bcrypt: Bcrypt,
}

impl BcryptSha256 {
    pub(crate) fn parse(text: &str) -> Result<Self, FormatError> {
        if let Some(bcrypt) = text.strip_prefix("bcrypt_sha256$") {
            let bcrypt = Bcrypt::parse_as(FAMILY, bcrypt)?;
            return Ok(Self { prehash: Prehash::Hexadecimal, bcrypt });
        }
        let damaged = FAMILY.damaged("the form is not $bcrypt-sha256$costs$salt$tag");
        let Some(["", _, costs, salt, tag]) = split(text, '$') else {
            return Err(damaged);
        };
        let (prehash, variant, cost) = match costs.split(',').collect::<Vec<_>>()[..] {
            ["v=2", variant, cost] => {
                let (Some(variant), Some(cost)) =
                    (variant.strip_prefix("t="), cost.strip_prefix("r="))
                else {
                    return Err(damaged);
                };
                (Prehash::KeyedBase64 { key: salt.to_owned() }, variant, cost)
            }
            [variant, cost] => (Prehash::Base64, variant, cost),
            _ => return Err(damaged),
        };
        let bcrypt = Bcrypt::from_parts(FAMILY, variant, cost, salt, tag)?;
        Ok(Self { prehash, bcrypt })
    }
}

impl StoredHash for BcryptSha256 {
    fn verify(&self, password: &[u8], _: &Projects) -> Result<bool, VerifyError> {
        let prehashed = Zeroizing::new(match &self.prehash {
            Prehash::Hexadecimal => HEXLOWER.encode(&Sha256::digest(password)),
            Prehash::Base64 => BASE64.encode(&Sha256::digest(password)),
            Prehash::KeyedBase64 { key } => {
                let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes())
                    .map_err(|_| VerifyError::Algorithm { family: FAMILY, reason: "HMAC key" })?;
                mac.update(password);
                BASE64.encode(&mac.finalize().into_bytes())
            }
        });
        Ok(self.bcrypt.matches(prehashed.as_bytes()))
    }

    fn determines(&self, _: &[u8]) -> bool {
        // The input of bcrypt is 44 or 64 ASCII characters, below its limit of 72.
        true
    }

    fn memory_bytes(&self) -> usize {
        self.bcrypt.memory_bytes()
    }

    fn time(&self) -> Duration {
        self.bcrypt.time()
    }

    fn costs(&self) -> String {
        self.bcrypt.costs()
    }
}
