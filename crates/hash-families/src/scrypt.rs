//! scrypt (RFC 7914).
//!
//! | form | written by |
//! | --- | --- |
//! | `$scrypt$ln=14,r=8,p=1$salt$tag` | PHC strings, passlib; Base64, padding is ignored |
//! | `scrypt$16384$salt$8$1$tag` | Django; the salt as text, the tag in Base64 |
//! | `scrypt:32768:8:1$salt$tag` | Werkzeug; the salt as text, the tag in hexadecimal |
//! | `$7$C6..../....salt$tag` | crypt(3) |
//! | `$s0$e0801$salt$tag` | Java's scrypt, and Spring Security by import; log₂ N, r and p in hexadecimal, Base64 |

use std::ops::RangeInclusive;
use std::time::Duration;

use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::cost;
use crate::foreign_hash::{StoredHash, is_determined_by_hmac};
use crate::parsing::{CRYPT, crypt_value, split, unpadded};
use crate::{Family, FormatError, Projects, VerifyError};

/// Maximum memory, in bytes. Systems use 16 to 64 MiB by default; OWASP's strongest profile has 128
/// MiB.
const MEMORY_BYTES: u64 = 256 * 1024 * 1024;

/// log₂ N, which the memory limits further.
const LOG_N: RangeInclusive<u32> = 1..=20;
const R: RangeInclusive<u32> = 1..=64;
const P: RangeInclusive<u32> = 1..=64;

/// Maximum work, as N·r·p: that of filling 256 MiB four times, a few seconds.
const WORK: u64 = 4 * MEMORY_BYTES / 128;

const SALT_BYTES: RangeInclusive<u64> = 0..=1024;
const TAG_BYTES: RangeInclusive<u64> = 16..=128;

/// One scrypt hash.
pub(crate) struct Scrypt {
    log_n: u8,
    r: u32,
    p: u32,
    salt: Vec<u8>,
    tag: Vec<u8>,
}

impl Scrypt {
    pub(crate) fn parse(text: &str) -> Result<Self, FormatError> {
        let family = Family::Scrypt;
        if let Some(rest) = text.strip_prefix("$scrypt$") {
            return Self::from_phc(family, rest);
        }
        if let Some(rest) = text.strip_prefix("$7$") {
            return Self::from_crypt(rest);
        }
        if let Some(rest) = text.strip_prefix("$s0$") {
            return Self::from_java(rest);
        }
        let (n, r, p, salt, tag) = if let Some(rest) = text.strip_prefix("scrypt:") {
            let [costs, salt, tag] =
                split(rest, '$').ok_or(family.damaged("the form is not scrypt:N:r:p$salt$tag"))?;
            let [n, r, p] =
                split(costs, ':').ok_or(family.damaged("the form is not scrypt:N:r:p$salt$tag"))?;
            (n, r, p, salt, family.decode("tag", &HEXLOWER, tag, 64..=64)?)
        } else {
            let Some(["scrypt", n, salt, r, p, tag]) = split(text, '$') else {
                return Err(family.damaged("the form is not scrypt$N$salt$r$p$tag"));
            };
            (n, r, p, salt, family.decode("tag", &BASE64, tag, 64..=64)?)
        };
        let n = family.parse_number("N", n, 2..=1 << LOG_N.end())?;
        if !n.is_power_of_two() {
            return Err(family.damaged("N is not a power of two"));
        }
        let r = family.parse_number("r", r, R)?;
        let p = family.parse_number("p", p, P)?;
        Self::new(family, n.ilog2(), r, p, salt.as_bytes().to_vec(), tag)
    }

    /// Parses `ln=14,r=8,p=1$salt$tag`, the rest of a PHC string of `family`.
    pub(crate) fn from_phc(family: Family, text: &str) -> Result<Self, FormatError> {
        let [costs, salt, tag] =
            split(text, '$').ok_or(family.damaged("the form is not costs$salt$tag"))?;
        let [log_n, r, p] =
            split(costs, ',').ok_or(family.damaged("the costs are not ln, r and p"))?;
        let log_n = family.parse_named_number("ln", log_n, "ln=", LOG_N)?;
        let r = family.parse_named_number("r", r, "r=", R)?;
        let p = family.parse_named_number("p", p, "p=", P)?;
        let salt = family.decode("salt", &BASE64_NOPAD, unpadded(salt), SALT_BYTES)?;
        let tag = family.decode("tag", &BASE64_NOPAD, unpadded(tag), TAG_BYTES)?;
        Self::new(family, log_n, r, p, salt, tag)
    }

