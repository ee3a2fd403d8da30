//! Fetching a block before it is needed.
#![allow(unsafe_code, reason = "a hint to the CPU takes a pointer")]

use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

use crate::Block;

/// Begins to fetch a block, line by line.
#[inline(always)]
pub(super) fn prefetch(block: &Block) {
    for line in block.words().as_chunks::<8>().0 {
        // SAFETY: a hint about memory that is there; every CPU of this architecture takes it.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
    }
}
