//! Threads that hash, with a bounded queue in front of them.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use crossbeam_channel::{Receiver, Sender, TrySendError};
use tokio::sync::oneshot;

use super::argon2id::{self, Arena};
use super::{HashError, HashProfile, HashedPassword, Hasher};
use crate::{NewPassword, Plaintext, Randomness};

/// How [`Argon2idHasher`] is set up.
#[derive(Debug, Clone)]
pub struct HasherOptions {
    /// Cost of new hashes.
    pub profile: HashProfile,
    /// Threads that hash; each owns the memory of one hash. Default: as many as this process may
    /// use.
    pub threads: NonZeroUsize,
    /// Jobs that may wait. One more is [`HashError::Busy`] at once.
    pub queue: NonZeroUsize,
    /// How long a job may wait before it is [`HashError::Busy`] as well.
    pub deadline: Duration,
}

impl Default for HasherOptions {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self {
            profile: HashProfile::default(),
            threads,
            queue: threads.saturating_mul(NonZeroUsize::MIN.saturating_add(63)),
            deadline: Duration::from_secs(5),
        }
    }
}

/// Argon2id on threads of its own.
///
/// Each thread owns one arena, reused from hash to hash and wiped after each. A job whose caller has
/// gone, or that waited longer than the deadline, is dropped before it costs anything. Dropping the
/// hasher ends its threads when they are done with what they run.
#[derive(Debug)]
pub struct Argon2idHasher {
    jobs: Sender<Job>,
    randomness: Arc<dyn Randomness>,
    deadline: Duration,
    decoy: HashedPassword,
}

enum Work {
    Hash { password: NewPassword, salt: [u8; 16], answer: oneshot::Sender<Answer<HashedPassword>> },
    Verify { password: Arc<Plaintext>, hash: HashedPassword, answer: oneshot::Sender<Answer<bool>> },
}

type Answer<T> = Result<T, HashError>;

struct Job {
    work: Work,
    start_before: Instant,
}

/// What a caller is told to wait when there is no room. A hash takes tens of milliseconds, so a
/// queue is worked off within a second or two.
const RETRY_AFTER: Duration = Duration::from_secs(1);

impl Argon2idHasher {
    /// Starts the threads and makes the decoy.
    ///
    /// # Errors
    /// When a thread cannot be started, or the random source fails.
    pub fn start(
        options: &HasherOptions,
        randomness: Arc<dyn Randomness>,
    ) -> Result<Self, HashError> {
        let decoy = decoy(&options.profile, &*randomness)?;
        let (jobs, queue) = crossbeam_channel::bounded(options.queue.get());
        for number in 0..options.threads.get() {
            let arena = Arena::new(&options.profile)?;
            let worker = Worker { profile: options.profile, queue: queue.clone(), arena };
            std::thread::Builder::new()
                .name(format!("hash-{number}"))
                .spawn(move || worker.run())
                .map_err(|_| HashError::Stopped)?;
        }
        Ok(Self { jobs, randomness, deadline: options.deadline, decoy })
    }

    async fn submit<T>(
        &self,
        work: impl FnOnce(oneshot::Sender<Answer<T>>) -> Work,
    ) -> Result<T, HashError> {
        let (answer, result) = oneshot::channel();
        let job = Job { work: work(answer), start_before: Instant::now() + self.deadline };
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => HashError::Busy { retry_after: RETRY_AFTER },
            TrySendError::Disconnected(_) => HashError::Stopped,
        })?;
        result.await.map_err(|_| HashError::Stopped)?
    }
}

#[async_trait]
impl Hasher for Argon2idHasher {
    async fn hash(&self, password: NewPassword) -> Result<HashedPassword, HashError> {
        let mut salt = [0; 16];
        self.randomness.fill(&mut salt)?;
        self.submit(|answer| Work::Hash { password, salt, answer }).await
    }

    async fn verify(
        &self,
        password: Arc<Plaintext>,
        hash: &HashedPassword,
    ) -> Result<bool, HashError> {
        let hash = hash.clone();
        self.submit(|answer| Work::Verify { password, hash, answer }).await
    }

