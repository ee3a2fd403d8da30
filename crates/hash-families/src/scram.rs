//! The verifier of SCRAM (RFC 5802, RFC 7677): PBKDF2, then an HMAC and a digest of it.
//!
//! | form | written by |
//! | --- | --- |
//! | `SCRAM-SHA-256$4096:salt$stored-key:server-key` | PostgreSQL, which prepares passwords by SASLprep (RFC 4013), and uses those that it forbids unchanged |
//! | `{SCRAM-SHA-256}4096,salt,stored-key,server-key`, `{SCRAM-SHA-1}…` | Dovecot, which uses passwords unchanged |

use std::borrow::Cow;
use std::time::Duration;

use data_encoding::BASE64;
use hmac::Hmac;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::digest::hmac;
use crate::family::strip_scheme;
use crate::foreign_hash::StoredHash;
use crate::parsing::split;
use crate::pbkdf2::{Pbkdf2, Prf};
use crate::{Family, FormatError, Projects, VerifyError};

const FAMILY: Family = Family::Scram;

/// One verifier of SCRAM.
pub(crate) struct Scram {
    is_prepared: bool,
    is_sha1: bool,
    /// The tag is the stored key.
    pbkdf2: Pbkdf2,
}

impl Scram {
    pub(crate) fn parse(text: &str) -> Result<Self, FormatError> {
        let damaged = FAMILY.damaged("the form is not SCRAM-SHA-256$iterations:salt$keys");
        if let Some(rest) = text.strip_prefix("SCRAM-SHA-256$") {
            let [costs, keys] = split(rest, '$').ok_or(damaged.clone())?;
            let [iterations, salt] = split(costs, ':').ok_or(damaged.clone())?;
            let [stored, server] = split(keys, ':').ok_or(damaged)?;
            return Self::new(true, false, [iterations, salt, stored, server]);
        }
        let (is_sha1, rest) = match strip_scheme(text, "{SCRAM-SHA-256}") {
            Some(rest) => (false, rest),
            None => (true, strip_scheme(text, "{SCRAM-SHA-1}").ok_or(damaged)?),
        };
        let parts = split(rest, ',').ok_or(
            FAMILY.damaged("the form is not {SCRAM-SHA-256}iterations,salt,stored-key,server-key"),
        )?;
        Self::new(false, is_sha1, parts)
    }

    fn new(
        is_prepared: bool,
        is_sha1: bool,
        [iterations, salt, stored, server]: [&str; 4],
    ) -> Result<Self, FormatError> {
        let (prf, length) = if is_sha1 { (Prf::Sha1, 20) } else { (Prf::Sha256, 32) };
        let iterations = FAMILY.parse_number("iterations", iterations, 1..=u32::MAX)?;
        let salt = FAMILY.decode("salt", &BASE64, salt, 1..=1024)?;
        let stored = FAMILY.decode("tag", &BASE64, stored, length..=length)?;
        FAMILY.decode("server key", &BASE64, server, length..=length)?;
        let pbkdf2 = Pbkdf2::new(FAMILY, prf, iterations.into(), salt, stored)?;
        Ok(Self { is_prepared, is_sha1, pbkdf2 })
    }
}

impl StoredHash for Scram {
    fn verify(&self, password: &[u8], _: &Projects) -> Result<bool, VerifyError> {
        let prepared = self.is_prepared.then(|| prepared(password)).flatten();
        let salted = self.pbkdf2.derive(prepared.as_ref().map_or(password, |text| text.as_bytes()));
        let stored = if self.is_sha1 {
            Sha1::digest(&*hmac::<Hmac<Sha1>>(FAMILY, &salted, b"Client Key")?).to_vec()
        } else {
            Sha256::digest(&*hmac::<Hmac<Sha256>>(FAMILY, &salted, b"Client Key")?).to_vec()
        };
        Ok(stored.ct_eq(self.pbkdf2.tag()).into())
    }

    fn determines(&self, password: &[u8]) -> bool {
        let is_unchanged = !self.is_prepared
            || prepared(password).is_none_or(|prepared| prepared.as_bytes() == password);
        is_unchanged && self.pbkdf2.determines(password)
    }

    fn memory_bytes(&self) -> usize {
        // A password of maximum length in other forms of Unicode.
        self.pbkdf2.memory_bytes() + 64 * 1024
    }

    fn time(&self) -> Duration {
        self.pbkdf2.time()
    }

    fn costs(&self) -> String {
        self.pbkdf2.costs()
    }
}

/// Returns the password as SASLprep prepares it; `None` if that forbids it.
fn prepared(password: &[u8]) -> Option<Zeroizing<String>> {
    let text = std::str::from_utf8(password).ok()?;
    stringprep::saslprep(text).ok().map(Cow::into_owned).map(Zeroizing::new)
}
