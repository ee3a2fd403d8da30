//! Memory for one hash, and the wiping of memory.
#![allow(
    unsafe_code,
    reason = "memory that may be refused, and advice on it, are to be had no other way"
)]

use std::alloc::{Layout, alloc_zeroed};
use std::fmt;
use std::sync::atomic::{Ordering, compiler_fence};

use crate::{Block, Error, Result};

/// Overwrites blocks with zeros, so that nothing a hash left in them can be read later.
///
/// The stores are plain ones, which are several times faster than the volatile ones of `zeroize`, and
/// the compiler is kept from leaving them out. [`Argon2::hash_password_into`] wipes the memory that it
/// allocates; memory of the caller is the caller's to wipe.
///
/// [`Argon2::hash_password_into`]: crate::Argon2::hash_password_into
pub fn wipe(memory: &mut [Block]) {
    memory.fill(Block::new());
    // Whoever gets the pointer might read the zeros, so they have to be there.
    std::hint::black_box(memory);
    compiler_fence(Ordering::SeqCst);
}

/// Asks the system to back memory that is not touched yet by huge pages, where it has them (Linux). What
/// the memory holds does not change. `address` must be that of a page, best of one of 2 MiB; where huge
/// pages cannot be had nothing happens.
fn advise_huge_pages(address: usize, bytes: usize) {
    #[cfg(target_os = "linux")]
    {
        let start = std::ptr::without_provenance_mut(address);
        // SAFETY: nothing is read or written through the pointer. The advice changes neither what the
        // memory holds nor whose it is, and the system refuses a range that is not the process's.
        let _ = unsafe { rustix::mm::madvise(start, bytes, rustix::mm::Advice::LinuxHugepage) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (address, bytes);
}

/// What a huge page has on x86-64, and memory of less is not worth one.
const HUGE_PAGE: usize = 2 * 1024 * 1024;

/// Blocks to hash in, once or again and again; wiped when dropped.
///
/// Where the system has huge pages (Linux) it is asked for them. A hash reads blocks all over its memory,
/// and takes up to a quarter less time when the CPU needs to know of fewer pages.
pub struct Memory {
    /// More than is needed, so that blocks can begin where they are best placed. Of bytes, because the
    /// system gives those zeroed without anybody touching them, so that the advice comes in time.
    bytes: Vec<u8>,
    start: usize,
    blocks: usize,
}

impl Memory {
    /// Takes so many blocks of zeros from the system, which provides each page when it is first written.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] when they cannot be had.
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
        // SAFETY: they begin where a block can, for the vector has not moved since `start` was found;
        // they are as many as the blocks have; and whatever they are, they are blocks.
        unsafe { std::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), self.blocks) }
    }
}

/// Zeros; at least one byte.
fn zeroed_bytes(bytes: usize) -> Result<Vec<u8>> {
    let layout = Layout::array::<u8>(bytes).map_err(|_| Error::OutOfMemory)?;
    // SAFETY: there is at least one byte.
    let start = unsafe { alloc_zeroed(layout) };
    if start.is_null() {
        return Err(Error::OutOfMemory);
    }
    // SAFETY: the memory is from the global allocator, of the layout of an array of so many bytes,
    // belongs to nobody else, and is zeroed.
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
    fn advice_changes_nothing_in_memory_and_is_harmless_for_any_address() {
        let mut memory = Memory::zeroed(4096).unwrap();
        memory.as_mut().fill(Block::from_bytes(&[7; Block::SIZE]));
        advise_huge_pages(memory.as_mut().as_ptr().addr().next_multiple_of(4096), 1024 * 4096);
        for address in [0, 4096, usize::MAX] {
            advise_huge_pages(address, Block::SIZE);
        }
        assert!(memory.as_mut().iter().all(|block| *block == Block::from_bytes(&[7; Block::SIZE])));
    }

    #[test]
    fn memory_is_zeroed_and_of_the_length_asked_for() {
        for blocks in [0, 1, 9, 2047, 2048, 5000] {
            let mut memory = Memory::zeroed(blocks).unwrap();
            assert_eq!(memory.as_mut().len(), blocks);
            assert_eq!(memory.as_mut().as_ptr().addr() % align_of::<Block>(), 0);
            assert!(memory.as_mut().iter().all(|block| *block == Block::new()));
        }
    }

    #[test]
    fn what_cannot_be_had_is_an_error() {
        for blocks in [usize::MAX, usize::MAX / 2, (isize::MAX as usize) / Block::SIZE] {
            assert!(matches!(Memory::zeroed(blocks), Err(Error::OutOfMemory)));
        }
    }

    #[test]
    fn wiped_memory_is_zeros() {
        let mut memory = [Block::from_bytes(&[7; Block::SIZE]); 3];
        wipe(&mut memory);
        assert_eq!(memory, [Block::new(); 3]);
    }
}
