use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use repass_hash_families::Projects;

use super::{Argon2Path, HashProfile, Normalization, Peppers};

/// Options of [`Argon2idHasher`](crate::Argon2idHasher).
#[derive(Debug, Clone)]
pub struct HasherOptions {
    /// Cost of new hashes.
    pub profile: HashProfile,
    /// The normalization of passwords for new hashes. Default: [`Normalization::Nfc`]. Other
    /// systems that verify the new hashes must normalize passwords in the same way; otherwise use
    /// [`Normalization::AsReceived`].
    pub normalization: Normalization,
    /// The pepper keys for new and stored hashes. Default: none.
    pub peppers: Arc<Peppers>,
    /// The instructions that hashes are computed with. Default: the fastest of this CPU.
    pub kernel: Argon2Path,
    /// Memory of each thread in KiB, if stored hashes need more than `profile`. Stored hashes that
    /// need more memory than the arena are computed one at a time.
    pub arena_memory_kib: Option<u32>,
    /// The number of hashing threads; each owns one arena. Default: the available parallelism.
    pub threads: NonZeroUsize,
    /// The most waiting jobs, and separately the most waiting jobs that are computed one at a time.
    /// A further job fails with [`HashError::Busy`](crate::HashError::Busy). Default: 256 for each
    /// thread.
    pub queue: NonZeroUsize,
    /// The longest wait of a job before it fails with [`HashError::Busy`](crate::HashError::Busy).
    /// Default: 5 s.
    pub deadline: Duration,
    /// The signer keys of Firebase projects and the peppers of Devise, for their stored hashes.
    /// Default: none.
    pub projects: Arc<Projects>,
}

impl HasherOptions {
    /// The most memory of a stored hash, in KiB: 1 GiB, or a thread's arena if that is larger. A
    /// hash that needs more is unsupported, so that an imported hash cannot exhaust the memory.
    pub const LARGEST_STORED_KIB: u32 = 1024 * 1024;

    /// The most memory, in bytes, of a stored hash of another family that is verified concurrently
    /// with others. A hash that needs more is verified one at a time, like an Argon2 hash that does
    /// not fit the arena.
    pub const SMALL_BYTES: usize = 64 * 1024;

    /// Returns the memory of all arenas in bytes, which the hasher occupies until it is shut down.
    /// In addition it allocates memory for at most one stored hash that does not fit the arena.
    pub fn arena_bytes(&self) -> u64 {
        self.threads.get() as u64 * u64::from(self.arena_kib()) * 1024
    }

    /// Returns the size of each thread's arena in KiB.
    pub(super) fn arena_kib(&self) -> u32 {
        self.arena_memory_kib.unwrap_or_default().max(self.profile.memory_kib())
    }
}

impl Default for HasherOptions {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let queue = threads.saturating_mul(NonZeroUsize::MIN.saturating_add(255));
        Self {
            profile: HashProfile::default(),
            normalization: Normalization::Nfc,
            peppers: Arc::new(Peppers::none()),
            kernel: repass_argon2::path(),
            arena_memory_kib: None,
            threads,
            queue,
            deadline: Duration::from_secs(5),
            projects: Arc::new(Projects::none()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arena_fits_the_profile_and_the_option() {
        let bytes = |arena_memory_kib| {
            let threads = NonZeroUsize::new(3).unwrap();
            let options = HasherOptions { threads, arena_memory_kib, ..HasherOptions::default() };
            options.arena_bytes()
        };
        assert_eq!(bytes(None), 3 * 19456 * 1024);
        assert_eq!(bytes(Some(8)), 3 * 19456 * 1024);
        assert_eq!(bytes(Some(65536)), 3 * 65536 * 1024);
    }
}