    fn decoy(&self) -> &HashedPassword {
        &self.decoy
    }
}

/// A hash of a password that nobody knows.
fn decoy(profile: &HashProfile, randomness: &dyn Randomness) -> Result<HashedPassword, HashError> {
    let (password, _) = crate::token::issue(randomness)?;
    let mut salt = [0; 16];
    randomness.fill(&mut salt)?;
    argon2id::hash(&mut Arena::new(profile)?, profile, &password, &salt)
}

struct Worker {
    profile: HashProfile,
    queue: Receiver<Job>,
    arena: Arena,
}

impl Worker {
    fn run(mut self) {
        while let Ok(job) = self.queue.recv() {
            let late = Instant::now() > job.start_before;
            match job.work {
                Work::Hash { password, salt, answer } => answer_with(answer, late, || {
                    argon2id::hash(&mut self.arena, &self.profile, password.plaintext(), &salt)
                }),
                Work::Verify { password, hash, answer } => answer_with(answer, late, || {
                    argon2id::verify(&mut self.arena, &password, &hash)
                }),
            }
        }
    }
}

fn answer_with<T>(
    answer: oneshot::Sender<Answer<T>>,
    late: bool,
    compute: impl FnOnce() -> Answer<T>,
) {
    if answer.is_closed() {
        return;
    }
    let result = if late { Err(HashError::Busy { retry_after: RETRY_AFTER }) } else { compute() };
    // The caller may have gone meanwhile; then nobody wants the result.
    let _ = answer.send(result);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Knowledge, Policy, SystemRandomness};

    fn hasher(options: &HasherOptions) -> Argon2idHasher {
        Argon2idHasher::start(options, Arc::new(SystemRandomness)).unwrap()
    }

    fn cheap() -> HasherOptions {
        HasherOptions { profile: HashProfile::INSECURE_FOR_TESTS, ..HasherOptions::default() }
    }

    fn accepted(text: &str) -> NewPassword {
        Policy::vendor_fabric()
            .accept(Arc::new(Plaintext::from(text)), &Knowledge::default())
            .unwrap()
    }

    #[tokio::test]
    async fn what_was_hashed_verifies_and_nothing_else() {
        let hasher = hasher(&cheap());
        let hash = hasher.hash(accepted("long enough, surely")).await.unwrap();
        let again = hasher.hash(accepted("long enough, surely")).await.unwrap();
        assert_ne!(hash, again, "each hash has a salt of its own");
        let verify = |text| hasher.verify(Arc::new(Plaintext::from(text)), &hash);
        assert!(verify("long enough, surely").await.unwrap());
        assert!(!verify("long enough, surely ").await.unwrap());
        assert!(!hasher.verify(Arc::new(Plaintext::from("x")), hasher.decoy()).await.unwrap());
    }

    #[tokio::test]
    async fn a_full_queue_is_busy_at_once() {
        let (jobs, _queue) = crossbeam_channel::bounded(1);
        let decoy = decoy(&HashProfile::INSECURE_FOR_TESTS, &SystemRandomness).unwrap();
        let hasher = Argon2idHasher {
            jobs,
            randomness: Arc::new(SystemRandomness),
            deadline: Duration::from_secs(1),
            decoy,
        };
        let (answer, _waiting) = oneshot::channel();
        let work = Work::Hash { password: accepted("x"), salt: [0; 16], answer };
        hasher.jobs.send(Job { work, start_before: Instant::now() }).unwrap();
        let verdict = hasher.hash(accepted("x")).await;
        assert!(matches!(verdict, Err(HashError::Busy { .. })));
    }

    #[tokio::test]
    async fn a_job_that_waited_too_long_is_busy() {
        let hasher = hasher(&HasherOptions { deadline: Duration::ZERO, ..cheap() });
        let verdict = hasher.hash(accepted("x")).await;
        assert!(matches!(verdict, Err(HashError::Busy { .. })));
    }
}
