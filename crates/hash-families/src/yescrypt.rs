//! yescrypt, by Openwall: `$y$parameters$salt$tag`, the default of many Linux systems.
//!
//! Taken is what `crypt(3)` writes: its own flavour and the two of scrypt's kin, without a ROM and
//! without later upgrades of the hash.

use std::ops::RangeInclusive;

use subtle::ConstantTimeEq;
use yescrypt::{Mode, Params};
use zeroize::Zeroizing;

use crate::foreign_hash::{StoredHash, is_determined_by_hmac};
use crate::reading::{CRYPT, crypt_value, parts};
use crate::{Family, FormatError, Projects, VerifyError};

const FAMILY: Family = Family::Yescrypt;

/// The most memory, in bytes: 256 MiB. Systems write 16 MiB (`j9T`) by default, the strongest setting
/// of crypt(3) takes 1 GiB.
const MEMORY_BYTES: u64 = 256 * 1024 * 1024;

const LOG_N: RangeInclusive<u64> = 1..=20;
const R: RangeInclusive<u64> = 1..=64;
const P: RangeInclusive<u64> = 1..=64;
const T: RangeInclusive<u64> = 0..=16;

/// The most work, as N·r·p·(t+1); the work of 256 MiB filled four times, some seconds.
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
        let Some(["", "y", params, salt, tag]) = parts(text, '$') else {
            return Err(FAMILY.damaged("not of the form $y$parameters$salt$tag"));
        };
        let costs = Costs::read(params).ok_or(FAMILY.damaged("parameters"))?;
        let params = costs.params()?;
        let salt = FAMILY.bytes("salt", &CRYPT, salt, 0..=64)?;
        let tag = FAMILY.bytes("tag", &CRYPT, tag, 32..=32)?;
        Ok(Self { costs, params, salt, tag })
    }
}

impl StoredHash for Yescrypt {
    fn verify(&self, password: &[u8], _: &Projects) -> Result<bool, VerifyError> {
        let mut tag = Zeroizing::new(vec![0; self.tag.len()]);
        yescrypt::yescrypt(password, &self.salt, &self.params, &mut tag)
            .map_err(|_| VerifyError::Algorithm { family: FAMILY, what: "refused the costs" })?;
        Ok(tag.ct_eq(&self.tag).into())
    }

    fn determines(&self, password: &[u8]) -> bool {
        // Flavour 0 is scrypt. The others begin with an HMAC of the password under a fixed key.
        self.costs.flavour != 0 || is_determined_by_hmac(password)
    }

    fn memory_bytes(&self) -> usize {
        // Small numbers all, by the bounds.
        let [n, r, p] = [1 << self.costs.log_n, self.costs.r, self.costs.p]
            .map(|number| usize::try_from(number).unwrap_or(usize::MAX));
        128 * r * (n + p + 2) + S_BOX_BYTES * p
    }

    fn costs(&self) -> String {
        let Costs { log_n, r, p, t, .. } = self.costs;
        format!("ln={log_n},r={r},p={p},t={t}")
    }
}

/// The parameters, as they are written.
struct Costs {
    flavour: u64,
    log_n: u64,
    r: u64,
    p: u64,
    t: u64,
}

impl Costs {
    /// Reads all of `text`. Which of the parameters after r are there is told by the bits of the
    /// number before them; the one of upgrades and the one of a ROM are not taken.
    fn read(text: &str) -> Option<Self> {
        let mut rest = text.as_bytes();
        let flavour = number(&mut rest, 0)?;
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
        rest.is_empty().then_some(Self { flavour, log_n, r, p, t })
    }

    /// The same for the algorithm, when they are within bounds.
    fn params(&self) -> Result<Params, FormatError> {
        let damaged = |_| FAMILY.damaged("parameters");
        FAMILY.bounded("ln", self.log_n, LOG_N)?;
        FAMILY.bounded("r", self.r, R)?;
        FAMILY.bounded("p", self.p, P)?;
        FAMILY.bounded("t", self.t, T)?;
        let n = 1 << self.log_n;
        FAMILY.bounded("memory in bytes", 128 * n * self.r, 0..=MEMORY_BYTES)?;
        let work = n * self.r * self.p * (self.t + 1);
        FAMILY.bounded("work (N times r times p times t+1)", work, 0..=WORK)?;
        let small = |number: u64| u32::try_from(number).map_err(|_| FAMILY.damaged("parameters"));
        let mode = Mode::try_from(small(self.flavour)?).map_err(damaged)?;
        Params::new_with_all_params(mode, n, small(self.r)?, small(self.p)?, small(self.t)?, 0)
            .map_err(damaged)
    }
}

/// Reads a number of at least `least` from the beginning of `rest`. Its first character tells how many
/// there are: up to 47 it stands alone, and the more follow, the fewer first characters there are.
fn number(rest: &mut &[u8], least: u64) -> Option<u64> {
    const RANGES: [(RangeInclusive<u8>, u32); 6] =
        [(0..=47, 0), (48..=55, 1), (56..=59, 2), (60..=61, 3), (62..=62, 4), (63..=63, 5)];
    let (first, behind) = rest.split_first()?;
    let first = crypt_value(*first)?;
    *rest = behind;
    let mut value = least;
    for (range, more) in RANGES {
        let bits = 6 * more;
        if first > *range.end() {
            value += u64::from(range.end() - range.start() + 1) << bits;
            continue;
        }
        let mut offset = u64::from(first - range.start());
        for _ in 0..more {
            let (next, behind) = rest.split_first()?;
            offset = (offset << 6) | u64::from(crypt_value(*next)?);
            *rest = behind;
        }
        return Some(value + offset);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parameters that yescrypt's own tests (`TESTS-OK`) and libxcrypt write.
    #[test]
    fn parameters_are_read_as_they_were_written() {
        let read = |text| {
            let Costs { flavour, log_n, r, p, t } = Costs::read(text)?;
            Some((flavour, log_n, r, p, t))
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
