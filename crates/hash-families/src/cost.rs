//! Estimates the time of a verification with the longest password that the family accepts.
//!
//! The constants were measured on one thread of a shared x86-64 server with the SHA extensions.
//! There, the times that `cargo bench -p repass-hash-families --features full` measures are 0.5 to
//! 1.5 times the estimates.

#![cfg_attr(
    not(feature = "full"),
    allow(
        dead_code,
        reason = "which of these are needed depends on the families that are built in"
    )
)]

use std::time::Duration;

use crate::{DigestAlgorithm, MAX_PASSWORD_BYTES};

/// Length of the longest password, in bytes.
pub(crate) const LONGEST: u64 = MAX_PASSWORD_BYTES as u64;

/// Time of a family without stretching: a few digests of a few KiB.
pub(crate) const FEW_DIGESTS: Duration = Duration::from_micros(100);

/// Time of one block of a digest, in nanoseconds.
const fn block(algorithm: DigestAlgorithm) -> u64 {
    match algorithm {
        DigestAlgorithm::Md5 => 80,
        DigestAlgorithm::Sha1 => 60,
        DigestAlgorithm::Sha256 => 50,
        DigestAlgorithm::Sha384 | DigestAlgorithm::Sha512 => 200,
    }
}

/// Returns the time of `count` digests of `bytes` each.
pub(crate) fn digests(algorithm: DigestAlgorithm, count: u64, bytes: u64) -> Duration {
    let block_bytes = match algorithm {
        DigestAlgorithm::Sha384 | DigestAlgorithm::Sha512 => 128,
        _ => 64,
    };
    // The padding has at least nine bytes.
    let blocks = (bytes + 9).div_ceil(block_bytes);
    nanoseconds(count, blocks * block(algorithm))
}

/// Returns the time of `count` times an HMAC of one block, whose key is prepared, as in PBKDF2.
pub(crate) fn hmacs(algorithm: DigestAlgorithm, count: u64) -> Duration {
    nanoseconds(count, 2 * block(algorithm))
}

/// Returns the time of bcrypt with this cost.
pub(crate) fn bcrypt(cost: u32) -> Duration {
    nanoseconds(1 << cost, 52_000)
}

/// Returns the time of scrypt with N·r·p of `work`.
pub(crate) fn scrypt(work: u64) -> Duration {
    nanoseconds(work, 400)
}

/// Returns the time of yescrypt with N·r·p·(t+1) of `work`.
pub(crate) fn yescrypt(work: u64) -> Duration {
    nanoseconds(work, 300)
}

/// Returns the time of `count` DES encryptions.
pub(crate) fn des(count: u64) -> Duration {
    nanoseconds(count, 150)
}

fn nanoseconds(count: u64, each: u64) -> Duration {
    Duration::from_nanos(count.saturating_mul(each))
}
