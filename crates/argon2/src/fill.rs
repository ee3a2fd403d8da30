//! Fills the memory: RFC 9106, section 3.2, steps 5 to 7, for any kernel.

mod geometry;
mod slice;

pub(crate) use geometry::{Geometry, Slice};
pub(crate) use slice::addresses;

use crate::Block;
use crate::params::SLICES;

/// Computes blocks. A value of a kernel type proves that this CPU has its instructions.
pub(crate) trait Kernel: Copy + Send + Sync + 'static {
    /// Returns the index of a word in a stored block: a permutation of 0 to 127 with `place(0) ==
    /// 0`.
    ///
    /// Within a hash, blocks are only combined word by word, except for the permutation in the
    /// kernel. So a kernel may store the words in any order.
    fn place(word: usize) -> usize {
        word
    }

    /// Fills one slice by calling [`Slice::fill`] with the target features of the kernel.
    fn fill_slice(self, memory: &mut [Block], slice: &Slice<'_>);

    /// Computes 128 addresses by calling [`addresses`] with the target features of the kernel.
    fn addresses(self, input: &Block, addresses: &mut Block);

    /// Writes the compression function G of `previous` and `reference` to `target`, or with `keep`,
    /// XORs it into `target`.
    ///
    /// Calls `begun` with the first word of the result as early as possible: it selects the next
    /// reference block, which must be fetched.
    fn compress(
        self,
        previous: &Block,
        reference: &Block,
        target: &mut Block,
        keep: bool,
        begun: impl FnOnce(u64),
    );

    /// Prefetches a block.
    fn prefetch(self, _block: *const Block) {}
}

/// The object-safe form of [`Kernel`].
pub(crate) trait Fill: Send + Sync {
    /// Fills `memory` from the first two blocks of each lane. Returns the XOR of the last blocks of
    /// all lanes.
    ///
    /// `memory` has exactly the length of `geometry`.
    fn fill(&self, memory: &mut [Block], geometry: &Geometry) -> Block;
}

impl<K: Kernel> Fill for K {
    fn fill(&self, memory: &mut [Block], geometry: &Geometry) -> Block {
        for lane in memory.chunks_exact_mut(geometry.lane_length()) {
            for seed in &mut lane[..2] {
                *seed = stored::<K>(seed);
            }
        }
        for pass in 0..geometry.passes() {
            for slice in 0..SLICES {
                self.fill_slice(memory, &Slice::new(geometry, pass, slice));
            }
        }
        let mut last = Block::new();
        for block in memory.iter().skip(geometry.lane_length() - 1).step_by(geometry.lane_length())
        {
            last.xor(block);
        }
        natural::<K>(&last)
    }
}

/// Converts a block to the word order of the kernel.
fn stored<K: Kernel>(natural: &Block) -> Block {
    let mut stored = Block::new();
    for (word, value) in natural.words().iter().enumerate() {
        stored.words_mut()[K::place(word)] = *value;
    }
    stored
}

/// Converts a block to the word order of RFC 9106.
fn natural<K: Kernel>(stored: &Block) -> Block {
    let mut natural = Block::new();
    for (word, value) in natural.words_mut().iter_mut().enumerate() {
        *value = stored.words()[K::place(word)];
    }
    natural
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Portable;

    /// Blocks in which all words differ.
    fn blocks() -> [Block; 3] {
        let mut number = 0_u64;
        [(); 3].map(|()| {
            let mut block = Block::new();
            for word in block.words_mut() {
                number += 1;
                *word = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
            }
            block
        })
    }

    fn assert_equals_portable<K: Kernel>(kernel: K) {
        assert_eq!(K::place(0), 0);
        for keep in [false, true] {
            let [previous, reference, mut target] = blocks().map(|block| stored::<K>(&block));
            let mut first = None;
            kernel.compress(&previous, &reference, &mut target, keep, |word| first = Some(word));
            let [previous, reference, mut expected] = blocks();
            Portable.compress(&previous, &reference, &mut expected, keep, |_| {});
            assert_eq!(natural::<K>(&target), expected);
            assert_eq!(first, Some(expected.words()[0]));
        }
    }

    #[test]
    fn every_kernel_compresses_like_the_portable_one() {
        assert_equals_portable(Portable);
        #[cfg(target_arch = "x86_64")]
        {
            use crate::kernel::{Avx2, Avx512};
            Avx2::detect().copied().into_iter().for_each(assert_equals_portable);
            Avx512::detect().copied().into_iter().for_each(assert_equals_portable);
        }
        #[cfg(target_arch = "aarch64")]
        crate::kernel::Neon::detect().copied().into_iter().for_each(assert_equals_portable);
    }
}
