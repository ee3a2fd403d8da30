//! bcrypt, as written by OpenBSD, crypt_blowfish, PHP, Java, Go, Node and Python.
//!
//! Every variant hashes the first 72 bytes of the password. The prefixes mark bugs of old versions:
//!
//! | prefix | written by | a NUL in the password |
//! | --- | --- | --- |
//! | `2` | the first version of OpenBSD; the key is not terminated but repeated | hashed like any byte |
//! | `2a` | jBCrypt, Spring, Go, older Node, Python, PHP and OpenBSD | hashed like any byte |
//! | `2b` | OpenBSD since 5.5, Node, Python | hashed like any byte |
//! | `2y` | PHP, crypt_blowfish | not possible; refused |
//! | `2x` | renamed `2a` hashes of crypt_blowfish before 1.1, which sign-extended bytes from 0x80 on | not possible; refused |
//!
//! Two bugs of `2a` are not supported: OpenBSD before 5.5 stored the length in one byte and hashed
//! passwords of 255 bytes and more wrongly; crypt_blowfish since 1.1 hashes `2a` differently for a
//! few passwords with bytes 0xFF, which are not valid UTF-8.

use std::ops::RangeInclusive;
use std::time::Duration;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::cost;
use crate::foreign_hash::StoredHash;
use crate::parsing::{BCRYPT_SALT, BCRYPT_TAG, split};
use crate::{Family, FormatError, Projects, VerifyError};

/// 4 is the minimum of bcrypt. Systems use 10 to 12 by default, some up to 14; 16 takes up to ten
/// seconds.
const COST: RangeInclusive<u32> = 4..=16;

/// Number of bytes of a password that are hashed.
const KEY_BYTES: usize = 72;

const SALT_CHARACTERS: usize = 22;
const TAG_CHARACTERS: usize = 31;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Variant {
    /// Without a letter.
    Original,
    A,
    B,
    X,
    Y,
}

/// One bcrypt hash.
pub(crate) struct Bcrypt {
    variant: Variant,
    cost: u32,
    salt: [u8; 16],
    tag: [u8; 23],
}

impl Bcrypt {
    /// Parses `$2b$12$…`, the same after Django's `bcrypt$`, or MediaWiki's `:bcrypt:12$salt$tag`,
    /// which PHP wrote.
    pub(crate) fn parse(text: &str) -> Result<Self, FormatError> {
        if let Some(rest) = text.strip_prefix(":bcrypt:") {
            let family = Family::Bcrypt;
            let [cost, salt, tag] =
                split(rest, '$').ok_or(family.damaged("the form is not :bcrypt:cost$salt$tag"))?;
            return Self::from_parts(family, "2y", cost, salt, tag);
        }
        Self::parse_as(Family::Bcrypt, text.strip_prefix("bcrypt$").unwrap_or(text))
    }

    /// Parses `$2b$12$…` as part of a hash of `family`.
    pub(crate) fn parse_as(family: Family, text: &str) -> Result<Self, FormatError> {
        let Some(["", variant, cost, salt_and_tag]) = split(text, '$') else {
            return Err(family.damaged("the form is not $2b$cost$salt-and-tag"));
        };
        let cost = match cost.as_bytes() {
            [b'0', b'0'..=b'9'] => &cost[1..],
            [b'1'..=b'9', b'0'..=b'9'] => cost,
            _ => return Err(family.damaged("the cost is not two digits")),
        };
        let (salt, tag) = salt_and_tag
            .split_at_checked(SALT_CHARACTERS)
            .ok_or(family.damaged("the salt is cut off"))?;
        Self::from_parts(family, variant, cost, salt, tag)
    }

