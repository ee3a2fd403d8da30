//! Fetching a block before it is needed.
#![allow(unsafe_code, reason = "a hint to the CPU takes a pointer")]

use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

use crate::Block;

/// Begins to fetch a block, line by line.
#[inline(always)]
pub(super) fn prefetch(block: *const Block) {
    let lines: *const [u64; 8] = block.cast();
    for line in 0..Block::WORDS / 8 {
        // SAFETY: a hint, which reads nothing and takes any address; every CPU of this architecture
        // knows it.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(lines.wrapping_add(line).cast()) };
    }
}
