//! crypt(3) of NetBSD over HMAC-SHA-1: `$sha1$rounds$salt$tag`. The password is the key of each
//! HMAC.

use std::ops::RangeInclusive;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::cost;
use crate::foreign_hash::{StoredHash, is_determined_by_hmac};
use crate::parsing::{CRYPT, check_salt, split};
use crate::{DigestAlgorithm, Family, FormatError, Projects, VerifyError};

const FAMILY: Family = Family::Sha1Crypt;

/// NetBSD writes about 24 680 rounds, passlib 480 000.
const ROUNDS: RangeInclusive<u32> = 1..=10_000_000;

const DIGEST_BYTES: usize = 20;

/// The order in which the bytes of the digest are written; the first one is written twice.
const ORDER: [usize; 21] =
    [2, 1, 0, 5, 4, 3, 8, 7, 6, 11, 10, 9, 14, 13, 12, 17, 16, 15, 0, 19, 18];

/// One hash of crypt(3) over HMAC-SHA-1.
pub(crate) struct Sha1Crypt {
    rounds: u32,
    salt: String,
    tag: Vec<u8>,
}

impl Sha1Crypt {
    pub(crate) fn parse(text: &str) -> Result<Self, FormatError> {
        let Some(["", "sha1", rounds, salt, tag]) = split(text, '$') else {
            return Err(FAMILY.damaged("the form is not $sha1$rounds$salt$tag"));
        };
        let rounds = FAMILY.parse_number("rounds", rounds, ROUNDS)?;
        FAMILY.check_bounds("salt", salt.len() as u64, 0..=64)?;
        check_salt(FAMILY, salt)?;
        let length = ORDER.len() as u64;
        let tag = FAMILY.decode("tag", &CRYPT, tag, length..=length)?;
        Ok(Self { rounds, salt: salt.to_owned(), tag })
    }
}

impl StoredHash for Sha1Crypt {
    fn verify(&self, password: &[u8], _: &Projects) -> Result<bool, VerifyError> {
        let keyed = Hmac::<Sha1>::new_from_slice(password)
            .map_err(|_| VerifyError::Algorithm { family: FAMILY, reason: "HMAC key" })?;
        let hmac = |message: &[u8]| keyed.clone().chain_update(message).finalize().into_bytes();
        let first = hmac(format!("{}$sha1${}", self.salt, self.rounds).as_bytes());
        let mut digest: Zeroizing<[u8; DIGEST_BYTES]> = Zeroizing::new(first.into());
        for _ in 1..self.rounds {
            *digest = hmac(&*digest).into();
        }
        let tag = Zeroizing::new(ORDER.map(|at| digest[at]));
        Ok(tag.as_slice().ct_eq(&self.tag).into())
    }

    fn determines(&self, password: &[u8]) -> bool {
        is_determined_by_hmac(password)
    }

    fn time(&self) -> Duration {
        cost::hmacs(DigestAlgorithm::Sha1, self.rounds.into())
    }

    fn costs(&self) -> String {
        format!("rounds={}", self.rounds)
    }
}
