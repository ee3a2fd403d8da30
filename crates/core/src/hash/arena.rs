//! Memory to hash in: page-aligned, used again and again, and wiped.

use std::ops::{Deref, DerefMut};

use aligned_vec::{AVec, ConstAlign};

use super::HashError;

/// The size of a huge page on x86-64, and a multiple of every common page size: 4, 16 and 64 KiB.
const ALIGNMENT: usize = 2 * 1024 * 1024;

/// Blocks that one computation at a time may borrow.
///
/// To wipe as much as a hash takes costs a sixth of the hash, where memory is slow. So what a
/// finished computation leaves stays there until [`wipe`](Self::wipe), and the next computation, if it
/// comes first, overwrites it: Argon2 writes every block before it reads it.
pub(super) struct Arena<B: Copy + Default> {
    memory: AVec<B, ConstAlign<ALIGNMENT>>,
    /// So many blocks from the first on may hold what a computation left.
    used: usize,
}

impl<B: Copy + Default> Arena<B> {
    /// Takes memory from the system and touches all of it, so that no hash later pays for that.
    pub(super) fn new(blocks: usize) -> Result<Self, HashError> {
        // Without memory `AVec` ends the process; so as much is asked for in a way that can fail, and
        // given back untouched, which costs microseconds.
        Vec::<B>::new()
            .try_reserve_exact(blocks)
            .map_err(|_| HashError::OutOfMemory { kib: blocks })?;
        let mut memory: AVec<B, _> = AVec::with_capacity(ALIGNMENT, blocks);
        repass_argon2::advise_huge_pages(memory.as_ptr().addr(), blocks * size_of::<B>());
        memory.resize(blocks, B::default());
        Ok(Self { memory, used: 0 })
    }

    pub(super) fn blocks(&self) -> usize {
        self.memory.len()
    }

    /// The first so many blocks, to be overwritten whole; `None` when there are not as many. What is
    /// left in others is wiped.
    pub(super) fn lend(&mut self, blocks: usize) -> Option<Lent<'_, B>> {
        if blocks > self.blocks() {
            return None;
        }
        if blocks < self.used {
            wipe(&mut self.memory[blocks..self.used]);
        }
        self.used = blocks;
        Some(Lent { arena: self, finished: false })
    }

    /// Wipes what the last computation left.
    pub(super) fn wipe(&mut self) {
        wipe(&mut self.memory[..self.used]);
        self.used = 0;
    }
}

impl<B: Copy + Default> Drop for Arena<B> {
    fn drop(&mut self) {
        self.wipe();
    }
}

/// A plain fill, because volatile stores cost more still; `black_box` keeps it from being optimised
/// away.
fn wipe<B: Copy + Default>(blocks: &mut [B]) {
    blocks.fill(B::default());
    std::hint::black_box(blocks);
}

/// Borrowed blocks. Unless the computation [finishes](Self::finish) they are wiped, also by a panic.
pub(super) struct Lent<'a, B: Copy + Default> {
    arena: &'a mut Arena<B>,
    finished: bool,
}

impl<B: Copy + Default> Lent<'_, B> {
    /// All blocks were written, and hold nothing of an earlier computation.
    pub(super) fn finish(mut self) {
        self.finished = true;
    }
}

impl<B: Copy + Default> Deref for Lent<'_, B> {
    type Target = [B];

    fn deref(&self) -> &[B] {
        &self.arena.memory[..self.arena.used]
    }
}

impl<B: Copy + Default> DerefMut for Lent<'_, B> {
    fn deref_mut(&mut self) -> &mut [B] {
        let used = self.arena.used;
        &mut self.arena.memory[..used]
    }
}

impl<B: Copy + Default> Drop for Lent<'_, B> {
    fn drop(&mut self) {
        if !self.finished {
            self.arena.wipe();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    fn used(arena: &mut Arena<u64>, blocks: usize, with: u64) {
        let mut lent = arena.lend(blocks).unwrap();
        assert_eq!(lent.len(), blocks);
        lent.fill(with);
        lent.finish();
    }

    #[test]
    fn what_the_next_computation_does_not_overwrite_is_wiped_before_it() {
        let mut arena = Arena::<u64>::new(100).unwrap();
        used(&mut arena, 50, 7);
        used(&mut arena, 10, 8);
        assert!(arena.memory[..10].iter().all(|word| *word == 8));
        assert!(arena.memory[10..].iter().all(|word| *word == 0));
        used(&mut arena, 100, 9);
        arena.wipe();
        assert!(arena.memory.iter().all(|word| *word == 0));
        assert!(arena.lend(101).is_none());
        assert_eq!(arena.blocks(), 100);
    }

    #[test]
    fn what_ends_before_it_is_finished_is_wiped_at_once() {
        let mut arena = Arena::<u64>::new(100).unwrap();
        used(&mut arena, 100, 7);
        drop(arena.lend(20).unwrap());
        assert!(arena.memory.iter().all(|word| *word == 0), "by an error");
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            used(&mut arena, 100, 8);
            let mut lent = arena.lend(100).unwrap();
            lent.fill(9);
            panic!("a bug");
        }));
        assert!(panicked.is_err());
        assert!(arena.memory.iter().all(|word| *word == 0), "by a panic");
    }

    #[test]
    fn it_begins_on_a_page() {
        for blocks in [1, 1000, 100_000] {
            let arena = Arena::<u64>::new(blocks).unwrap();
            assert_eq!(arena.memory.as_ptr().addr() % ALIGNMENT, 0);
        }
    }

    #[test]
    fn memory_that_the_system_has_not_is_an_error() {
        let error = Arena::<u64>::new(usize::MAX / 16).err().unwrap();
        assert!(matches!(error, HashError::OutOfMemory { .. }), "{error:?}");
    }
}
