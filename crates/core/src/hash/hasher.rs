//! Argon2id on threads of its own, and the families that it replaces.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use repass_hash_families::Projects;

use super::phc::{Argon2Hash, TAG_BYTES};
use super::pool::{JobSize, Pool, Priority};
use super::stored::StoredHash;
use super::{
    HashError, HashProfile, HashedPassword, Hasher, HasherOptions, HasherStatus, Normalization,
    Peppers,
};
use crate::{NewPassword, Plaintext, Randomness};

/// Salt of a new hash, in bytes: as many as RFC 9106, section 3.1 recommends.
const SALT_BYTES: usize = 16;

/// Argon2id on threads of its own, with a bounded queue in front of them.
///
/// **Families.** It makes Argon2id hashes. It verifies any Argon2 and the families that
/// `repass-hash-families` is built with, which is a matter of this crate's features.
///
/// **Memory.** Each thread owns one arena, allocated and touched once, and used from hash to hash. It is
/// wiped when no further job waits, which would overwrite it, and after an error or a panic. A stored hash
/// that asks for more than the arena is computed in memory of its own, which is wiped and freed. Of these,
/// and of hashes of other families that take more than a little, one at a time runs over all threads. So
/// a hasher never takes more than threads × (arena + a little) + one such hash
/// ([`HasherOptions::arena_bytes`], [`HasherOptions::SMALL_BYTES`],
/// [`HasherOptions::LARGEST_STORED_KIB`]).
///
/// **Waiting.** First come, first served. [Bulk](Self::bulk) jobs have a queue of their own; they run when
/// no other job waits, and as every sixteenth. A job that has not begun at its deadline is answered
/// [`HashError::Busy`], and one that finds the queue full is so at once. A job whose caller has gone
/// leaves the queue at once, and its slot is free. A job that runs is never interrupted.
///
/// The deadline takes the timer of a tokio runtime (`enable_time`); without one `hash` and `verify`
/// panic.
///
/// **Debug builds.** A hash takes 0.2 s without optimization instead of a few milliseconds. Profiles are
/// not inherited from this workspace, so a program that minds adds two lines to its own `Cargo.toml`:
///
/// ```toml
/// [profile.dev.package.repass-argon2]
/// opt-level = 3
/// ```
///
/// **The end.** [`shutdown`](Self::shutdown) waits for what runs and refuses the rest. Dropping the
/// hasher does the same, but blocks the thread meanwhile.
///
/// ```
/// # use std::sync::Arc;
/// # use repass_core::{
/// #     Argon2idHasher, HashProfile, Hasher, HasherOptions, PolicyContext, Plaintext, Policy,
/// #     SystemRandomness,
/// # };
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let profile = HashProfile::INSECURE_FOR_TESTS;
/// # let options = HasherOptions { profile, ..HasherOptions::default() };
/// // let options = HasherOptions::default();
/// let hasher = Argon2idHasher::start(&options, Arc::new(SystemRandomness))?;
/// let password = Arc::new(Plaintext::from("correct horse battery staple"));
/// let accepted = Policy::default().accept(password.clone(), &PolicyContext::default()).unwrap();
/// let hash = hasher.hash(accepted).await?;
/// assert!(hasher.verify(password, &hash).await?);
/// hasher.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Argon2idHasher {
    pool: Arc<Pool>,
    priority: Priority,
    profile: HashProfile,
    normalization: Normalization,
    peppers: Arc<Peppers>,
    arena_kib: u32,
    projects: Arc<Projects>,
    randomness: Arc<dyn Randomness>,
    dummy_hash: HashedPassword,
}

impl Argon2idHasher {
    /// Starts the threads.
    ///
    /// # Errors
    /// When a thread cannot be started or finds no memory, or the random source fails.
    pub fn start(
        options: &HasherOptions,
        randomness: Arc<dyn Randomness>,
    ) -> Result<Self, HashError> {
        Ok(Self {
            dummy_hash: dummy_hash(options, &*randomness)?,
            pool: Arc::new(Pool::start(options)?),
            priority: Priority::Interactive,
            profile: options.profile,
            normalization: options.normalization,
            peppers: Arc::clone(&options.peppers),
            arena_kib: options.arena_kib(),
            projects: Arc::clone(&options.projects),
            randomness,
        })
    }

    /// Returns a hasher on the same threads for work in the background, such as an import: its jobs run
    /// when no other job waits, and as every sixteenth.
    ///
    /// The threads end when the last hasher on them is dropped.
    #[must_use]
    pub fn bulk(&self) -> Self {
        Self { priority: Priority::Bulk, ..self.clone() }
    }

    /// Finishes what runs, and answers [`HashError::Stopped`] to all that waits and all that comes.
    /// Returns when the threads have given back their memory.
    pub async fn shutdown(&self) {
        self.pool.shutdown().await;
    }

    /// How the threads and the queue stand.
    pub fn status(&self) -> HasherStatus {
        self.pool.status()
    }
}

