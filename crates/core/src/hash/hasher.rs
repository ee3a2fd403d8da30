//! The hasher: Argon2id on its own threads.

use std::sync::Arc;

use async_trait::async_trait;
use repass_hash_families::{Family, Projects};
use tracing::Instrument;

use super::phc::{Argon2Hash, TAG_BYTES};
use super::pool::{JobKind, JobSize, Pool};
use super::stored::StoredHash;
use super::{
    HashError, HashProfile, HashedPassword, Hasher, HasherOptions, HasherStatus, Normalization,
    Peppers,
};
use crate::{NewPassword, Plaintext, Randomness};

/// The salt of a new hash, in bytes, as RFC 9106, section 3.1 recommends.
const SALT_BYTES: usize = 16;

/// Argon2id on its own threads, with a bounded queue.
///
/// **Families.** New hashes are Argon2id. All variants of Argon2 can be verified, and other
/// families as this crate's features enable them.
///
/// **Memory.** Each thread allocates one arena at its start and reuses it for every hash. The arena
/// is wiped when no job waits, and after an error or a panic. A stored hash that needs more memory
/// than the arena is computed in separate memory, which is wiped and freed. Only one such hash, or
/// one of another family that needs more than [`HasherOptions::SMALL_BYTES`], is computed at a
/// time. The memory of a hasher is therefore at most threads × (arena + `SMALL_BYTES`) plus one
/// such hash ([`HasherOptions::arena_bytes`], [`HasherOptions::LARGEST_STORED_KIB`]).
///
/// **Waiting.** Jobs run in the order of arrival. A job fails with [`HashError::Busy`] if the queue
/// is full, or if it has not started by its deadline. If the future of a waiting job is dropped,
/// the job leaves the queue. A running job is never interrupted.
///
/// The deadline needs the timer of a tokio runtime (`enable_time`); without it `hash` and `verify`
/// panic.
///
/// **Debug builds.** Without optimization a hash takes 0.2 s instead of a few milliseconds.
/// Profiles of this workspace do not apply to its dependents, so add two lines to your own
/// `Cargo.toml`:
///
/// ```toml
/// [profile.dev.package.repass-argon2]
/// opt-level = 3
/// ```
///
/// **Shutdown.** [`shutdown`](Self::shutdown) waits for running jobs and refuses all others.
/// Dropping the last hasher does the same, but blocks the current thread.
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
    /// When a thread cannot be started, its memory cannot be allocated, or the random source fails.
    pub fn start(
        options: &HasherOptions,
        randomness: Arc<dyn Randomness>,
    ) -> Result<Self, HashError> {
        Ok(Self {
            dummy_hash: dummy_hash(options, &*randomness)?,
            pool: Arc::new(Pool::start(options)?),
            profile: options.profile,
            normalization: options.normalization,
            peppers: Arc::clone(&options.peppers),
            arena_kib: options.arena_kib(),
            projects: Arc::clone(&options.projects),
            randomness,
        })
    }

    /// Finishes running jobs, and fails waiting and later jobs with [`HashError::Stopped`]. Returns
    /// when the threads have freed their memory.
    pub async fn shutdown(&self) {
        self.pool.shutdown().await;
    }

    /// Returns the status of the threads and the queue.
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
        let span = tracing::trace_span!(target: "repass::trace", "hash");
        let kind = JobKind { size: JobSize::Fits, family: Family::Argon2.name() };
        self.pool
            .run(kind, move |worker| {
                let changed = normalization.changed(password.plaintext());
                let password = changed.as_ref().unwrap_or(password.plaintext());
                let hash = Argon2Hash::compute(worker, profile, password, &salt, &peppers)?;
                Ok(hash.to_phc().with_normalization(normalization))
            })
            .instrument(span)
            .await
    }

    async fn verify(
        &self,
        password: Arc<Plaintext>,
        hash: &HashedPassword,
    ) -> Result<bool, HashError> {
        let max_kib = self.arena_kib.max(HasherOptions::LARGEST_STORED_KIB);
        let stored = StoredHash::parse(hash, max_kib)?;
        let kind = JobKind { size: stored.size(self.arena_kib), family: hash.family() };
        let normalization = hash.normalization();
        let (peppers, projects) = (Arc::clone(&self.peppers), Arc::clone(&self.projects));
        let span = tracing::trace_span!(target: "repass::trace", "verify");
        self.pool
            .run(kind, move |worker| {
                let changed = normalization.changed(&password);
                let password = changed.as_ref().unwrap_or(&password);
                stored.verify(worker, password, &peppers, &projects)
            })
            .instrument(span)
            .await
    }

    fn dummy_hash(&self) -> &HashedPassword {
        &self.dummy_hash
    }

    fn is_current(&self, hash: &HashedPassword) -> bool {
        hash.normalization() == self.normalization
            && self.parse_current_cost(hash).is_some_and(|stored| {
                stored.pepper() == self.peppers.current()
                    && (stored.salt.len(), stored.tag.len()) == (SALT_BYTES, TAG_BYTES)
            })
    }

    fn determines(&self, hash: &HashedPassword, password: &Plaintext) -> bool {
        // If the stored hash accepts several Unicode forms and a new hash does not, only an ASCII
        // password may be rehashed, because it has one form.
        let same_forms = match hash.normalization() {
            Normalization::AsReceived => true,
            normalized => normalized == self.normalization || password.expose().is_ascii(),
        };
        same_forms && hash.determines(password)
    }

    fn costs_as_dummy_hash(&self, hash: &HashedPassword) -> bool {
        self.parse_current_cost(hash).is_some()
    }
}

impl Argon2idHasher {
    /// Parses `hash` if it has the cost of a new hash.
    fn parse_current_cost(&self, hash: &HashedPassword) -> Option<Argon2Hash> {
        let stored = Argon2Hash::from_phc(hash.as_str(), self.arena_kib).ok()?;
        stored.has_cost_of(self.profile).then_some(stored)
    }
}

/// Returns a hash with a random tag, so that no known password matches it.
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
