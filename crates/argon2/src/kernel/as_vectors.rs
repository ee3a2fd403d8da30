//! Casts between blocks and arrays of vectors.
#![allow(unsafe_code, reason = "casts")]

use crate::Block;

/// A vector type that blocks can be cast to.
///
/// # Safety
/// All bit patterns must be valid, and the type must not have padding.
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
    // SAFETY: size and alignment are asserted, and the trait guarantees that all bit patterns are
    // valid.
    unsafe { &*std::ptr::from_ref(block).cast() }
}

#[inline(always)]
pub(super) const fn as_vectors_mut<V: Vector, const N: usize>(block: &mut Block) -> &mut [V; N] {
    const { assert!(size_of::<[V; N]>() == Block::SIZE && align_of::<V>() <= align_of::<Block>()) };
    // SAFETY: as above; all bit patterns are valid words, too.
    unsafe { &mut *std::ptr::from_mut(block).cast() }
}
