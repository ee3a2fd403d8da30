//! yescrypt, by Openwall: `$y$parameters$salt$tag`, the default of many Linux systems.
//!
//! Supports the hashes that `crypt(3)` writes: its own flavor and the two flavors of scrypt,
//! without a ROM and without hash upgrades.

use std::ops::RangeInclusive;
use std::time::Duration;

use subtle::ConstantTimeEq;
use yescrypt::{Mode, Params};
use zeroize::Zeroizing;

use crate::cost;
use crate::foreign_hash::{StoredHash, is_determined_by_hmac};
use crate::parsing::{CRYPT, crypt_value, split};
use crate::{Family, FormatError, Projects, VerifyError};

const FAMILY: Family = Family::Yescrypt;

/// Maximum memory, in bytes. Systems use 16 MiB (`j9T`) by default; the strongest setting of
/// crypt(3) needs 1 GiB.
const MEMORY_BYTES: u64 = 256 * 1024 * 1024;

const LOG_N: RangeInclusive<u64> = 1..=20;
const R: RangeInclusive<u64> = 1..=64;
const P: RangeInclusive<u64> = 1..=64;
const T: RangeInclusive<u64> = 0..=16;

/// Maximum work, as N·r·p·(t+1): that of filling 256 MiB four times, a few seconds.
const WORK: u64 = 4 * MEMORY_BYTES / 128;

/// The S-boxes of each lane.
const S_BOX_BYTES: usize = 12 * 1024;

/// One yescrypt hash.
pub(crate) struct Yescrypt {
    costs: Costs,
    params: Params,
    salt: Vec<u8>,
    tag: Vec<u8>,
}

impl Yescrypt {
    pub(crate) fn parse(text: &str) -> Result<Self, FormatError> {
        let damaged = FAMILY.damaged("the form is not $y$parameters$salt$tag");
        Self::parse_as(FAMILY, text.strip_prefix("$y$").ok_or(damaged)?)
    }

    /// Parses `parameters$salt$tag` as part of a hash of `family`.
    pub(crate) fn parse_as(family: Family, text: &str) -> Result<Self, FormatError> {
        let [params, salt, tag] =
            split(text, '$').ok_or(family.damaged("the form is not parameters$salt$tag"))?;
        let costs = Costs::parse(params).ok_or(family.damaged("parameters"))?;
        let params = costs.params(family)?;
        let salt = family.decode("salt", &CRYPT, salt, 0..=64)?;
        let tag = family.decode("tag", &CRYPT, tag, 32..=32)?;
        Ok(Self { costs, params, salt, tag })
    }

    /// Derives a tag from `password`; errors name `family`.
    pub(crate) fn derive(
        &self,
        family: Family,
        password: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, VerifyError> {
        let mut tag = Zeroizing::new(vec![0; self.tag.len()]);
        yescrypt::yescrypt(password, &self.salt, &self.params, &mut tag)
            .map_err(|_| VerifyError::Algorithm { family, reason: "refused the costs" })?;
        Ok(tag)
    }

    pub(crate) fn tag(&self) -> &[u8] {
        &self.tag
    }
}

impl StoredHash for Yescrypt {
    fn verify(&self, password: &[u8], _: &Projects) -> Result<bool, VerifyError> {
        Ok(self.derive(FAMILY, password)?.ct_eq(&self.tag).into())
    }

    fn determines(&self, password: &[u8]) -> bool {
        // Flavor 0 is scrypt. The others begin with an HMAC of the password under a fixed key.
        self.costs.flavor != 0 || is_determined_by_hmac(password)
    }

    fn memory_bytes(&self) -> usize {
        // The bounds exclude an overflow.
        let [n, r, p] = [1 << self.costs.log_n, self.costs.r, self.costs.p]
            .map(|number| usize::try_from(number).unwrap_or(usize::MAX));
        128 * r * (n + p + 2) + S_BOX_BYTES * p
    }

    fn time(&self) -> Duration {
        cost::yescrypt(self.costs.work())
    }

