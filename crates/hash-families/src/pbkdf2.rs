//! PBKDF2 (RFC 8018) with HMAC-SHA-1, HMAC-SHA-256 or HMAC-SHA-512.
//!
//! | form | written by |
//! | --- | --- |
//! | `$pbkdf2-sha256$i=600000,l=32$salt$tag` | PHC strings; `l` is optional, `$pbkdf2$` means SHA-1 |
//! | `$pbkdf2-sha256$29000$salt$tag` | passlib; Base64 with `.` for `+`; padding is ignored |
//! | `{PBKDF2-SHA256}10000$salt$tag` | LDAP directories; the same Base64, `{PBKDF2}` means SHA-1; 389 Directory Server pads it |
//! | `{PBKDF2_SHA256}value` | 389 Directory Server |
//! | `{PKCS5S2}value` | Atlassian; SHA-1, 10 000 iterations |
//! | `grub.pbkdf2.sha512.10000.salt.tag` | GRUB; hexadecimal |
//! | `$ml$35460$salt$tag` | macOS, as tools write it; SHA-512, hexadecimal |
//! | `:pbkdf2:sha512:30000:64:salt:tag` | MediaWiki |
//! | `pbkdf2_sha256$600000$salt$tag` | Django; the salt as text, the tag in Base64 |
//! | `pbkdf2:sha256:600000$salt$tag` | Werkzeug; the salt as text, the tag in hexadecimal |

use std::ops::RangeInclusive;
use std::time::Duration;

use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER, HEXLOWER_PERMISSIVE};
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::cost;
use crate::family::strip_scheme;
use crate::foreign_hash::{StoredHash, is_determined_by_hmac};
use crate::parsing::{PASSLIB, split, unpadded};
use crate::{DigestAlgorithm, Family, FormatError, Projects, VerifyError};

/// Weak hashes are accepted, since they are replaced after a verification. Systems write up to 1
/// 300 000 (Keycloak); ten million take up to half a minute on a slow machine.
const ITERATIONS: RangeInclusive<u32> = 1..=10_000_000;

const SALT_BYTES: RangeInclusive<u64> = 0..=1024;
const TAG_BYTES: RangeInclusive<u64> = 16..=64;

/// The pseudorandom function of PBKDF2: an HMAC with this digest.
#[derive(Clone, Copy)]
pub(crate) enum Prf {
    Sha1,
    Sha256,
    Sha512,
}

impl Prf {
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            "sha1" => Some(Self::Sha1),
            "sha256" => Some(Self::Sha256),
            "sha512" => Some(Self::Sha512),
            _ => None,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        self.digest().name()
    }

    const fn digest(self) -> DigestAlgorithm {
        match self {
            Self::Sha1 => DigestAlgorithm::Sha1,
            Self::Sha256 => DigestAlgorithm::Sha256,
            Self::Sha512 => DigestAlgorithm::Sha512,
        }
    }

    pub(crate) const fn output_bytes(self) -> u64 {
        self.digest().digest_bytes() as u64
    }
}

/// One PBKDF2 hash.
pub(crate) struct Pbkdf2 {
    prf: Prf,
    iterations: u32,
    salt: Vec<u8>,
    tag: Vec<u8>,
}

impl Pbkdf2 {
    pub(crate) fn parse(text: &str) -> Result<Self, FormatError> {
        if let Some(rest) = text.strip_prefix("$ml$") {
            Self::from_macos(rest)
        } else if text.starts_with('$') {
            Self::from_modular_crypt(text)
        } else if text.starts_with('{') {
            Self::from_ldap(text)
        } else if let Some(rest) = text.strip_prefix("pbkdf2_") {
            Self::from_django(rest)
        } else if let Some(rest) = text.strip_prefix(":pbkdf2:") {
            Self::from_mediawiki(rest)
        } else if let Some(rest) = text.strip_prefix("grub.pbkdf2.") {
            Self::from_grub(rest)
        } else {
            Self::from_werkzeug(text)
        }
    }

