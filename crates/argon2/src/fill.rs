//! Filling the memory: RFC 9106, section 3.2, steps 5 to 7, for any kernel.

mod geometry;
mod slice;

pub(crate) use geometry::{Geometry, Slice};
pub(crate) use slice::addresses;

use crate::Block;
use crate::params::SLICES;

/// A way to compute blocks. A value of such a type proves that this CPU has what its way needs.
pub(crate) trait Kernel: Copy + Send + Sync + 'static {
    /// Where in a stored block this kernel keeps the word of the given number; a permutation of 0 to
    /// 127 that leaves 0 in its place.
    ///
    /// Inside a hash blocks are only ever combined with one another word by word, but for the
    /// permutation that the kernel does itself. So it may keep them in the order that costs it least.
    fn place(word: usize) -> usize {
        word
    }

    /// Fills one slice by calling [`Slice::fill`] where the compiler may use all that the CPU has.
    fn fill_slice(self, memory: &mut [Block], slice: &Slice<'_>);

    /// Computes 128 addresses by calling [`addresses`] likewise.
    fn addresses(self, input: &Block, addresses: &mut Block);

    /// The compression function G: of `previous` and `reference` into `target`; with `keep`, what was
    /// in `target` stays in it by exclusive or.
    ///
    /// Calls `begun` with the first word of the result as soon as that is known, long before the rest:
    /// it says what the next block refers to, which may be far away.
    fn compress(
        self,
        previous: &Block,
        reference: &Block,
        target: &mut Block,
        keep: bool,
        begun: impl FnOnce(u64),
    );

    /// Says that the block there will be used soon.
    fn prefetch(self, _block: *const Block) {}
}

/// [`Kernel`] without its type.
pub(crate) trait Fill: Send + Sync {
    /// Fills `memory` from the two blocks that stand at the start of each lane, and returns the
    /// exclusive or of the last block of every lane.
    ///
    /// `memory` is exactly as long as `geometry` says.
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

/// The block in the order of the kernel.
fn stored<K: Kernel>(natural: &Block) -> Block {
    let mut stored = Block::new();
    for (word, value) in natural.words().iter().enumerate() {
        stored.words_mut()[K::place(word)] = *value;
    }
    stored
}

/// The block in the order of the definition.
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

    /// Blocks in which no word is like another.
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

    fn compresses_like_the_portable_one<K: Kernel>(kernel: K) {
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
        compresses_like_the_portable_one(Portable);
        #[cfg(target_arch = "x86_64")]
        {
            use crate::kernel::{Avx2, Avx512};
            Avx2::detect().copied().into_iter().for_each(compresses_like_the_portable_one);
            Avx512::detect().copied().into_iter().for_each(compresses_like_the_portable_one);
        }
        #[cfg(target_arch = "aarch64")]
        crate::kernel::Neon::detect()
            .copied()
            .into_iter()
            .for_each(compresses_like_the_portable_one);
    }
}
