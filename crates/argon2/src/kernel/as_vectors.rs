//! Blocks seen as vectors.
#![allow(unsafe_code, reason = "the same bytes as another type")]

use crate::Block;

/// Types that blocks may be seen as arrays of.
///
/// # Safety
/// Any bits are a value of the type and it has no padding.
pub(super) unsafe trait Vector: Copy {}

#[cfg(target_arch = "x86_64")]
mod types {
    // SAFETY: a vector of integers.
    unsafe impl super::Vector for std::arch::x86_64::__m256i {}
    // SAFETY: a vector of integers.
    unsafe impl super::Vector for std::arch::x86_64::__m512i {}
}

#[cfg(target_arch = "aarch64")]
mod types {
    // SAFETY: a vector of integers.
    unsafe impl super::Vector for std::arch::aarch64::uint64x2_t {}
}

#[inline(always)]
pub(super) const fn as_vectors<V: Vector, const N: usize>(block: &Block) -> &[V; N] {
    const { assert!(size_of::<[V; N]>() == Block::SIZE && align_of::<V>() <= align_of::<Block>()) };
    // SAFETY: of the same size, aligned enough, and any bits are a value, as the trait demands.
    unsafe { &*std::ptr::from_ref(block).cast() }
}

#[inline(always)]
pub(super) const fn as_vectors_mut<V: Vector, const N: usize>(block: &mut Block) -> &mut [V; N] {
    const { assert!(size_of::<[V; N]>() == Block::SIZE && align_of::<V>() <= align_of::<Block>()) };
    // SAFETY: as above, and any bits of the vectors are words of the block.
    unsafe { &mut *std::ptr::from_mut(block).cast() }
}
