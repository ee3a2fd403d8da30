//! crypt(3) over DES: the traditional form behind `{CRYPT}` or `{DES-CRYPT}`, and the extended form
//! of BSD/OS.
//!
//! | form | key | rounds |
//! | --- | --- | --- |
//! | `{CRYPT}rlBrzAiotJdIw`: two characters of salt, eleven of tag | the first eight characters | 25 |
//! | `_J9..rasm7PjPNu72Ibk`: four characters of rounds, four of salt, eleven of tag | all characters | 1 to 16 777 215 |
//!
//! Only seven bits of each byte count. A password with a NUL is refused, since C strings have none.
//! Thirteen characters alone could be any word, so that form must be declared at import.

mod des;

use std::time::Duration;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use self::des::Des;
use crate::cost;
use crate::family::strip_des_scheme;
use crate::foreign_hash::StoredHash;
use crate::parsing::crypt_value;
use crate::{Family, FormatError, Projects, VerifyError};

const TRADITIONAL_ROUNDS: u32 = 25;
const TRADITIONAL_KEY_BYTES: usize = 8;
/// One hash of crypt(3) over DES.
pub(crate) struct DesCrypt {
    is_extended: bool,
    rounds: u32,
    salt: u32,
    tag: u64,
}

impl DesCrypt {
    /// Parses the traditional form behind its scheme.
    pub(crate) fn parse(text: &str) -> Result<Self, FormatError> {
        let family = Family::DesCrypt;
        let text = strip_des_scheme(text).ok_or(family.damaged("the scheme"))?;
        let (salt, tag) = text.split_at_checked(2).ok_or(family.damaged("the salt is cut off"))?;
        let salt = number(salt).ok_or(family.damaged("salt"))?;
        Self::new(family, false, TRADITIONAL_ROUNDS, salt, tag)
    }

    /// Parses the extended form.
    pub(crate) fn parse_extended(text: &str) -> Result<Self, FormatError> {
        let family = Family::BsdiCrypt;
        let damaged = family.damaged("the form is not _, rounds, salt and tag");
        let text = text.strip_prefix('_').ok_or(damaged.clone())?;
        let (rounds, text) = text.split_at_checked(4).ok_or(damaged.clone())?;
        let (salt, tag) = text.split_at_checked(4).ok_or(damaged)?;
        let rounds = number(rounds).ok_or(family.damaged("rounds"))?;
        family.check_bounds("rounds", u64::from(rounds), 1..=0xFF_FFFF)?;
        let salt = number(salt).ok_or(family.damaged("salt"))?;
        Self::new(family, true, rounds, salt, tag)
    }

    fn new(
        family: Family,
        is_extended: bool,
        rounds: u32,
        salt: u32,
        tag: &str,
    ) -> Result<Self, FormatError> {
        if tag.len() != 11 {
            return Err(family.damaged("the tag does not have 11 characters"));
        }
        let bits = tag.bytes().try_fold(0_u128, |bits, character| {
            Some(bits << 6 | u128::from(crypt_value(character)?))
        });
        // 66 bits, of which the last two are unused and zero.
        let bits = bits.filter(|bits| bits & 0b11 == 0).ok_or(family.damaged("tag"))?;
        let tag = u64::try_from(bits >> 2).map_err(|_| family.damaged("tag"))?;
        Ok(Self { is_extended, rounds, salt, tag })
    }
}

/// Returns the number of characters of crypt(3), least significant first.
fn number(characters: &str) -> Option<u32> {
    characters
        .bytes()
        .rev()
        .try_fold(0, |number, character| Some(number << 6 | u32::from(crypt_value(character)?)))
}

impl StoredHash for DesCrypt {
    fn verify(&self, password: &[u8], _: &Projects) -> Result<bool, VerifyError> {
        if password.contains(&0) {
            return Ok(false);
        }
        let mut groups = password.chunks(TRADITIONAL_KEY_BYTES);
        let mut key = Zeroizing::new(key(groups.next().unwrap_or_default()));
        if self.is_extended {
            for group in groups {
                *key = Des::new(*key, 0).encrypt(*key) ^ self::key(group);
            }
        }
        let tag = Zeroizing::new(Des::new(*key, self.salt).encrypt_zeros(self.rounds));
        Ok(tag.to_be_bytes().ct_eq(&self.tag.to_be_bytes()).into())
    }

    fn determines(&self, password: &[u8]) -> bool {
        let is_whole = self.is_extended || password.len() < TRADITIONAL_KEY_BYTES;
        is_whole && password.is_ascii() && !password.contains(&0)
    }

    fn time(&self) -> Duration {
        let groups = if self.is_extended { cost::LONGEST / 8 } else { 0 };
        cost::des(u64::from(self.rounds) + 4 * groups)
    }

    fn costs(&self) -> String {
        format!("des rounds={}", self.rounds)
    }
}

/// Returns the key of up to eight characters: seven bits of each, and a zero for the parity.
fn key(characters: &[u8]) -> u64 {
    let mut key = Zeroizing::new([0; 8]);
    for (byte, character) in key.iter_mut().zip(characters) {
        *byte = character << 1;
    }
    u64::from_be_bytes(*key)
}
