//! The loop over the blocks of a slice.

use super::{Kernel, Slice};
use crate::Block;

/// Number of lanes that are filled alternately, one block each, so that the CPU prefetches the
/// reference block of one lane while it computes the others.
const INTERLEAVED: usize = 4;

/// One of the interleaved lanes.
struct Lane {
    number: usize,
    /// The index in the memory of the next reference block.
    reference: usize,
    /// The input of the addresses and the addresses, both in the word order of the kernel.
    input: Block,
    addresses: Block,
}

impl Slice<'_> {
    /// Fills this slice of every lane.
    ///
    /// Inlined into the function of the kernel that enables the target features.
    #[inline(always)]
    pub(crate) fn fill<K: Kernel>(&self, kernel: K, memory: &mut [Block]) {
        let mut first = 0;
        while first < self.lanes() {
            let together = INTERLEAVED.min(self.lanes() - first);
            let mut lanes: [Lane; INTERLEAVED] =
                std::array::from_fn(|offset| self.lane::<K>(first + offset));
            let lanes = &mut lanes[..together];
            if together == 1 {
                self.fill_lanes::<K, true>(kernel, memory, lanes);
            } else {
                self.fill_lanes::<K, false>(kernel, memory, lanes);
            }
            first += together;
        }
    }

    /// A single lane (`ALONE`) waits for its reference block, so it prefetches that as early as
    /// possible. For interleaved lanes such an early prefetch would only delay the current block.
    #[inline(always)]
    fn fill_lanes<K: Kernel, const ALONE: bool>(
        &self,
        kernel: K,
        memory: &mut [Block],
        lanes: &mut [Lane],
    ) {
        let end = self.segment_length();
        for lane in &mut *lanes {
            if self.is_independent && self.filled > 0 {
                next_addresses(kernel, lane);
            }
            if self.filled < end {
                if self.is_independent {
                    self.select_independently(kernel, memory.as_ptr(), lane, self.filled);
                } else {
                    // The first word has index 0 in every kernel.
                    let random = memory[self.previous(lane.number, self.filled)].words()[0];
                    self.select(kernel, memory.as_ptr(), lane, self.filled, random);
                }
            }
        }
        for block in self.filled..end {
            let next = (block + 1 < end).then_some(block + 1);
            for lane in &mut *lanes {
                let target = self.index(lane.number, block);
                let previous = self.previous(lane.number, block);
                let reference = lane.reference;
                let blocks = memory.as_ptr();
                if let Some(next) = next {
                    kernel.prefetch(blocks.wrapping_add(target + 1));
                    if self.is_independent {
                        self.select_independently(kernel, blocks, lane, next);
                    }
                }
                #[expect(
                    clippy::expect_used,
                    reason = "tests of Slice::reference prove that the blocks are disjoint"
                )]
                let [previous, reference, written] = memory
                    .get_disjoint_mut([previous, reference, target])
                    .expect("the reference is neither the current nor the previous block");
                let dependent = next.filter(|_| !self.is_independent);
                let mut random = 0;
                kernel.compress(
                    previous,
                    reference,
                    written,
                    self.keeps,
                    |first| match dependent {
                        Some(next) if ALONE => self.select(kernel, blocks, lane, next, first),
                        _ => random = first,
                    },
                );
                if let Some(next) = dependent
                    && !ALONE
                {
                    self.select(kernel, blocks, lane, next, random);
                }
            }
        }
    }

    /// Selects the reference of `block` by the addresses of the lane.
    #[inline(always)]
    fn select_independently<K: Kernel>(
        &self,
        kernel: K,
        blocks: *const Block,
        lane: &mut Lane,
        block: usize,
    ) {
        let word = block % Block::WORDS;
        if word == 0 {
            next_addresses(kernel, lane);
        }
        let random = lane.addresses.words()[K::place(word)];
        self.select(kernel, blocks, lane, block, random);
    }

    /// Selects the reference of `block` by a pseudorandom word, and prefetches it. `blocks` is the
    /// start of the memory.
    #[inline(always)]
    fn select<K: Kernel>(
        &self,
        kernel: K,
        blocks: *const Block,
        lane: &mut Lane,
        block: usize,
        random: u64,
    ) {
        lane.reference = self.reference(random, lane.number, block);
        kernel.prefetch(blocks.wrapping_add(lane.reference));
    }

    fn lane<K: Kernel>(&self, number: usize) -> Lane {
        let mut input = Block::new();
        for (word, value) in self.address_input(number).into_iter().enumerate() {
            input.words_mut()[K::place(word)] = value;
        }
        Lane { number, reference: 0, input, addresses: Block::new() }
    }
}

/// Increments the counter and computes the next 128 addresses.
fn next_addresses<K: Kernel>(kernel: K, lane: &mut Lane) {
    lane.input.words_mut()[K::place(6)] += 1;
    kernel.addresses(&lane.input, &mut lane.addresses);
}

/// Computes 128 addresses (RFC 9106, section 3.4.1.2).
///
/// Inlined into the function of the kernel that enables the target features.
#[inline(always)]
pub(crate) fn addresses<K: Kernel>(kernel: K, input: &Block, addresses: &mut Block) {
    let zero = Block::new();
    let mut half = Block::new();
    kernel.compress(&zero, input, &mut half, false, |_| {});
    kernel.compress(&zero, &half, addresses, false, |_| {});
}
