//! The loop over the blocks of a slice.

use super::{Kernel, Slice};
use crate::Block;

/// How many lanes are filled in turns, a block of each, so that the CPU fetches what one lane refers to
/// while it computes the others.
const INTERLEAVED: usize = 4;

/// One of the lanes that are filled in turns.
struct Lane {
    number: usize,
    /// Where in the memory the block stands that the next block refers to.
    reference: usize,
    /// The input of the addresses, and the addresses; both in the order of the kernel.
    input: Block,
    addresses: Block,
}

impl Slice<'_> {
    /// Fills this slice of every lane.
    ///
    /// Inlined into the function of the kernel that tells the compiler what the CPU has.
    #[inline(always)]
    pub(crate) fn fill<K: Kernel>(&self, kernel: K, memory: &mut [Block]) {
        let mut first = 0;
        while first < self.lanes() {
            let together = INTERLEAVED.min(self.lanes() - first);
            let mut lanes: [Lane; INTERLEAVED] =
                std::array::from_fn(|offset| self.lane::<K>(first + offset));
            self.fill_lanes(kernel, memory, &mut lanes[..together]);
            first += together;
        }
    }

    #[inline(always)]
    fn fill_lanes<K: Kernel>(&self, kernel: K, memory: &mut [Block], lanes: &mut [Lane]) {
        let end = self.segment_length();
        for lane in &mut *lanes {
            if self.is_independent && self.filled > 0 {
                next_addresses(kernel, lane);
            }
            if self.filled < end {
                self.draw(kernel, memory, lane, self.filled);
            }
        }
        for block in self.filled..end {
            for lane in &mut *lanes {
                let target = self.index(lane.number, block);
                let previous = self.previous(lane.number, block);
                let reference = lane.reference;
                let draws = block + 1 < end;
                if draws {
                    kernel.prefetch(&memory[target + 1]);
                }
                if self.is_independent && draws {
                    self.draw(kernel, memory, lane, block + 1);
                }
                #[expect(
                    clippy::expect_used,
                    reason = "what Slice::reference is tested to give is disjoint"
                )]
                let [previous, reference, target] = memory
                    .get_disjoint_mut([previous, reference, target])
                    .expect("a block refers neither to itself nor to the one before it");
                kernel.compress(previous, reference, target, self.keeps);
                if !self.is_independent && draws {
                    self.draw(kernel, memory, lane, block + 1);
                }
            }
        }
    }

    /// Draws what `block` refers to, and begins to fetch it.
    #[inline(always)]
    fn draw<K: Kernel>(&self, kernel: K, memory: &[Block], lane: &mut Lane, block: usize) {
        let random = if self.is_independent {
            let word = block % Block::WORDS;
            if word == 0 {
                next_addresses(kernel, lane);
            }
            lane.addresses.words()[K::place(word)]
        } else {
            // The first word is the first in the order of every kernel.
            memory[self.previous(lane.number, block)].words()[0]
        };
        lane.reference = self.reference(random, lane.number, block);
        kernel.prefetch(&memory[lane.reference]);
    }

    fn lane<K: Kernel>(&self, number: usize) -> Lane {
        let mut input = Block::new();
        for (word, value) in self.address_input(number).into_iter().enumerate() {
            input.words_mut()[K::place(word)] = value;
        }
        Lane { number, reference: 0, input, addresses: Block::new() }
    }
}

/// Counts on and computes 128 addresses.
fn next_addresses<K: Kernel>(kernel: K, lane: &mut Lane) {
    lane.input.words_mut()[K::place(6)] += 1;
    kernel.addresses(&lane.input, &mut lane.addresses);
}

/// Computes 128 addresses (RFC 9106, section 3.4.1.2).
///
/// Inlined into the function of the kernel that tells the compiler what the CPU has.
#[inline(always)]
pub(crate) fn addresses<K: Kernel>(kernel: K, input: &Block, addresses: &mut Block) {
    let zero = Block::new();
    let mut half = Block::new();
    kernel.compress(&zero, input, &mut half, false);
    kernel.compress(&zero, &half, addresses, false);
}
