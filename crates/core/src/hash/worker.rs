//! The kernel and the memory of one hashing thread.

use std::panic::{AssertUnwindSafe, catch_unwind};

use repass_argon2::{Argon2, Error, Memory, Path, wipe};

use super::HashError;

/// The kernel and the arena of one thread.
///
/// The blocks of a finished hash stay until [`wipe`](Self::wipe) is called or the next hash
/// overwrites them, because wiping takes up to a sixth of the time of a hash. Argon2 writes each
/// block before it reads it.
pub(super) struct Worker {
    kernel: Path,
    arena: Memory,
    /// The number of blocks at the start of the arena that are not wiped.
    used: usize,
}

impl Worker {
    /// Allocates an arena and writes all of it, so that no hash waits for page faults.
    pub(super) fn new(kernel: Path, blocks: usize) -> Result<Self, HashError> {
        let mut arena = allocate(blocks)?;
        wipe(arena.as_mut());
        Ok(Self { kernel, arena, used: 0 })
    }

    /// Runs a job on this worker. A panic becomes an error of the job and does not end the thread.
    /// After an error the arena is wiped.
    pub(super) fn run<T>(
        &mut self,
        compute: impl FnOnce(&mut Self) -> Result<T, HashError>,
    ) -> Result<T, HashError> {
        let result = catch_unwind(AssertUnwindSafe(|| compute(self)));
        let result = result.unwrap_or(Err(HashError::Panicked));
        if result.is_err() {
            self.wipe();
        }
        result
    }

    /// Computes the tag of `password` in the arena, or in separate memory if the arena is too
    /// small. The separate memory is wiped and freed afterwards.
    pub(super) fn compute(
        &mut self,
        argon2: Argon2<'_>,
        password: &[u8],
        salt: &[u8],
        tag: &mut [u8],
    ) -> Result<(), HashError> {
        let argon2 = argon2.with_path(self.kernel).map_err(HashError::algorithm)?;
        let blocks = argon2.params().block_count();
        let mut own;
        let memory = if blocks > self.arena.block_count() {
            self.wipe();
            own = allocate(blocks)?;
            own.as_mut()
        } else {
            let arena = self.arena.as_mut();
            wipe(&mut arena[blocks.min(self.used)..self.used]);
            self.used = blocks;
            &mut arena[..blocks]
        };
        argon2
            .hash_password_into_with_memory(password, salt, tag, memory)
            .map_err(HashError::algorithm)
    }

    /// Wipes the blocks of the last hash. Call it before the worker becomes idle or does other
    /// work.
    pub(super) fn wipe(&mut self) {
        wipe(&mut self.arena.as_mut()[..self.used]);
        self.used = 0;
    }
}

fn allocate(blocks: usize) -> Result<Memory, HashError> {
    Memory::zeroed(blocks).map_err(|error| match error {
        Error::OutOfMemory => HashError::OutOfMemory { kib: blocks },
        error => HashError::algorithm(error),
    })
}

#[cfg(test)]
pub(super) mod tests {
    use repass_argon2::{Algorithm, Block, Params, Version};

    use super::*;

    /// A worker with an arena of `kib` KiB.
    pub(in crate::hash) fn worker(kib: usize) -> Worker {
        Worker::new(repass_argon2::path(), kib).unwrap()
    }

    impl Worker {
        /// Returns the number of nonzero blocks, all of which are at the start of the arena.
        pub(in crate::hash) fn left(&mut self) -> usize {
            let blocks = self.arena.as_mut();
            let used = blocks.iter().take_while(|block| **block != Block::new()).count();
            assert!(blocks[used..].iter().all(|block| *block == Block::new()));
            used
        }
    }

    fn hash(worker: &mut Worker, kib: u32, salt: &[u8]) -> Result<[u8; 32], HashError> {
        let params = Params::new(kib, 1, 1, None).unwrap();
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut tag = [0; 32];
        worker.compute(argon2, b"password", salt, &mut tag).map(|()| tag)
    }

    #[test]
    fn blocks_that_the_next_hash_does_not_overwrite_are_wiped() {
        let mut worker = worker(100);
        for (kib, left) in [(100, 100), (51, 48), (8, 8), (64, 64)] {
            hash(&mut worker, kib, b"somesalt").unwrap();
            assert_eq!(worker.left(), left);
        }
        worker.wipe();
        assert_eq!(worker.left(), 0);
    }

    #[test]
    fn the_content_of_an_arena_does_not_change_the_next_tag() {
        let mut used = worker(64);
        hash(&mut used, 64, b"anothersalt").unwrap();
        for kib in [64, 8] {
            let expected = hash(&mut worker(64), kib, b"somesalt").unwrap();
            assert_eq!(hash(&mut used, kib, b"somesalt").unwrap(), expected);
        }
    }

    #[test]
    fn a_hash_larger_than_the_arena_uses_separate_memory() {
        let mut small = worker(8);
        hash(&mut small, 8, b"somesalt").unwrap();
        let tag = hash(&mut small, 64, b"somesalt").unwrap();
        assert_eq!(tag, hash(&mut worker(64), 64, b"somesalt").unwrap());
        assert_eq!((small.arena.block_count(), small.left()), (8, 0));
    }

    #[test]
    fn the_arena_is_wiped_after_an_error_or_a_panic() {
        let mut worker = worker(8);
        let error = worker.run(|worker| {
            hash(worker, 8, b"somesalt").unwrap();
            hash(worker, 8, b"short")
        });
        assert!(matches!(&error, Err(HashError::Algorithm(why)) if why == "salt is too short"));
        assert_eq!(worker.left(), 0);
        let error = worker.run(|worker| -> Result<(), _> {
            hash(worker, 8, b"somesalt").unwrap();
            panic!("a bug")
        });
        assert!(matches!(error, Err(HashError::Panicked)), "{error:?}");
        assert_eq!(worker.left(), 0);
        assert!(worker.run(|worker| hash(worker, 8, b"somesalt")).is_ok());
    }

    #[test]
    fn memory_that_cannot_be_allocated_is_an_error() {
        let error = Worker::new(Path::Portable, usize::MAX / 16).err().unwrap();
        assert!(matches!(error, HashError::OutOfMemory { .. }), "{error:?}");
    }
}
