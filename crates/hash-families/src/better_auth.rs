//! scrypt as in better-auth: the password is normalized to NFKC, and the salt is used as text.
//!
//! better-auth writes `salt:tag` in hexadecimal, and Lucia a salt of letters and digits, which does
//! not identify the algorithm. The import writes `$better-auth$ln=14,r=16,p=1$salt$tag`.

use std::time::Duration;

use unicode_normalization::{UnicodeNormalization, is_nfkc};
use zeroize::Zeroizing;

use crate::foreign_hash::StoredHash;
use crate::scrypt::Scrypt;
use crate::{Family, FormatError, Projects, VerifyError};

const FAMILY: Family = Family::BetterAuth;

/// One hash of better-auth.
pub(crate) struct BetterAuth(Scrypt);

impl BetterAuth {
    pub(crate) fn parse(text: &str) -> Result<Self, FormatError> {
        let rest = text
            .strip_prefix("$better-auth$")
            .ok_or(FAMILY.damaged("the prefix is not $better-auth$"))?;
        Ok(Self(Scrypt::from_phc(FAMILY, rest)?))
    }
}

impl StoredHash for BetterAuth {
    fn verify(&self, password: &[u8], _: &Projects) -> Result<bool, VerifyError> {
        // better-auth hashes valid Unicode only.
        let Ok(password) = std::str::from_utf8(password) else {
            return Ok(false);
        };
        // Measured first, as a growing buffer leaves unwiped copies.
        let length = password.nfkc().map(char::len_utf8).sum();
        let mut normalized = Zeroizing::new(String::with_capacity(length));
        normalized.extend(password.nfkc());
        self.0.matches(FAMILY, normalized.as_bytes())
    }

    fn determines(&self, password: &[u8]) -> bool {
        std::str::from_utf8(password).is_ok_and(is_nfkc) && self.0.determines(password)
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
