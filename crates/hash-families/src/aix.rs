//! The salted hashes of AIX: `{ssha256}06$salt$tag`, PBKDF2 with SHA-1, SHA-256 or SHA-512 and
//! 2^06 iterations. Its `{smd5}` is crypt(3) over MD5.
//!
//! The tag is Base64 of crypt(3)'s alphabet, three bytes a group. Of the last group, which is
//! shorter, AIX leaves out the last characters and with them some bits.

use std::ops::RangeInclusive;
use std::time::Duration;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::family::strip_scheme;
use crate::foreign_hash::StoredHash;
use crate::parsing::{CRYPT, check_salt, crypt_value, split};
use crate::pbkdf2::{Pbkdf2, Prf};
use crate::{Family, FormatError, Projects, VerifyError};

const FAMILY: Family = Family::Aix;

/// AIX writes 6 by default, and up to 2^31 iterations.
const COST: RangeInclusive<u32> = 1..=23;

/// The schemes, and the characters of their tags.
const SCHEMES: [(&str, Prf, usize); 3] =
    [("{ssha1}", Prf::Sha1, 27), ("{ssha256}", Prf::Sha256, 43), ("{ssha512}", Prf::Sha512, 86)];

/// One hash of AIX.
pub(crate) struct Aix {
    pbkdf2: Pbkdf2,
    tag: String,
}

impl Aix {
    pub(crate) fn parse(text: &str) -> Result<Self, FormatError> {
        let damaged = FAMILY.damaged("the form is not {ssha256}cost$salt$tag");
        let scheme = SCHEMES
            .iter()
            .find_map(|(scheme, prf, length)| Some((strip_scheme(text, scheme)?, *prf, *length)));
        let (rest, prf, length) = scheme.ok_or(damaged.clone())?;
        let [cost, salt, tag] = split(rest, '$').ok_or(damaged)?;
        if cost.len() != 2 {
            return Err(FAMILY.damaged("the cost is not two digits"));
        }
        let cost = cost.strip_prefix('0').unwrap_or(cost);
        let cost = FAMILY.parse_number("log2 of the iterations", cost, COST)?;
        FAMILY.check_bounds("salt", salt.len() as u64, 1..=64)?;
        check_salt(FAMILY, salt)?;
        if tag.len() != length || !tag.bytes().all(|character| crypt_value(character).is_some()) {
            return Err(FAMILY.damaged("tag"));
        }
        // Only the length of this tag is used.
        let derived = vec![0; prf.output_bytes() as usize];
        let salt = salt.as_bytes().to_vec();
        let pbkdf2 = Pbkdf2::new(FAMILY, prf, 1 << cost, salt, derived)?;
        Ok(Self { pbkdf2, tag: tag.to_owned() })
    }
}

impl StoredHash for Aix {
    fn verify(&self, password: &[u8], _: &Projects) -> Result<bool, VerifyError> {
        let mut derived = self.pbkdf2.derive(password);
        let length = derived.len().next_multiple_of(3);
        derived.resize(length, 0);
        for group in derived.chunks_exact_mut(3) {
            group.reverse();
        }
        let tag = Zeroizing::new(CRYPT.encode(&derived));
        Ok(tag.as_bytes()[..self.tag.len()].ct_eq(self.tag.as_bytes()).into())
    }

    fn determines(&self, password: &[u8]) -> bool {
        self.pbkdf2.determines(password)
    }

    fn memory_bytes(&self) -> usize {
        self.pbkdf2.memory_bytes()
    }

    fn time(&self) -> Duration {
        self.pbkdf2.time()
    }

    fn costs(&self) -> String {
        self.pbkdf2.costs()
    }
}