    /// Parses the parts of a hash: the variant without `$`, the cost in decimal.
    pub(crate) fn from_parts(
        family: Family,
        variant: &str,
        cost: &str,
        salt: &str,
        tag: &str,
    ) -> Result<Self, FormatError> {
        let variant = match variant {
            "2" => Variant::Original,
            "2a" => Variant::A,
            "2b" => Variant::B,
            "2x" => Variant::X,
            "2y" => Variant::Y,
            _ => return Err(family.damaged("the variant is not 2, 2a, 2b, 2x or 2y")),
        };
        if salt.len() != SALT_CHARACTERS {
            return Err(family.damaged("the salt does not have 22 characters"));
        }
        if tag.len() != TAG_CHARACTERS {
            return Err(family.damaged("the tag does not have 31 characters"));
        }
        let cost = family.parse_number("cost", cost, COST)?;
        let salt = family.decode("salt", &BCRYPT_SALT, salt, 16..=16)?;
        let tag = family.decode("tag", &BCRYPT_TAG, tag, 23..=23)?;
        match (salt.try_into(), tag.try_into()) {
            (Ok(salt), Ok(tag)) => Ok(Self { variant, cost, salt, tag }),
            _ => Err(family.damaged("the salt or the tag is too short")),
        }
    }

    /// Whether the hash is of `password`.
    pub(crate) fn matches(&self, password: &[u8]) -> bool {
        let key = match self.variant {
            Variant::Original if password.is_empty() => return false,
            Variant::Original => repeated(password),
            Variant::A | Variant::B => terminated(password),
            // Written by C code, whose strings have no NUL.
            Variant::X | Variant::Y if password.contains(&0) => return false,
            Variant::X => sign_extended(password),
            Variant::Y => terminated(password),
        };
        let tag = bcrypt::bcrypt(self.cost, self.salt, &key);
        tag[..self.tag.len()].ct_eq(&self.tag).into()
    }
}

impl StoredHash for Bcrypt {
    fn verify(&self, password: &[u8], _: &Projects) -> Result<bool, VerifyError> {
        Ok(self.matches(password))
    }

    fn determines(&self, password: &[u8]) -> bool {
        let whole = password.len() < KEY_BYTES && !password.contains(&0);
        match self.variant {
            // The key is repeated without a separator, so that `ab` and `abab` are the same.
            Variant::Original => false,
            Variant::A | Variant::B | Variant::Y => whole,
            // A byte from 0x80 on erases up to three bytes before it.
            Variant::X => whole && password.is_ascii(),
        }
    }

    fn time(&self) -> Duration {
        cost::bcrypt(self.cost)
    }

    fn costs(&self) -> String {
        let variant = match self.variant {
            Variant::Original => "2",
            Variant::A => "2a",
            Variant::B => "2b",
            Variant::X => "2x",
            Variant::Y => "2y",
        };
        format!("{variant} cost={}", self.cost)
    }
}

/// Returns the key of a password that is not empty: repeated to 72 bytes.
fn repeated(password: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut key = Zeroizing::new(Vec::with_capacity(KEY_BYTES));
    key.extend(password.iter().cycle().take(KEY_BYTES));
    key
}

/// Returns the key of a password: terminated by a NUL, and cut to 72 bytes.
fn terminated(password: &[u8]) -> Zeroizing<Vec<u8>> {
    let used = &password[..password.len().min(KEY_BYTES)];
    let mut key = Zeroizing::new(Vec::with_capacity(KEY_BYTES + 1));
    key.extend_from_slice(used);
    key.push(0);
    key.truncate(KEY_BYTES);
    key
}

/// Returns a key that gives the same result as the bug of crypt_blowfish before 1.1.
///
/// Blowfish reads its key as 18 words of 4 bytes, repeating the key as needed. The bug
/// sign-extended each byte before it was shifted into its word, so that a byte from 0x80 on set all
/// bits before it. The 72 bytes of the resulting words are the key.
fn sign_extended(password: &[u8]) -> Zeroizing<Vec<u8>> {
    let key = terminated(password);
    let mut repeated = key.iter().cycle();
    let mut words = Zeroizing::new(Vec::with_capacity(KEY_BYTES));
    for _ in 0..KEY_BYTES / 4 {
        let word = repeated
            .by_ref()
            .take(4)
            .fold(0_u32, |word, byte| (word << 8) | i32::from(byte.cast_signed()).cast_unsigned());
        words.extend_from_slice(&word.to_be_bytes());
    }
    words
}