    /// Creates a hash of `family` from decoded parts.
    pub(crate) fn new(
        family: Family,
        prf: Prf,
        iterations: u64,
        salt: Vec<u8>,
        tag: Vec<u8>,
    ) -> Result<Self, FormatError> {
        let bounds = u64::from(*ITERATIONS.start())..=u64::from(*ITERATIONS.end());
        let iterations = family.check_bounds("iterations", iterations, bounds.clone())?;
        family.check_bounds("salt", salt.len() as u64, SALT_BYTES)?;
        family.check_bounds("tag", tag.len() as u64, TAG_BYTES)?;
        // A tag longer than the output of the PRF consists of blocks, each with all iterations.
        let blocks = (tag.len() as u64).div_ceil(prf.output_bytes());
        family.check_bounds("iterations times blocks of the tag", iterations * blocks, bounds)?;
        let iterations = u32::try_from(iterations).map_err(|_| family.damaged("iterations"))?;
        Ok(Self { prf, iterations, salt, tag })
    }

    /// Parses a PHC string or a hash of passlib.
    fn from_modular_crypt(text: &str) -> Result<Self, FormatError> {
        let family = Family::Pbkdf2;
        let Some(["", name, costs, salt, tag]) = split(text, '$') else {
            return Err(family.damaged("the form is not $pbkdf2-sha256$costs$salt$tag"));
        };
        let prf = match name {
            "pbkdf2" => Some(Prf::Sha1),
            _ => name.strip_prefix("pbkdf2-").and_then(Prf::from_name),
        };
        let prf = prf.ok_or(family.damaged("the digest is none of sha1, sha256, sha512"))?;
        if !costs.starts_with("i=") {
            let output = prf.output_bytes();
            let iterations = family.parse_number("iterations", costs, ITERATIONS)?;
            let salt = family.decode("salt", &PASSLIB, unpadded(salt), SALT_BYTES)?;
            // passlib writes the output of the PRF; others, such as exports of Keycloak, more.
            let tag = family.decode("tag", &PASSLIB, unpadded(tag), output..=*TAG_BYTES.end())?;
            return Self::new(family, prf, u64::from(iterations), salt, tag);
        }
        let (iterations, length) = match costs.split_once(',') {
            None => (costs, None),
            Some((iterations, length)) => (iterations, Some(length)),
        };
        let iterations = family.parse_named_number("iterations", iterations, "i=", ITERATIONS)?;
        let salt = family.decode("salt", &BASE64_NOPAD, unpadded(salt), SALT_BYTES)?;
        let tag = family.decode("tag", &BASE64_NOPAD, unpadded(tag), TAG_BYTES)?;
        if let Some(length) = length {
            let length = family.parse_named_number("length", length, "l=", 16..=64)?;
            if length as usize != tag.len() {
                return Err(family.damaged("the length of the tag is not l"));
            }
        }
        Self::new(family, prf, u64::from(iterations), salt, tag)
    }

    fn from_ldap(text: &str) -> Result<Self, FormatError> {
        const SCHEMES: [(&str, Prf); 4] = [
            ("{PBKDF2}", Prf::Sha1),
            ("{PBKDF2-SHA1}", Prf::Sha1),
            ("{PBKDF2-SHA256}", Prf::Sha256),
            ("{PBKDF2-SHA512}", Prf::Sha512),
        ];
        let family = Family::Pbkdf2;
        if let Some(rest) = strip_scheme(text, "{PBKDF2_SHA256}") {
            return Self::from_389_ds(rest);
        }
        if let Some(rest) = strip_scheme(text, "{PKCS5S2}") {
            return Self::from_atlassian(rest);
        }
        let (prf, rest) = SCHEMES
            .iter()
            .find_map(|(scheme, prf)| Some((*prf, strip_scheme(text, scheme)?)))
            .ok_or(family.damaged(
                "the scheme is none of {PBKDF2}, {PBKDF2-SHA1}, {PBKDF2-SHA256}, {PBKDF2-SHA512}",
            ))?;
        let [iterations, salt, tag] = split(rest, '$').ok_or(family.damaged(
            "the form is not {PBKDF2-SHA256}iterations$salt$tag; for that of Spring Security \
             declare the format `spring`, for that of Dovecot `dovecot`",
        ))?;
        let output = prf.output_bytes();
        let iterations = family.parse_number("iterations", iterations, ITERATIONS)?;
        let salt = family.decode("salt", &PASSLIB, unpadded(salt), SALT_BYTES)?;
        let tag = family.decode("tag", &PASSLIB, unpadded(tag), output..=output)?;
        Self::new(family, prf, u64::from(iterations), salt, tag)
    }

