//! Writes and reads the codes of a block.

use crate::format::{Layout, MAGNITUDE_BITS};

/// Writes bits, the highest first.
#[derive(Debug, Default)]
pub(crate) struct BitWriter {
    bytes: Vec<u8>,
    /// The bits that are not in `bytes` yet, at the low end.
    pending: u64,
    count: u32,
}

impl BitWriter {
    /// Writes the low `count` bits of `value`, at most 32.
    fn write(&mut self, value: u64, count: u32) {
        self.pending = (self.pending << count) | (value & ((1 << count) - 1));
        self.count += count;
        while self.count >= 8 {
            self.count -= 8;
            self.bytes.push((self.pending >> self.count) as u8);
        }
    }

    /// Writes a difference by a Rice code, and a magnitude.
    pub(crate) fn write_code(&mut self, layout: Layout, difference: u64, magnitude: u8) {
        let mut high = difference >> layout.rice_bits;
        while high >= 32 {
            self.write(u64::from(u32::MAX), 32);
            high -= 32;
        }
        self.write((1 << (high + 1)) - 2, high as u32 + 1);
        self.write(difference, layout.rice_bits);
        self.write(u64::from(magnitude), MAGNITUDE_BITS);
    }

    /// Fills the last byte with zeros, and returns the bytes.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        if self.count > 0 {
            let missing = 8 - self.count;
            self.write(0, missing);
        }
        self.bytes
    }
}

/// Reads bits, the highest first.
pub(crate) struct BitReader<'a> {
    bytes: &'a [u8],
    /// The bits that are read next, at the high end.
    buffer: u64,
    count: u32,
}

impl<'a> BitReader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, buffer: 0, count: 0 }
    }

    /// Fills the buffer with at least 57 bits, or with all that are left.
    fn fill(&mut self) {
        if let Some((word, _)) = self.bytes.split_first_chunk::<8>() {
            self.buffer |= u64::from_be_bytes(*word) >> self.count;
            let taken = (63 - self.count) / 8;
            self.bytes = &self.bytes[taken as usize..];
            self.count += taken * 8;
            return;
        }
        while self.count <= 56
            && let Some((byte, rest)) = self.bytes.split_first()
        {
            self.buffer |= u64::from(*byte) << (56 - self.count);
            self.bytes = rest;
            self.count += 8;
        }
    }

    /// Reads `count` bits, 1 to 56.
    fn read(&mut self, count: u32) -> Option<u64> {
        if self.count < count {
            self.fill();
        }
        self.count = self.count.checked_sub(count)?;
        let value = self.buffer >> (64 - count);
        self.buffer <<= count;
        Some(value)
    }

    /// Reads a difference and a magnitude. `None` if the bits end.
    pub(crate) fn read_code(&mut self, layout: Layout) -> Option<(u64, u8)> {
        let mut high = 0;
        loop {
            if self.count <= 32 {
                self.fill();
            }
            let ones = self.buffer.leading_ones();
            if ones < self.count {
                self.buffer <<= ones + 1;
                self.count -= ones + 1;
                high += u64::from(ones);
                break;
            }
            if self.count == 0 {
                return None;
            }
            high += u64::from(self.count);
            (self.buffer, self.count) = (0, 0);
        }
        let low = self.read(layout.rice_bits)?;
        let magnitude = self.read(MAGNITUDE_BITS)?;
        Some(((high << layout.rice_bits) | low, magnitude as u8))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn codes_are_read_as_written(
            rice_bits in 1_u32..30,
            codes in prop::collection::vec((0_u64..1 << 34, 0_u8..8), 0..200),
        ) {
            let layout = Layout { digest_bits: 40, bucket_bits: 4, rice_bits };
            // A difference of 2^34 with one low bit has a very long code.
            let limit = |difference: u64| difference.min(1_000 << rice_bits);
            let mut writer = BitWriter::default();
            for (difference, magnitude) in &codes {
                writer.write_code(layout, limit(*difference), *magnitude);
            }
            let bytes = writer.finish();
            let mut reader = BitReader::new(&bytes);
            for (difference, magnitude) in codes {
                prop_assert_eq!(reader.read_code(layout), Some((limit(difference), magnitude)));
            }
        }

        #[test]
        fn any_bytes_end(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let layout = Layout { digest_bits: 40, bucket_bits: 4, rice_bits: 5 };
            let mut reader = BitReader::new(&bytes);
            let mut codes = 0;
            while reader.read_code(layout).is_some() {
                codes += 1;
            }
            prop_assert!(codes <= bytes.len() * 8);
        }
    }
}
