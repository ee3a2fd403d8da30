//! gost-yescrypt of libxcrypt, `$gy$parameters$salt$tag`: yescrypt, behind two HMACs with the hash
//! function of GOST R 34.11-2012 of 256 bits (Streebog, RFC 6986).
//!
//! The tag is HMAC(HMAC(Streebog(password), setting), yescrypt(password)).

use std::time::Duration;

use hmac::SimpleHmac;
use streebog::{Digest, Streebog256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::digest::hmac;
use crate::foreign_hash::StoredHash;
use crate::yescrypt::Yescrypt;
use crate::{Family, FormatError, Projects, VerifyError};

const FAMILY: Family = Family::GostYescrypt;

type Gost = SimpleHmac<Streebog256>;

/// One hash of gost-yescrypt.
pub(crate) struct GostYescrypt {
    /// `$gy$parameters$salt`.
    setting: String,
    yescrypt: Yescrypt,
}

impl GostYescrypt {
    pub(crate) fn parse(text: &str) -> Result<Self, FormatError> {
        let damaged = FAMILY.damaged("the form is not $gy$parameters$salt$tag");
        let rest = text.strip_prefix("$gy$").ok_or(damaged.clone())?;
        let yescrypt = Yescrypt::parse_as(FAMILY, rest)?;
        let (setting, _) = text.rsplit_once('$').ok_or(damaged)?;
        Ok(Self { setting: setting.to_owned(), yescrypt })
    }
}

impl StoredHash for GostYescrypt {
    fn verify(&self, password: &[u8], _: &Projects) -> Result<bool, VerifyError> {
        let inner = self.yescrypt.derive(FAMILY, password)?;
        let digest = Zeroizing::new(Streebog256::digest(password).to_vec());
        let key = hmac::<Gost>(FAMILY, &digest, self.setting.as_bytes())?;
        Ok(hmac::<Gost>(FAMILY, &key, &inner)?.ct_eq(self.yescrypt.tag()).into())
    }

    fn determines(&self, _: &[u8]) -> bool {
        // The digest of the whole password is a key.
        true
    }

    fn memory_bytes(&self) -> usize {
        self.yescrypt.memory_bytes()
    }

    fn time(&self) -> Duration {
        self.yescrypt.time()
    }

    fn costs(&self) -> String {
        self.yescrypt.costs()
    }
}