    /// Parses the rest after `{PBKDF2_SHA256}`: the Base64 of the iterations, big-endian, 64 bytes
    /// of salt and 256 of tag. The tag has eight blocks, the first two of which are as hard to
    /// guess.
    fn from_389_ds(text: &str) -> Result<Self, FormatError> {
        const BYTES: u64 = 4 + 64 + 256;
        let family = Family::Pbkdf2;
        let bytes = family.decode("value", &BASE64, text, BYTES..=BYTES)?;
        let (iterations, rest) = bytes.split_at(4);
        let iterations = iterations.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        Self::new(family, Prf::Sha256, iterations, rest[..64].to_vec(), rest[64..128].to_vec())
    }

    /// Parses the rest after `pbkdf2_`.
    fn from_django(text: &str) -> Result<Self, FormatError> {
        let family = Family::Pbkdf2;
        let [digest, iterations, salt, tag] = split(text, '$')
            .ok_or(family.damaged("the form is not pbkdf2_sha256$iterations$salt$tag"))?;
        let prf =
            Prf::from_name(digest).ok_or(family.damaged("the digest is none of sha1, sha256"))?;
        let output = prf.output_bytes();
        let iterations = family.parse_number("iterations", iterations, ITERATIONS)?;
        let tag = family.decode("tag", &BASE64, tag, output..=output)?;
        Self::new(family, prf, u64::from(iterations), salt.as_bytes().to_vec(), tag)
    }

    /// Parses the rest after `{PKCS5S2}`: the Base64 of 16 bytes of salt and 32 of tag.
    fn from_atlassian(text: &str) -> Result<Self, FormatError> {
        let family = Family::Pbkdf2;
        let mut salt = family.decode("value", &BASE64, text, 48..=48)?;
        let tag = salt.split_off(16);
        Self::new(family, Prf::Sha1, 10_000, salt, tag)
    }

    /// Parses the rest after `grub.pbkdf2.`. A tag of several blocks is cut to 64 bytes.
    fn from_grub(text: &str) -> Result<Self, FormatError> {
        let family = Family::Pbkdf2;
        let damaged = family.damaged("the form is not grub.pbkdf2.sha512.iterations.salt.tag");
        let [digest, iterations, salt, tag] = split(text, '.').ok_or(damaged.clone())?;
        let prf = Prf::from_name(digest).ok_or(damaged)?;
        Self::from_hexadecimal(prf, iterations, salt, tag)
    }

    /// Parses the rest after `$ml$`, in which tools write the `SALTED-SHA512-PBKDF2` of macOS.
    fn from_macos(text: &str) -> Result<Self, FormatError> {
        let [iterations, salt, tag] = split(text, '$')
            .ok_or(Family::Pbkdf2.damaged("the form is not $ml$iterations$salt$tag"))?;
        Self::from_hexadecimal(Prf::Sha512, iterations, salt, tag)
    }

    fn from_hexadecimal(
        prf: Prf,
        iterations: &str,
        salt: &str,
        tag: &str,
    ) -> Result<Self, FormatError> {
        let family = Family::Pbkdf2;
        let iterations = family.parse_number("iterations", iterations, ITERATIONS)?;
        let salt = family.decode("salt", &HEXLOWER_PERMISSIVE, salt, SALT_BYTES)?;
        let mut tag = family.decode("tag", &HEXLOWER_PERMISSIVE, tag, prf.output_bytes()..=512)?;
        // The first block is as hard to guess.
        tag.truncate(*TAG_BYTES.end() as usize);
        Self::new(family, prf, u64::from(iterations), salt, tag)
    }

