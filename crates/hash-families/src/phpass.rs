//! phpass, by Openwall, in its portable form over MD5: `$P$Bsaltsalttag`, and `$H$…` of phpBB.
//! phpBB hashes a password as a field of a form: trimmed before version 3.1, and with entities of
//! HTML; so for `$H$` this text is tried too. WordPress before 6.8 and Joomla wrote `$P$`. WordPress
//! trimmed passwords first; as its hashes cannot be distinguished, this is not done here.

use std::ops::RangeInclusive;
use std::time::Duration;

use md5::{Digest, Md5};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::cleaned::with_entities;
use crate::cost;
use crate::foreign_hash::StoredHash;
use crate::parsing::{CRYPT, crypt_value};
use crate::{DigestAlgorithm, Family, FormatError, Projects, VerifyError};

const FAMILY: Family = Family::Phpass;

/// log₂ of the rounds. phpass supports 7 to 30; systems write 11 to 13, passlib 19. As each round
/// hashes the password, 19 takes seconds for the longest passwords.
const LOG_ROUNDS: RangeInclusive<u64> = 7..=19;

const SALT_CHARACTERS: usize = 8;

/// One hash of phpass.
pub(crate) struct Phpass {
    is_of_phpbb: bool,
    stretching: Stretching,
    tag: Vec<u8>,
}

impl Phpass {
    pub(crate) fn parse(text: &str) -> Result<Self, FormatError> {
        let of_phpbb = text.strip_prefix("$H$");
        let rest = of_phpbb
            .or_else(|| text.strip_prefix("$P$"))
            .ok_or(FAMILY.damaged("the prefix is not $P$ or $H$"))?;
        let (stretching, tag) = Stretching::parse(FAMILY, rest, LOG_ROUNDS)?;
        let tag = FAMILY.decode("tag", &CRYPT, tag, 16..=16)?;
        Ok(Self { is_of_phpbb: of_phpbb.is_some(), stretching, tag })
    }

    fn matches(&self, password: &[u8]) -> bool {
        self.stretching.digest::<Md5>(password).ct_eq(&self.tag).into()
    }
}

impl StoredHash for Phpass {
    fn verify(&self, password: &[u8], _: &Projects) -> Result<bool, VerifyError> {
        let cleaned = self.is_of_phpbb.then(|| with_entities(password));
        Ok(self.matches(password) || cleaned.flatten().is_some_and(|text| self.matches(&text)))
    }

    fn determines(&self, password: &[u8]) -> bool {
        !self.is_of_phpbb || with_entities(password).is_none()
    }

    fn time(&self) -> Duration {
        // The longest entity has six characters.
        let cleaned = if self.is_of_phpbb { 6 * cost::LONGEST } else { 0 };
        self.stretching.time(DigestAlgorithm::Md5, cost::LONGEST + cleaned)
    }

    fn costs(&self) -> String {
        self.stretching.costs()
    }
}

/// The key stretching of phpass and Drupal: a digest of salt and password, then repeatedly a digest
/// of the previous digest and the password.
pub(crate) struct Stretching {
    log_rounds: u64,
    salt: [u8; SALT_CHARACTERS],
}

impl Stretching {
    /// Parses the character of the rounds and the salt, which is used as text. Returns the rest.
    pub(crate) fn parse(
        family: Family,
        text: &str,
        log_rounds: RangeInclusive<u64>,
    ) -> Result<(Self, &str), FormatError> {
        let cut_off = family.damaged("the salt is cut off");
        let (rounds, rest) = text.split_at_checked(1).ok_or(cut_off.clone())?;
        let (salt, rest) = rest.split_at_checked(SALT_CHARACTERS).ok_or(cut_off.clone())?;
        let rounds = rounds.bytes().next().and_then(crypt_value).ok_or(family.damaged("rounds"))?;
        let log_rounds =
            family.check_bounds("log2 of the rounds", u64::from(rounds), log_rounds)?;
        if salt.bytes().any(|byte| crypt_value(byte).is_none()) {
            return Err(family.damaged("salt"));
        }
        let salt = salt.as_bytes().try_into().map_err(|_| cut_off)?;
        Ok((Self { log_rounds, salt }, rest))
    }

    pub(crate) fn digest<D: Digest>(&self, password: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut digest = D::new().chain_update(self.salt).chain_update(password).finalize();
        for _ in 0..1_u64 << self.log_rounds {
            digest = D::new().chain_update(&digest).chain_update(password).finalize();
        }
        Zeroizing::new(digest.to_vec())
    }

    /// The time for passwords of up to `password_bytes`.
    pub(crate) fn time(&self, algorithm: DigestAlgorithm, password_bytes: u64) -> Duration {
        let bytes = algorithm.digest_bytes() as u64 + password_bytes;
        cost::digests(algorithm, 1 << self.log_rounds, bytes)
    }

    pub(crate) fn costs(&self) -> String {
        format!("log2 rounds={}", self.log_rounds)
    }
}
