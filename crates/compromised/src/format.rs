//! The layout of a corpus file.
//!
//! ```text
//! header   4096 bytes: MAGIC, the CRC-32 of the JSON, its length, the JSON, zeros
//! data     one block for each bucket: the number of digests, then their codes, bit by bit
//! index    one entry of 8 bytes for each bucket, and one more for the end of the last one:
//!          40 bits for the offset of its block in the data, 24 for the checksum of the block
//! ```
//!
//! A digest is cut to its first `digest_bits` bits. The first `bucket_bits` of these are the number
//! of its bucket. The rest is coded as the difference to the digest before it, by a Rice code with
//! `rice_bits` low bits, followed by [`MAGNITUDE_BITS`] bits for the order of magnitude of how often
//! it was seen.

use serde::{Deserialize, Serialize};

/// The first bytes of a corpus file.
pub(crate) const MAGIC: [u8; 16] = *b"repass-corpus-1\n";

/// The length of the header.
pub(crate) const HEADER: usize = 4096;

/// The length of an entry of the index.
pub(crate) const ENTRY: usize = 8;

/// The bits of an order of magnitude.
pub(crate) const MAGNITUDE_BITS: u32 = 3;

/// The bits of a cut digest beyond the binary logarithm of the number of digests. A password that is
/// not in the corpus has the cut digest of one that is with a probability below 2^-17.
const EXTRA_BITS: u32 = 17;

/// A bucket has 64 to 128 digests on average.
const BUCKET_LOG: u32 = 6;

/// What the head of a corpus file says about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorpusInfo {
    /// The number of digests.
    pub digests: u64,
    /// The fewest times that a password was seen to be in the corpus.
    pub min_count: u64,
    /// When the corpus was built, as RFC 3339.
    pub built_at: String,
    /// The name of the file or folder that it was built from.
    pub source: String,
    /// The bits of a cut digest.
    pub(crate) digest_bits: u32,
    /// The bits of the number of a bucket.
    pub(crate) bucket_bits: u32,
    /// The low bits of the Rice code.
    pub(crate) rice_bits: u32,
    /// The length of the data in bytes.
    pub(crate) data_len: u64,
    /// The CRC-32 of the index.
    pub(crate) index_crc32: u32,
}

impl CorpusInfo {
    /// The number of buckets.
    pub(crate) const fn buckets(&self) -> u64 {
        1 << self.bucket_bits
    }

    /// The length of the whole file.
    pub(crate) const fn file_len(&self) -> u64 {
        HEADER as u64 + self.data_len + (self.buckets() + 1) * ENTRY as u64
    }

    /// Whether the numbers are possible.
    pub(crate) const fn is_valid(&self) -> bool {
        self.digest_bits <= 56
            && self.bucket_bits <= 32
            && self.bucket_bits < self.digest_bits
            && self.rice_bits < self.digest_bits
            && self.data_len < 1 << 40
    }
}

/// The sizes of the parts of a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Layout {
    pub(crate) digest_bits: u32,
    pub(crate) bucket_bits: u32,
    pub(crate) rice_bits: u32,
}

impl Layout {
    /// Returns the layout for at most `expected` digests.
    pub(crate) fn for_digests(expected: u64) -> Self {
        // Rounded up, so that the probability of a false match holds for every number below.
        let log = u64::BITS - expected.max(2).saturating_sub(1).leading_zeros();
        let bucket_bits = log.saturating_sub(BUCKET_LOG + 1);
        let digest_bits = log + EXTRA_BITS;
        // The mean difference is 2^17 to 2^18; a Rice code is shortest for the logarithm of 0.69 of
        // that.
        Self { digest_bits, bucket_bits, rice_bits: EXTRA_BITS }
    }

    /// Returns the bucket of a digest and the rest of its cut form.
    pub(crate) fn split(self, digest: &[u8; 20]) -> (u64, u64) {
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        let cut = u64::from_be_bytes(first) >> (64 - self.digest_bits);
        let rest_bits = self.digest_bits - self.bucket_bits;
        (cut >> rest_bits, cut & ((1 << rest_bits) - 1))
    }
}

impl From<&CorpusInfo> for Layout {
    fn from(info: &CorpusInfo) -> Self {
        let CorpusInfo { digest_bits, bucket_bits, rice_bits, .. } = *info;
        Self { digest_bits, bucket_bits, rice_bits }
    }
}

/// An entry of the index: the offset of a block, and the checksum of the block.
pub(crate) const fn entry(offset: u64, checksum: u32) -> [u8; ENTRY] {
    (offset | ((checksum as u64) << 40)).to_le_bytes()
}

/// Returns the offset and the checksum of an entry.
pub(crate) const fn parse_entry(bytes: [u8; ENTRY]) -> (u64, u32) {
    let value = u64::from_le_bytes(bytes);
    (value & ((1 << 40) - 1), (value >> 40) as u32)
}

/// The checksum of a block: 24 bits of its CRC-32.
pub(crate) fn checksum(block: &[u8]) -> u32 {
    crc32fast::hash(block) >> 8
}

/// Returns the order of magnitude of how often a password was seen: 0 for below 10, 1 for below 100,
/// and so on, at most 7.
pub(crate) fn magnitude(count: u64) -> u8 {
    let digits = count.max(1).ilog10();
    digits.min((1 << MAGNITUDE_BITS) - 1) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_false_match_is_rarer_than_one_in_a_hundred_thousand() {
        for expected in [1_u64, 100, 65_536, 65_537, 1_000_000_000, 2_000_000_000] {
            let layout = Layout::for_digests(expected);
            let probability = expected as f64 / 2_f64.powi(layout.digest_bits as i32);
            assert!(probability < 1e-5, "{expected}: {probability}");
            assert!(layout.digest_bits <= 56 && layout.bucket_bits < layout.digest_bits);
        }
    }

    #[test]
    fn entries_are_read_as_written() {
        for (offset, sum) in [(0, 0), (1, 0xff_ffff), ((1 << 40) - 1, 0x12_3456)] {
            assert_eq!(parse_entry(entry(offset, sum)), (offset, sum));
        }
    }

    #[test]
    fn magnitudes_are_decimal_digits() {
        for (count, expected) in [(0, 0), (9, 0), (10, 1), (99, 1), (100, 2), (u64::MAX, 7)] {
            assert_eq!(magnitude(count), expected, "{count}");
        }
    }
}