    /// Parses the rest after `:pbkdf2:`.
    fn from_mediawiki(text: &str) -> Result<Self, FormatError> {
        let family = Family::Pbkdf2;
        let damaged = family.damaged("the form is not :pbkdf2:sha512:iterations:length:salt:tag");
        let [digest, iterations, length, salt, tag] = split(text, ':').ok_or(damaged.clone())?;
        let prf = Prf::from_name(digest).ok_or(damaged)?;
        let iterations = family.parse_number("iterations", iterations, ITERATIONS)?;
        let length = u64::from(family.parse_number("length", length, 16..=512)?);
        let salt = family.decode("salt", &BASE64, salt, SALT_BYTES)?;
        let mut tag = family.decode("tag", &BASE64, tag, length..=length)?;
        tag.truncate(*TAG_BYTES.end() as usize);
        Self::new(family, prf, u64::from(iterations), salt, tag)
    }

    fn from_werkzeug(text: &str) -> Result<Self, FormatError> {
        let family = Family::Pbkdf2;
        // Without iterations, the default of an unknown version was used.
        let damaged = family.damaged("the form is not pbkdf2:sha256:iterations$salt$tag");
        let Some([method, salt, tag]) = split(text, '$') else {
            return Err(damaged);
        };
        let Some(["pbkdf2", digest, iterations]) = split(method, ':') else {
            return Err(damaged);
        };
        let prf = Prf::from_name(digest).ok_or(damaged)?;
        let output = prf.output_bytes();
        let iterations = family.parse_number("iterations", iterations, ITERATIONS)?;
        let tag = family.decode("tag", &HEXLOWER, tag, output..=output)?;
        Self::new(family, prf, u64::from(iterations), salt.as_bytes().to_vec(), tag)
    }

    /// Returns the PHC string.
    #[cfg(feature = "keycloak")]
    pub(crate) fn to_phc(&self) -> String {
        format!(
            "$pbkdf2-{}$i={},l={}${}${}",
            self.prf.name(),
            self.iterations,
            self.tag.len(),
            BASE64_NOPAD.encode(&self.salt),
            BASE64_NOPAD.encode(&self.tag),
        )
    }

    /// Derives a tag from `password`.
    pub(crate) fn derive(&self, password: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut tag = Zeroizing::new(vec![0; self.tag.len()]);
        match self.prf {
            Prf::Sha1 => {
                pbkdf2::pbkdf2_hmac::<Sha1>(password, &self.salt, self.iterations, &mut tag);
            }
            Prf::Sha256 => {
                pbkdf2::pbkdf2_hmac::<Sha256>(password, &self.salt, self.iterations, &mut tag);
            }
            Prf::Sha512 => {
                pbkdf2::pbkdf2_hmac::<Sha512>(password, &self.salt, self.iterations, &mut tag);
            }
        }
        tag
    }

    #[cfg(feature = "scram")]
    pub(crate) fn tag(&self) -> &[u8] {
        &self.tag
    }
}

impl StoredHash for Pbkdf2 {
    fn verify(&self, password: &[u8], _: &Projects) -> Result<bool, VerifyError> {
        Ok(self.derive(password).ct_eq(&self.tag).into())
    }

    fn determines(&self, password: &[u8]) -> bool {
        is_determined_by_hmac(password)
    }

    fn time(&self) -> Duration {
        let blocks = (self.tag.len() as u64).div_ceil(self.prf.output_bytes());
        cost::hmacs(self.prf.digest(), u64::from(self.iterations) * blocks)
    }

    fn costs(&self) -> String {
        format!("{} iterations={}", self.prf.name(), self.iterations)
    }
}
