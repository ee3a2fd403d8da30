use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use repass_core::{
    Argon2idHasher, HashError, HashProfile, Hasher, HasherOptions, Plaintext, SystemRandomness,
};
use tokio::task::JoinSet;

use crate::failure::Failure;

/// Minimum and maximum number of rounds. Three give a median that one outlier does not change.
const ROUNDS: std::ops::RangeInclusive<usize> = 3..=9;

/// Time after which no more than the minimum of rounds is measured.
const ENOUGH_TIME: Duration = Duration::from_secs(2);

/// The measured cost of a profile on this machine.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    pub(super) profile: HashProfile,
    /// Median time of one hash.
    pub(super) time: Duration,
    /// Hashes per second of all threads together.
    pub(super) per_second: f64,
}

/// Measures hashes of `profile` while all threads hash.
pub(super) async fn measure(
    profile: HashProfile,
    threads: NonZeroUsize,
) -> Result<Measured, Failure> {
    let deadline = Duration::MAX;
    let options = HasherOptions { profile, threads, deadline, ..HasherOptions::default() };
    let hasher = Arc::new(Argon2idHasher::start(&options, Arc::new(SystemRandomness))?);
    // Warm-up.
    round(&hasher, threads).await?;
    let (mut times, mut rounds) = (Vec::new(), Vec::new());
    let start = Instant::now();
    while rounds.len() < *ROUNDS.start()
        || (rounds.len() < *ROUNDS.end() && start.elapsed() < ENOUGH_TIME)
    {
        let begun = Instant::now();
        times.extend(round(&hasher, threads).await?);
        rounds.push(begun.elapsed());
    }
    hasher.shutdown().await;
    let per_second = threads.get() as f64 / median(rounds).as_secs_f64();
    Ok(Measured { profile, time: median(times), per_second })
}

/// Computes one hash on each thread concurrently, and returns their durations.
async fn round(
    hasher: &Arc<Argon2idHasher>,
    threads: NonZeroUsize,
) -> Result<Vec<Duration>, HashError> {
    let mut hashes = JoinSet::new();
    for _ in 0..threads.get() {
        let hasher = Arc::clone(hasher);
        hashes.spawn(async move {
            let begun = Instant::now();
            let password = Arc::new(Plaintext::from("a password of usual length"));
            hasher.verify(password, hasher.dummy_hash()).await.map(|_| begun.elapsed())
        });
    }
    hashes.join_all().await.into_iter().collect()
}

fn median(mut durations: Vec<Duration>) -> Duration {
    durations.sort_unstable();
    durations.get(durations.len() / 2).copied().unwrap_or_default()
}
