//! Threads that hash, with a bounded queue in front of them.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
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
    profile: HashProfile,
    jobs: Sender<Job>,
    randomness: Arc<dyn Randomness>,
    deadline: Duration,
    decoy: HashedPassword,
}

type Answer<T> = Result<T, HashError>;

/// Does its work in the arena it is given, and answers whoever waits for it.
type Job = Box<dyn FnOnce(&mut Arena) + Send>;

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
            let worker = Worker { queue: queue.clone(), arena: Arena::new(&options.profile)? };
            std::thread::Builder::new()
                .name(format!("hash-{number}"))
                .spawn(move || worker.run())
                .map_err(|_| HashError::Stopped)?;
        }
        Ok(Self { profile: options.profile, jobs, randomness, deadline: options.deadline, decoy })
    }

    async fn submit<T: Send + 'static>(
        &self,
        compute: impl FnOnce(&mut Arena) -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let (answer, result) = oneshot::channel();
        // A deadline past the end of time is none.
        let start_before = Instant::now().checked_add(self.deadline);
        let job = Box::new(move |arena: &mut Arena| {
            if answer.is_closed() {
                return;
            }
            let is_late = start_before.is_some_and(|at| Instant::now() > at);
            let result = if is_late {
                Err(HashError::Busy { retry_after: RETRY_AFTER })
            } else {
                compute(arena)
            };
            // The caller may have gone meanwhile; then nobody wants the result.
            let _ = answer.send(result);
        });
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => HashError::Busy { retry_after: RETRY_AFTER },
            TrySendError::Disconnected(_) => HashError::Stopped,
        })?;
        result.await.map_err(|_| HashError::Panicked)?
    }
}

#[async_trait]
impl Hasher for Argon2idHasher {
    async fn hash(&self, password: NewPassword) -> Result<HashedPassword, HashError> {
        let mut salt = [0; 16];
        self.randomness.fill(&mut salt)?;
        let profile = self.profile;
        self.submit(move |arena| argon2id::hash(arena, &profile, password.plaintext(), &salt)).await
    }

    async fn verify(
        &self,
        password: Arc<Plaintext>,
        hash: &HashedPassword,
    ) -> Result<bool, HashError> {
        let hash = hash.clone();
        self.submit(move |arena| argon2id::verify(arena, &password, &hash)).await
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
    queue: Receiver<Job>,
    arena: Arena,
}

impl Worker {
    fn run(mut self) {
        while let Ok(job) = self.queue.recv() {
            // A panic ends the job, which its caller hears of, but not the thread: nobody starts
            // another, and without threads no password could be changed.
            let done = catch_unwind(AssertUnwindSafe(|| job(&mut self.arena)));
            if done.is_err() {
                self.arena.wipe();
                self.arena = Arena::empty();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::{Context, Waker};

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
            profile: HashProfile::INSECURE_FOR_TESTS,
            jobs,
            randomness: Arc::new(SystemRandomness),
            deadline: Duration::from_secs(1),
            decoy,
        };
        hasher.jobs.send(Box::new(|_| {})).unwrap();
        let verdict = hasher.hash(accepted("x")).await;
        assert!(matches!(verdict, Err(HashError::Busy { .. })));
    }

    #[tokio::test]
    async fn a_job_that_waited_too_long_is_busy() {
        let hasher = hasher(&HasherOptions { deadline: Duration::ZERO, ..cheap() });
        let verdict = hasher.hash(accepted("x")).await;
        assert!(matches!(verdict, Err(HashError::Busy { .. })));
    }
    #[tokio::test]
    async fn a_job_that_panics_costs_no_thread() {
        let hasher = hasher(&HasherOptions { threads: NonZeroUsize::MIN, ..cheap() });
        for _ in 0..3 {
            let verdict = hasher.submit(|_| -> Answer<()> { panic!("a bug") }).await;
            assert!(matches!(verdict, Err(HashError::Panicked)), "{verdict:?}");
        }
        let hash = hasher.hash(accepted("long enough, surely")).await.unwrap();
        let right = Arc::new(Plaintext::from("long enough, surely"));
        assert!(hasher.verify(right, &hash).await.unwrap());
    }

    #[tokio::test]
    async fn a_job_whose_caller_has_gone_costs_nothing() {
        let hasher = hasher(&HasherOptions { threads: NonZeroUsize::MIN, ..cheap() });
        let (go_on, gate) = std::sync::mpsc::channel::<()>();
        let mut first = pin!(hasher.submit(move |_| {
            gate.recv().unwrap();
            Ok(())
        }));
        let mut context = Context::from_waker(Waker::noop());
        assert!(first.as_mut().poll(&mut context).is_pending());
        let done = Arc::new(AtomicBool::new(false));
        {
            let done = Arc::clone(&done);
            let mut gone = pin!(hasher.submit(move |_| {
                done.store(true, Ordering::SeqCst);
                Ok(())
            }));
            assert!(gone.as_mut().poll(&mut context).is_pending());
        }
        go_on.send(()).unwrap();
        first.await.unwrap();
        hasher.submit(|_| Ok(())).await.unwrap();
        assert!(!done.load(Ordering::SeqCst));
    }

    #[tokio::test]
    async fn an_endless_deadline_is_none() {
        let hasher = hasher(&HasherOptions { deadline: Duration::MAX, ..cheap() });
        hasher.hash(accepted("x")).await.unwrap();
    }
}
