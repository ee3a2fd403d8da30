//! WordPress since 6.8: `$wp$2y$10$…`, bcrypt over the Base64 of an HMAC-SHA-384 of the password
//! with the key `wp-sha384`. White space at both ends of a password is trimmed.

use std::time::Duration;

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha384;
use zeroize::Zeroizing;

use crate::bcrypt::Bcrypt;
use crate::cleaned::trimmed;
use crate::foreign_hash::StoredHash;
use crate::{Family, FormatError, Projects, VerifyError};

const FAMILY: Family = Family::WordPress;
const KEY: &[u8] = b"wp-sha384";

/// One hash of WordPress.
pub(crate) struct WordPress(Bcrypt);

impl WordPress {
    pub(crate) fn parse(text: &str) -> Result<Self, FormatError> {
        let bcrypt = text.strip_prefix("$wp").ok_or(FAMILY.damaged("the prefix is not $wp$2y$"))?;
        Ok(Self(Bcrypt::parse_as(FAMILY, bcrypt)?))
    }
}

impl StoredHash for WordPress {
    fn verify(&self, password: &[u8], _: &Projects) -> Result<bool, VerifyError> {
        let mut mac = Hmac::<Sha384>::new_from_slice(KEY)
            .map_err(|_| VerifyError::Algorithm { family: FAMILY, reason: "HMAC key" })?;
        mac.update(trimmed(password));
        let prehashed = Zeroizing::new(BASE64.encode(&mac.finalize().into_bytes()));
        Ok(self.0.matches(prehashed.as_bytes()))
    }

    fn determines(&self, password: &[u8]) -> bool {
        trimmed(password) == password
    }

    fn memory_bytes(&self) -> usize {
        self.0.memory_bytes()
    }

    fn time(&self) -> Duration {
        self.0.time()
    }

    fn costs(&self) -> String {
        self.0.costs()
    }
}