    fn costs(&self) -> String {
        let Costs { log_n, r, p, t, .. } = self.costs;
        format!("ln={log_n},r={r},p={p},t={t}")
    }
}

/// The parameters of a hash.
struct Costs {
    flavor: u64,
    log_n: u64,
    r: u64,
    p: u64,
    t: u64,
}

impl Costs {
    /// Parses the parameters. After r, a bit mask lists the optional parameters; those of hash
    /// upgrades and of a ROM are refused.
    fn parse(text: &str) -> Option<Self> {
        let mut rest = text.as_bytes();
        let flavor = number(&mut rest, 0)?;
        let log_n = number(&mut rest, 1)?;
        let r = number(&mut rest, 1)?;
        let (mut p, mut t) = (1, 0);
        if !rest.is_empty() {
            let present = number(&mut rest, 1)?;
            if present & !0b11 != 0 {
                return None;
            }
            if present & 0b01 != 0 {
                p = number(&mut rest, 2)?;
            }
            if present & 0b10 != 0 {
                t = number(&mut rest, 1)?;
            }
        }
        rest.is_empty().then_some(Self { flavor, log_n, r, p, t })
    }

    /// Returns the parameters for the algorithm, if they are within bounds.
    fn params(&self, family: Family) -> Result<Params, FormatError> {
        let damaged = |_| family.damaged("parameters");
        family.check_bounds("ln", self.log_n, LOG_N)?;
        family.check_bounds("r", self.r, R)?;
        family.check_bounds("p", self.p, P)?;
        family.check_bounds("t", self.t, T)?;
        let n = 1 << self.log_n;
        family.check_bounds("memory in bytes", 128 * n * self.r, 0..=MEMORY_BYTES)?;
        let work = self.work();
        family.check_bounds("work (N times r times p times t+1)", work, 0..=WORK)?;
        let small = |number: u64| u32::try_from(number).map_err(|_| family.damaged("parameters"));
        let mode = Mode::try_from(small(self.flavor)?).map_err(damaged)?;
        Params::new_with_all_params(mode, n, small(self.r)?, small(self.p)?, small(self.t)?, 0)
            .map_err(damaged)
    }

    /// N·r·p·(t+1). The bounds of each exclude an overflow.
    const fn work(&self) -> u64 {
        (self.r * self.p * (self.t + 1)) << self.log_n
    }
}

/// Parses a number of variable length, which is at least `min`, from the beginning of `rest`. The
/// first character determines the number of characters that follow.
fn number(rest: &mut &[u8], min: u64) -> Option<u64> {
    const RANGES: [(RangeInclusive<u8>, u32); 6] =
        [(0..=47, 0), (48..=55, 1), (56..=59, 2), (60..=61, 3), (62..=62, 4), (63..=63, 5)];
    let (first, tail) = rest.split_first()?;
    let first = crypt_value(*first)?;
    *rest = tail;
    let mut value = min;
    for (range, more) in RANGES {
        let bits = 6 * more;
        if first > *range.end() {
            value += u64::from(range.end() - range.start() + 1) << bits;
            continue;
        }
        let mut offset = u64::from(first - range.start());
        for _ in 0..more {
            let (next, tail) = rest.split_first()?;
            offset = (offset << 6) | u64::from(crypt_value(*next)?);
            *rest = tail;
        }
        return Some(value + offset);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parameters from yescrypt's tests (`TESTS-OK`) and libxcrypt.
    #[test]
    fn parameters_are_parsed() {
        let read = |text| {
            let Costs { flavor, log_n, r, p, t } = Costs::parse(text)?;
            Some((flavor, log_n, r, p, t))
        };
        assert_eq!(read("j9T"), Some((0b10_1111, 12, 32, 1, 0)));
        assert_eq!(read("jD5.7"), Some((0b10_1111, 16, 8, 11, 0)));
        assert_eq!(read("jC4"), Some((0b10_1111, 15, 7, 1, 0)));
        assert_eq!(read("/A2"), Some((1, 13, 5, 1, 0)));
        assert_eq!(read("j95.0"), Some((0b10_1111, 12, 8, 4, 0)));
        assert_eq!(read("j95/0"), Some((0b10_1111, 12, 8, 1, 3)));
        for damaged in
            ["", "j", "j9", "j9T.", "j9T.0.", "j953/2", "jC559", "j9T!", "j9z....", "zzzzz"]
        {
            assert_eq!(read(damaged), None, "{damaged}");
        }
    }
}
