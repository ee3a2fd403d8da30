//! crypt(3) over MD5, from FreeBSD: `$1$salt$tag`, `$apr1$salt$tag` of Apache's `htpasswd`, and
//! `{smd5}salt$tag` of AIX, which differ in the prefix only. It always has 1000 rounds.

use std::time::Duration;

use md5::{Digest, Md5};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::cost;
use crate::family::strip_scheme;
use crate::foreign_hash::StoredHash;
use crate::parsing::{CRYPT, MD5_ORDER, check_salt, split};
use crate::{DigestAlgorithm, Family, FormatError, Projects, VerifyError};

const FAMILY: Family = Family::Md5Crypt;
const ROUNDS: u32 = 1000;
const DIGEST_BYTES: usize = 16;

/// One hash of crypt(3) over MD5.
pub(crate) struct Md5Crypt {
    magic: &'static str,
    salt: String,
    tag: Vec<u8>,
}

impl Md5Crypt {
    pub(crate) fn parse(text: &str) -> Result<Self, FormatError> {
        let (magic, salt, tag) = match split(text, '$') {
            Some(["", "1", salt, tag]) => ("$1$", salt, tag),
            Some(["", "apr1", salt, tag]) => ("$apr1$", salt, tag),
            _ if text.starts_with('{') => {
                let parts = strip_scheme(text, "{smd5}").and_then(|rest| split(rest, '$'));
                let [salt, tag] = parts.ok_or(FAMILY.damaged("the form is not {smd5}salt$tag"))?;
                ("", salt, tag)
            }
            _ => return Err(FAMILY.damaged("the form is not $1$salt$tag")),
        };
        FAMILY.check_bounds("salt", salt.len() as u64, 0..=8)?;
        check_salt(FAMILY, salt)?;
        let length = DIGEST_BYTES as u64;
        let tag = FAMILY.decode("tag", &CRYPT, tag, length..=length)?;
        Ok(Self { magic, salt: salt.to_owned(), tag })
    }

    fn digest(&self, password: &[u8]) -> Zeroizing<[u8; DIGEST_BYTES]> {
        let salt = self.salt.as_bytes();
        let mut alternate = Md5::new();
        alternate.update(password);
        alternate.update(salt);
        alternate.update(password);
        let alternate: Zeroizing<[u8; DIGEST_BYTES]> = Zeroizing::new(alternate.finalize().into());

        let mut first = Md5::new();
        first.update(password);
        first.update(self.magic);
        first.update(salt);
        for start in (0..password.len()).step_by(DIGEST_BYTES) {
            first.update(&alternate[..DIGEST_BYTES.min(password.len() - start)]);
        }
        // For each bit of the length: a NUL if it is set, otherwise the first byte of the password.
        let mut length = password.len();
        while length > 0 {
            first.update(if length & 1 == 1 { &[0] } else { &password[..1] });
            length >>= 1;
        }
        let mut digest: Zeroizing<[u8; DIGEST_BYTES]> = Zeroizing::new(first.finalize().into());

        for round in 0..ROUNDS {
            let odd = round % 2 == 1;
            let mut next = Md5::new();
            next.update(if odd { password } else { digest.as_slice() });
            if round % 3 != 0 {
                next.update(salt);
            }
            if round % 7 != 0 {
                next.update(password);
            }
            next.update(if odd { digest.as_slice() } else { password });
            *digest = next.finalize().into();
        }
        digest
    }
}

impl StoredHash for Md5Crypt {
    fn verify(&self, password: &[u8], _: &Projects) -> Result<bool, VerifyError> {
        let digest = self.digest(password);
        let tag = Zeroizing::new(MD5_ORDER.map(|at| digest[at]));
        Ok(tag.as_slice().ct_eq(&self.tag).into())
    }

    fn determines(&self, _: &[u8]) -> bool {
        true
    }

    fn time(&self) -> Duration {
        // Each round hashes the password up to twice.
        cost::digests(DigestAlgorithm::Md5, ROUNDS.into(), 2 * cost::LONGEST)
    }

    fn costs(&self) -> String {
        format!("{} rounds={ROUNDS}", self.magic)
    }
}
