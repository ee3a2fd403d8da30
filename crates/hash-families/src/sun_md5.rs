//! crypt(3) of Solaris and illumos over MD5: `$md5$salt$$tag`, `$md5,rounds=904$salt$$tag`, and both
//! with one `$` before the tag, which then is not part of the salt.
//!
//! Each of 4096 rounds and those of the text hashes the digest before it and the number of the
//! round. Between them comes a text of 1517 bytes in the rounds in which a bit of the digest says
//! so. libxcrypt computes the same.

use std::ops::RangeInclusive;
use std::time::Duration;

use md5::{Digest, Md5};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::cost;
use crate::foreign_hash::StoredHash;
use crate::parsing::{CRYPT, MD5_ORDER, check_salt};
use crate::{DigestAlgorithm, Family, FormatError, Projects, VerifyError};

const FAMILY: Family = Family::SunMd5;
const BASIC_ROUNDS: u32 = 4096;

/// Solaris writes up to 5000, passlib 34 000.
const ROUNDS: RangeInclusive<u32> = 1..=1_000_000;

const DIGEST_BYTES: usize = 16;

/// A soliloquy from Hamlet, as Project Gutenberg prints it, and a NUL.
const HAMLET: &[u8] = concat!(include_str!("sun_md5/hamlet.txt"), "\0").as_bytes();

/// One hash of crypt(3) of Solaris.
pub(crate) struct SunMd5 {
    rounds: u32,
    /// The text before the tag, as it is hashed.
    setting: String,
    tag: Vec<u8>,
}

impl SunMd5 {
    pub(crate) fn parse(text: &str) -> Result<Self, FormatError> {
        let damaged = FAMILY.damaged("the form is not $md5,rounds=904$salt$$tag");
        let (start, tag) = text.rsplit_once('$').ok_or(damaged.clone())?;
        // With a second `$`, the first is hashed.
        let (options, salt) = start
            .strip_prefix("$md5")
            .and_then(|rest| rest.strip_suffix('$').unwrap_or(rest).split_once('$'))
            .ok_or(damaged.clone())?;
        let rounds = match options.strip_prefix(",rounds=") {
            Some(rounds) => FAMILY.parse_number("rounds", rounds, ROUNDS)?,
            None if options.is_empty() => 0,
            None => return Err(damaged),
        };
        FAMILY.check_bounds("salt", salt.len() as u64, 1..=64)?;
        check_salt(FAMILY, salt)?;
        if salt.contains('$') {
            return Err(FAMILY.damaged("salt"));
        }
        let length = DIGEST_BYTES as u64;
        let tag = FAMILY.decode("tag", &CRYPT, tag, length..=length)?;
        Ok(Self { rounds, setting: start.to_owned(), tag })
    }
}

/// Returns the bit of this number, modulo 128.
fn bit(digest: &[u8; DIGEST_BYTES], number: u32) -> u32 {
    u32::from(digest[number as usize / 8 % DIGEST_BYTES] >> (number % 8)) & 1
}

/// Returns seven bits that two windows of the digest choose, the first from byte `at` on.
fn seven_bits(digest: &[u8; DIGEST_BYTES], at: usize) -> u32 {
    (0..7).fold(0, |bits, number| {
        let byte = |at: usize| digest[at % DIGEST_BYTES];
        let (a, b) = (byte(at + number), byte(at + number + 3));
        let chosen = byte(usize::from(a >> (b % 5))) >> (b >> (a % 8) & 1);
        bits | bit(digest, chosen.into()) << number
    })
}

impl StoredHash for SunMd5 {
    fn verify(&self, password: &[u8], _: &Projects) -> Result<bool, VerifyError> {
        let first = Md5::new().chain_update(password).chain_update(&self.setting);
        let mut digest: Zeroizing<[u8; DIGEST_BYTES]> = Zeroizing::new(first.finalize().into());
        for round in 0..BASIC_ROUNDS + self.rounds {
            let x = seven_bits(&digest, bit(&digest, round) as usize);
            let y = seven_bits(&digest, 8 + bit(&digest, round + 64) as usize);
            let mut next = Md5::new().chain_update(*digest);
            if bit(&digest, x) != bit(&digest, y) {
                next.update(HAMLET);
            }
            next.update(round.to_string());
            *digest = next.finalize().into();
        }
        let tag = Zeroizing::new(MD5_ORDER.map(|at| digest[at]));
        Ok(tag.as_slice().ct_eq(&self.tag).into())
    }

    fn determines(&self, _: &[u8]) -> bool {
        true
    }

    fn time(&self) -> Duration {
        // Half of the rounds hash the text.
        let bytes = HAMLET.len() as u64 / 2;
        cost::digests(DigestAlgorithm::Md5, u64::from(BASIC_ROUNDS + self.rounds), bytes)
    }

    fn costs(&self) -> String {
        format!("rounds={BASIC_ROUNDS}+{}", self.rounds)
    }
}