    /// Parses the rest after `$7$`: one character of log₂ N, five each of r and p, the salt as
    /// text.
    fn from_crypt(text: &str) -> Result<Self, FormatError> {
        let family = Family::Scrypt;
        let [setting, tag] =
            split(text, '$').ok_or(family.damaged("the form is not $7$setting$tag"))?;
        let (costs, salt) =
            setting.split_at_checked(11).ok_or(family.damaged("the costs are cut off"))?;
        let values: Option<Vec<u8>> = costs.bytes().map(crypt_value).collect();
        let values = values.ok_or(family.damaged("costs"))?;
        let little_endian = |values: &[u8]| {
            values.iter().rev().fold(0, |number: u64, value| (number << 6) | u64::from(*value))
        };
        let bounded = |name, value, bounds: RangeInclusive<u32>| {
            let bounds = u64::from(*bounds.start())..=u64::from(*bounds.end());
            let value = family.check_bounds(name, value, bounds)?;
            u32::try_from(value).map_err(|_| family.damaged(name))
        };
        let log_n = bounded("ln", u64::from(values[0]), LOG_N)?;
        let r = bounded("r", little_endian(&values[1..6]), R)?;
        let p = bounded("p", little_endian(&values[6..11]), P)?;
        let tag = family.decode("tag", &CRYPT, tag, 32..=32)?;
        Self::new(family, log_n, r, p, salt.as_bytes().to_vec(), tag)
    }

    /// Parses the rest after `$s0$`: in hexadecimal log₂ N and two digits each of r and p.
    fn from_java(text: &str) -> Result<Self, FormatError> {
        let family = Family::Scrypt;
        let [costs, salt, tag] =
            split(text, '$').ok_or(family.damaged("the form is not $s0$costs$salt$tag"))?;
        let is_hex = costs.bytes().all(|byte| byte.is_ascii_hexdigit());
        let costs = u32::from_str_radix(costs, 16).ok().filter(|_| is_hex);
        let costs = costs.ok_or(family.damaged("costs"))?;
        let [log_n, r, p] = [costs >> 16, costs >> 8 & 0xFF, costs & 0xFF];
        for (name, value, bounds) in [("ln", log_n, LOG_N), ("r", r, R), ("p", p, P)] {
            let bounds = u64::from(*bounds.start())..=u64::from(*bounds.end());
            family.check_bounds(name, value.into(), bounds)?;
        }
        let salt = family.decode("salt", &BASE64, salt, SALT_BYTES)?;
        let tag = family.decode("tag", &BASE64, tag, 32..=32)?;
        Self::new(family, log_n, r, p, salt, tag)
    }

    /// Creates a hash of `family` from decoded parts.
    pub(crate) fn new(
        family: Family,
        log_n: u32,
        r: u32,
        p: u32,
        salt: Vec<u8>,
        tag: Vec<u8>,
    ) -> Result<Self, FormatError> {
        let n_r = u64::from(r) << log_n;
        family.check_bounds("memory in bytes", 128 * n_r, 0..=MEMORY_BYTES)?;
        family.check_bounds("work (N times r times p)", n_r * u64::from(p), 0..=WORK)?;
        family.check_bounds("salt", salt.len() as u64, SALT_BYTES)?;
        let log_n = u8::try_from(log_n).map_err(|_| family.damaged("ln"))?;
        Ok(Self { log_n, r, p, salt, tag })
    }

    /// Whether the hash is of `password`; errors name `family`.
    pub(crate) fn matches(&self, family: Family, password: &[u8]) -> Result<bool, VerifyError> {
        let tag = self.derive(family, password, self.tag.len())?;
        Ok(tag.ct_eq(&self.tag).into())
    }

    /// Derives `length` bytes from `password`.
    pub(crate) fn derive(
        &self,
        family: Family,
        password: &[u8],
        length: usize,
    ) -> Result<Zeroizing<Vec<u8>>, VerifyError> {
        let failed = |reason| VerifyError::Algorithm { family, reason };
        let params = scrypt::Params::new(self.log_n, self.r, self.p)
            .map_err(|_| failed("scrypt refused the costs"))?;
        let mut derived = Zeroizing::new(vec![0; length]);
        scrypt::scrypt(password, &self.salt, &params, &mut derived)
            .map_err(|_| failed("scrypt refused the length"))?;
        Ok(derived)
    }

    #[cfg(feature = "firebase")]
    pub(crate) fn tag(&self) -> &[u8] {
        &self.tag
    }
}

impl StoredHash for Scrypt {
    fn verify(&self, password: &[u8], _: &Projects) -> Result<bool, VerifyError> {
        self.matches(Family::Scrypt, password)
    }

    fn determines(&self, password: &[u8]) -> bool {
        is_determined_by_hmac(password)
    }

    fn memory_bytes(&self) -> usize {
        // N blocks of 128·r bytes, p more, and two temporary ones.
        128 * self.r as usize * ((1 << self.log_n) + self.p as usize + 2)
    }

    fn time(&self) -> Duration {
        cost::scrypt((u64::from(self.r) * u64::from(self.p)) << self.log_n)
    }

    fn costs(&self) -> String {
        format!("ln={},r={},p={}", self.log_n, self.r, self.p)
    }
}