#[async_trait]
impl Hasher for Argon2idHasher {
    async fn hash(&self, password: NewPassword) -> Result<HashedPassword, HashError> {
        let mut salt = [0; SALT_BYTES];
        self.randomness.fill(&mut salt)?;
        let (profile, normalization) = (self.profile, self.normalization);
        let peppers = Arc::clone(&self.peppers);
        self.pool
            .run(self.priority, JobSize::Fits, move |worker| {
                let changed = normalization.changed(password.plaintext());
                let password = changed.as_ref().unwrap_or(password.plaintext());
                let hash = Argon2Hash::compute(worker, profile, password, &salt, &peppers)?;
                Ok(hash.to_phc().with_normalization(normalization))
            })
            .await
    }

    async fn verify(
        &self,
        password: Arc<Plaintext>,
        hash: &HashedPassword,
    ) -> Result<bool, HashError> {
        let most_kib = self.arena_kib.max(HasherOptions::LARGEST_STORED_KIB);
        let stored = StoredHash::parse(hash, most_kib)?;
        let size = stored.size(self.arena_kib);
        let normalization = hash.normalization();
        let (peppers, projects) = (Arc::clone(&self.peppers), Arc::clone(&self.projects));
        self.pool
            .run(self.priority, size, move |worker| {
                let changed = normalization.changed(&password);
                let password = changed.as_ref().unwrap_or(&password);
                stored.verify(worker, password, &peppers, &projects)
            })
            .await
    }

    fn overloaded(&self) -> Option<Duration> {
        self.pool.overloaded(self.priority)
    }

    fn dummy_hash(&self) -> &HashedPassword {
        &self.dummy_hash
    }

    fn is_current(&self, hash: &HashedPassword) -> bool {
        hash.normalization() == self.normalization
            && self.as_costly(hash).is_some_and(|stored| {
                stored.pepper() == self.peppers.current()
                    && (stored.salt.len(), stored.tag.len()) == (SALT_BYTES, TAG_BYTES)
            })
    }

    fn determines(&self, hash: &HashedPassword, password: &Plaintext) -> bool {
        // Where a fresh hash tells forms of Unicode apart that this one does not, only ASCII is safe: a
        // person types it in one form.
        let same_forms = match hash.normalization() {
            Normalization::AsReceived => true,
            normalized => normalized == self.normalization || password.expose().is_ascii(),
        };
        same_forms && hash.determines(password)
    }

    fn costs_as_dummy_hash(&self, hash: &HashedPassword) -> bool {
        self.as_costly(hash).is_some()
    }
}

impl Argon2idHasher {
    /// The parts of `hash` where it has the parameters of a new one.
    fn as_costly(&self, hash: &HashedPassword) -> Option<Argon2Hash> {
        let stored = Argon2Hash::from_phc(hash.as_str(), self.arena_kib).ok()?;
        stored.costs(self.profile).then_some(stored)
    }
}

/// A hash of a password that nobody knows: a tag at random is one, and as costly to compare with as
/// any.
fn dummy_hash(
    options: &HasherOptions,
    randomness: &dyn Randomness,
) -> Result<HashedPassword, HashError> {
    let (mut salt, mut tag) = ([0; SALT_BYTES], [0; TAG_BYTES]);
    randomness.fill(&mut salt)?;
    randomness.fill(&mut tag)?;
    let hash = Argon2Hash::new(options.profile, &options.peppers, &salt, tag)?;
    Ok(hash.to_phc().with_normalization(options.normalization))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::sync::mpsc;
    use std::task::{Context, Waker};

    use super::*;
    use crate::SystemRandomness;

    #[tokio::test]
    async fn bulk_work_waits_in_a_queue_of_its_own() {
        let options = HasherOptions {
            profile: HashProfile::INSECURE_FOR_TESTS,
            threads: NonZeroUsize::MIN,
            bulk_queue: NonZeroUsize::MIN,
            ..HasherOptions::default()
        };
        let hasher = Argon2idHasher::start(&options, Arc::new(SystemRandomness)).unwrap();
        let bulk = hasher.bulk();
        let mut cx = Context::from_waker(Waker::noop());

        let (open, gate) = mpsc::channel();
        let mut running =
            Box::pin(hasher.pool.run(Priority::Interactive, JobSize::Fits, move |_| {
                let _ = gate.recv();
                Ok(())
            }));
        assert!(running.as_mut().poll(&mut cx).is_pending());
        while hasher.status().running == 0 {
            std::thread::yield_now();
        }
        let mut waiting = bulk.verify(Arc::new(Plaintext::from("x")), bulk.dummy_hash());
        assert_eq!(bulk.overloaded(), None);
        assert!(waiting.as_mut().poll(&mut cx).is_pending());
        assert_eq!((hasher.status().waiting, hasher.status().waiting_bulk), (0, 1));
        assert_eq!(hasher.overloaded(), None);
        assert_eq!(bulk.overloaded(), Some(Duration::from_secs(1)));
        open.send(()).unwrap();
        running.await.unwrap();
        assert!(!waiting.await.unwrap());
    }
}
