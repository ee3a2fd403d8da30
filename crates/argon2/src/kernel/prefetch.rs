//! Prefetches blocks.
#![allow(unsafe_code, reason = "prefetch takes a pointer")]

use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

use crate::Block;

/// Prefetches a block, line by line.
#[inline(always)]
pub(super) fn prefetch(block: *const Block) {
    let lines: *const [u64; 8] = block.cast();
    for line in 0..Block::WORDS / 8 {
        // SAFETY: a prefetch is valid for every address, and every CPU of this architecture
        // supports it.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(lines.wrapping_add(line).cast()) };
    }
}
