use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use repass_hash_families::Projects;

use super::{Argon2Path, HashProfile, Normalization, Peppers};

/// How [`Argon2idHasher`](crate::Argon2idHasher) is set up.
#[derive(Debug, Clone)]
pub struct HasherOptions {
    /// Cost of new hashes.
    pub profile: HashProfile,
    /// What is done to a password before it is hashed anew. Default: [`Normalization::Nfc`]. Where
    /// other systems verify the new hashes, too, they must do the same, or this must be
    /// [`Normalization::AsReceived`].
    pub normalization: Normalization,
    /// The pepper keys: which one new hashes are made with, and which ones stored hashes may take.
    /// Default: none.
    pub peppers: Arc<Peppers>,
    /// The instructions that hashes are computed with. Default: the fastest of this CPU.
    pub kernel: Argon2Path,
    /// Memory of each thread in KiB, when it is to be more than `profile` takes: as much as a stored
    /// hash of an older, costlier profile asks for. Those that ask for more than there is are
    /// computed one at a time.
    pub arena_memory_kib: Option<u32>,
    /// Threads that hash; each owns one arena. Default: as many as this process may use.
    pub threads: NonZeroUsize,
    /// Jobs that may wait, beside those that an idle thread takes at once; likewise as many of those
    /// that are computed one at a time. One more is [`HashError::Busy`](crate::HashError::Busy) at
    /// once; and while half of the slots are taken, the hasher is
    /// [overloaded](crate::Hasher::overloaded), so that a change that was verified finds room for its
    /// new hash. Default: 64 a thread.
    pub queue: NonZeroUsize,
    /// How long a job may wait before it is [`HashError::Busy`](crate::HashError::Busy) as well.
    /// Default: 5 s.
    pub deadline: Duration,
    /// As `queue`, for [bulk](crate::Argon2idHasher::bulk) work.
    pub bulk_queue: NonZeroUsize,
    /// As `deadline`, for [bulk](crate::Argon2idHasher::bulk) work. Default: 60 s.
    pub bulk_deadline: Duration,
    /// The signer keys of the Firebase projects that stored hashes come from. Default: none.
    pub projects: Arc<Projects>,
}

impl HasherOptions {
    /// The most memory, in KiB, that a stored hash may ask for: 1 GiB, or a thread's arena where
    /// that is larger. A hash that asks for more is not supported, so that an imported one cannot
    /// exhaust the machine.
    pub const LARGEST_STORED_KIB: u32 = 1024 * 1024;

    /// The most memory, in bytes, that a stored hash of another family may ask for and still be
    /// verified by any thread at any time. One that asks for more runs alone of its kind, as an Argon2
    /// hash that fits no arena does.
    pub const SMALL_BYTES: usize = 64 * 1024;

    /// What the arenas of all threads take together, in bytes. A hasher takes this from its start to
    /// its end, and beside it memory for at most one stored hash that fits no arena.
    pub fn arena_bytes(&self) -> u64 {
        self.threads.get() as u64 * u64::from(self.arena_kib()) * 1024
    }

    /// The size of each thread's arena.
    pub(super) fn arena_kib(&self) -> u32 {
        self.arena_memory_kib.unwrap_or_default().max(self.profile.memory_kib())
    }
}

impl Default for HasherOptions {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let queue = threads.saturating_mul(NonZeroUsize::MIN.saturating_add(63));
        Self {
            profile: HashProfile::default(),
            normalization: Normalization::Nfc,
            peppers: Arc::new(Peppers::none()),
            kernel: repass_argon2::path(),
            arena_memory_kib: None,
            threads,
            queue,
            deadline: Duration::from_secs(5),
            bulk_queue: queue,
            bulk_deadline: Duration::from_secs(60),
            projects: Arc::new(Projects::none()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arena_holds_the_profile_and_more_where_that_is_wished() {
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
