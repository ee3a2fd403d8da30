//! Memory to hash in: page-aligned, used again and again, wiped after each use.

use std::ops::{Deref, DerefMut};

use aligned_vec::{AVec, ConstAlign};

use super::HashError;

/// The size of a huge page on x86-64, and a multiple of every common page size: 4, 16 and 64 KiB.
const ALIGNMENT: usize = 2 * 1024 * 1024;

/// Blocks that one computation at a time may borrow.
pub(super) struct Arena<B>(AVec<B, ConstAlign<ALIGNMENT>>);

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
        Ok(Self(memory))
    }

    pub(super) fn blocks(&self) -> usize {
        self.0.len()
    }

    /// The first so many blocks; `None` when there are not as many.
    pub(super) fn lend(&mut self, blocks: usize) -> Option<Lent<'_, B>> {
        self.0.get_mut(..blocks).map(Lent)
    }
}

/// Borrowed blocks. They are wiped when they are given back, also by a panic.
pub(super) struct Lent<'a, B: Copy + Default>(&'a mut [B]);

impl<B: Copy + Default> Deref for Lent<'_, B> {
    type Target = [B];

    fn deref(&self) -> &[B] {
        self.0
    }
}

impl<B: Copy + Default> DerefMut for Lent<'_, B> {
    fn deref_mut(&mut self) -> &mut [B] {
        self.0
    }
}

impl<B: Copy + Default> Drop for Lent<'_, B> {
    fn drop(&mut self) {
        // A plain fill, because volatile stores cost a fifth of the hash; `black_box` keeps it from
        // being optimised away.
        self.0.fill(B::default());
        std::hint::black_box(&mut *self.0);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn what_is_given_back_is_wiped_and_nothing_else() {
        let mut arena = Arena::<u64>::new(100).unwrap();
        arena.0.fill(7);
        arena.lend(10).unwrap().fill(8);
        assert!(arena.0[..10].iter().all(|word| *word == 0));
        assert!(arena.0[10..].iter().all(|word| *word == 7));
        assert!(arena.lend(101).is_none());
        assert_eq!(arena.blocks(), 100);
    }

    #[test]
    fn a_panic_wipes_as_well() {
        let mut arena = Arena::<u64>::new(100).unwrap();
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            arena.lend(100).unwrap().fill(8);
            let mut lent = arena.lend(100).unwrap();
            lent.fill(9);
            panic!("a bug");
        }));
        assert!(panicked.is_err());
        assert!(arena.0.iter().all(|word| *word == 0));
    }

    #[test]
    fn it_begins_on_a_page() {
        for blocks in [1, 1000, 100_000] {
            let arena = Arena::<u64>::new(blocks).unwrap();
            assert_eq!(arena.0.as_ptr().addr() % ALIGNMENT, 0);
        }
    }

    #[test]
    fn memory_that_the_system_has_not_is_an_error() {
        let error = Arena::<u64>::new(usize::MAX / 16).err().unwrap();
        assert!(matches!(error, HashError::OutOfMemory { .. }), "{error:?}");
    }
}
