use zeroize::Zeroize;

/// A block of Argon2's memory: 1 KiB, as 128 words of 64 bits.
///
/// After a hash, the content depends on the password and on the [`Path`](crate::Path).
/// [`wipe`](crate::wipe) it, or reuse it for the next hash.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
#[repr(C, align(64))]
pub struct Block([u64; Self::WORDS]);

impl Block {
    /// Length in bytes.
    pub const SIZE: usize = 1024;

    pub(crate) const WORDS: usize = Self::SIZE / 8;

    /// A block of zeros.
    #[must_use]
    pub const fn new() -> Self {
        Self([0; Self::WORDS])
    }

    pub(crate) fn from_bytes(bytes: &[u8; Self::SIZE]) -> Self {
        let mut block = Self::new();
        for (word, bytes) in block.0.iter_mut().zip(bytes.as_chunks().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        block
    }

    pub(crate) fn to_bytes(self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        for (bytes, word) in bytes.as_chunks_mut().0.iter_mut().zip(self.0) {
            *bytes = word.to_le_bytes();
        }
        bytes
    }

    pub(crate) const fn words(&self) -> &[u64; Self::WORDS] {
        &self.0
    }

    pub(crate) const fn words_mut(&mut self) -> &mut [u64; Self::WORDS] {
        &mut self.0
    }

    pub(crate) fn xor(&mut self, other: &Self) {
        for (word, other) in self.0.iter_mut().zip(other.0) {
            *word ^= other;
        }
    }
}

impl Default for Block {
    fn default() -> Self {
        Self::new()
    }
}

impl AsRef<[u64]> for Block {
    fn as_ref(&self) -> &[u64] {
        &self.0
    }
}

impl AsMut<[u64]> for Block {
    fn as_mut(&mut self) -> &mut [u64] {
        &mut self.0
    }
}

impl Zeroize for Block {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_little_endian() {
        let mut bytes = [0; Block::SIZE];
        for (byte, number) in bytes.iter_mut().zip((0..=250).cycle()) {
            *byte = number;
        }
        let block = Block::from_bytes(&bytes);
        assert_eq!(block.words()[0], 0x0706_0504_0302_0100);
        assert_eq!(block.to_bytes(), bytes);
    }

    #[test]
    fn a_zeroized_block_equals_a_new_one() {
        let mut block = Block([7; Block::WORDS]);
        block.zeroize();
        assert_eq!(block, Block::new());
        assert_eq!(align_of::<Block>(), 64);
        assert_eq!(size_of::<Block>(), Block::SIZE);
    }
}
