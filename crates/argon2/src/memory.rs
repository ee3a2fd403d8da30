//! Allocation and wiping of memory.
#![allow(unsafe_code, reason = "fallible zeroed allocation and madvise")]

use std::alloc::{Layout, alloc_zeroed};
use std::fmt;
use std::sync::atomic::{Ordering, compiler_fence};

use crate::{Block, Error, Result};

/// Overwrites blocks with zeros.
///
/// Plain stores are several times faster than the volatile ones of `zeroize`; a barrier keeps the
/// compiler from removing them. [`Argon2::hash_password_into`] wipes the memory that it allocates.
/// Callers wipe their own memory.
///
/// [`Argon2::hash_password_into`]: crate::Argon2::hash_password_into
pub fn wipe(memory: &mut [Block]) {
    memory.fill(Block::new());
    // The compiler must assume that the zeros are read.
    std::hint::black_box(memory);
    compiler_fence(Ordering::SeqCst);
}

/// Requests huge pages for untouched memory on Linux; elsewhere does nothing. `address` must be
/// aligned to a page, preferably to 2 MiB.
fn advise_huge_pages(address: usize, bytes: usize) {
    #[cfg(target_os = "linux")]
    {
        let start = std::ptr::without_provenance_mut(address);
        // SAFETY: the advice does not change the content or ownership of the memory, and the system
        // refuses an invalid range.
        let _ = unsafe { rustix::mm::madvise(start, bytes, rustix::mm::Advice::LinuxHugepage) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (address, bytes);
}

/// The size of a huge page on x86-64. Smaller allocations request none.
const HUGE_PAGE: usize = 2 * 1024 * 1024;

/// Reusable memory for hashes, wiped on drop.
///
/// On Linux it requests huge pages. Hashes access their memory randomly, and huge pages save up to
/// a quarter of the time by fewer TLB misses.
pub struct Memory {
    /// Larger than needed, to align the first block. Allocated zeroed as bytes, so that the pages
    /// are still untouched when huge pages are requested.
    bytes: Vec<u8>,
    start: usize,
    blocks: usize,
}

impl Memory {
    /// Allocates `blocks` blocks of zeros. The system provides each page on its first write.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] if the allocation fails.
    pub fn zeroed(blocks: usize) -> Result<Self> {
        let needed = blocks.checked_mul(Block::SIZE).ok_or(Error::OutOfMemory)?;
        let alignment = if needed < HUGE_PAGE { align_of::<Block>() } else { HUGE_PAGE };
        let bytes = zeroed_bytes(needed.checked_add(alignment).ok_or(Error::OutOfMemory)?)?;
        let address = bytes.as_ptr().addr();
        let start = address.next_multiple_of(alignment) - address;
        if needed >= HUGE_PAGE {
            advise_huge_pages(address + start, needed);
        }
        Ok(Self { bytes, start, blocks })
    }

    /// The number of blocks.
    #[must_use]
    pub const fn block_count(&self) -> usize {
        self.blocks
    }
}

impl AsMut<[Block]> for Memory {
    fn as_mut(&mut self) -> &mut [Block] {
        let bytes = &mut self.bytes[self.start..][..self.blocks * Block::SIZE];
        // SAFETY: `start` aligns the first block, as the vector has not moved since; the length is
        // that of the blocks; all bit patterns are valid blocks.
        unsafe { std::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), self.blocks) }
    }
}

/// Allocates `bytes` zeros, at least one.
fn zeroed_bytes(bytes: usize) -> Result<Vec<u8>> {
    let layout = Layout::array::<u8>(bytes).map_err(|_| Error::OutOfMemory)?;
    // SAFETY: the size is not zero.
    let start = unsafe { alloc_zeroed(layout) };
    if start.is_null() {
        return Err(Error::OutOfMemory);
    }
    // SAFETY: the memory is from the global allocator with the layout of the vector, not shared,
    // and initialized.
    Ok(unsafe { Vec::from_raw_parts(start, bytes, bytes) })
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("blocks", &self.blocks).finish_non_exhaustive()
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        wipe(self.as_mut());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_does_not_change_memory_and_is_safe_for_any_address() {
        let mut memory = Memory::zeroed(4096).unwrap();
        memory.as_mut().fill(Block::from_bytes(&[7; Block::SIZE]));
        advise_huge_pages(memory.as_mut().as_ptr().addr().next_multiple_of(4096), 1024 * 4096);
        for address in [0, 4096, usize::MAX] {
            advise_huge_pages(address, Block::SIZE);
        }
        assert!(memory.as_mut().iter().all(|block| *block == Block::from_bytes(&[7; Block::SIZE])));
    }

    #[test]
    fn memory_is_zeroed_aligned_and_of_the_requested_length() {
        for blocks in [0, 1, 9, 2047, 2048, 5000] {
            let mut memory = Memory::zeroed(blocks).unwrap();
            assert_eq!(memory.as_mut().len(), blocks);
            assert_eq!(memory.as_mut().as_ptr().addr() % align_of::<Block>(), 0);
            assert!(memory.as_mut().iter().all(|block| *block == Block::new()));
        }
    }

    #[test]
    fn an_impossible_allocation_is_an_error() {
        for blocks in [usize::MAX, usize::MAX / 2, (isize::MAX as usize) / Block::SIZE] {
            assert!(matches!(Memory::zeroed(blocks), Err(Error::OutOfMemory)));
        }
    }

    #[test]
    fn wipe_writes_zeros() {
        let mut memory = [Block::from_bytes(&[7; Block::SIZE]); 3];
        wipe(&mut memory);
        assert_eq!(memory, [Block::new(); 3]);
    }
}
