//! The overhead of the pool, as ratios measured alternately in one run.
//!
//! `cargo bench -p repass-core` measures hashes per second: OWASP's profile through the pool on all
//! cores, compared with a bare loop on as many threads with the same kernel and reused memory; and
//! RFC 9106's second profile on one thread, compared with the `argon2` crate, which allocates
//! memory for each hash. Then it measures the latencies of a full pool, and the time of a refusal.
//! It takes less than a minute on an idle machine.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::num::NonZeroUsize;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use repass_argon2::Memory;
use repass_core::{
    Argon2idHasher, HashProfile, Hasher, HasherOptions, Plaintext, SystemRandomness,
};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

const PASSWORD: &str = "a password of usual length";
const SALT: [u8; 16] = [7; 16];
const ROUNDS: usize = 9;
const ROUND: Duration = Duration::from_millis(700);

fn main() {
    let runtime = Runtime::new().unwrap();
    let threads = HasherOptions::default().threads;
    println!(
        "kernel: {}; threads: {threads}; {ROUNDS} rounds in turns, medians\n",
        repass_argon2::path()
    );
    println!("| profile | threads | pool, hashes/s | compared with | hashes/s | ratio |");
    println!("| --- | ---: | ---: | --- | ---: | ---: |");
    let owasp = HashProfile::OWASP;
    compare(&runtime, owasp, threads, "bare loop", || bare_loop(owasp, threads));
    let rfc = HashProfile::RFC_9106_SECOND;
    compare(&runtime, rfc, NonZeroUsize::MIN, "argon2 crate, fresh memory", || fresh_memory(rfc));
    latencies(&runtime, owasp, threads);
}

fn start(profile: HashProfile, threads: NonZeroUsize) -> Arc<Argon2idHasher> {
    let queue = NonZeroUsize::new(16 * threads.get()).unwrap();
    let options = HasherOptions {
        profile,
        threads,
        queue,
        deadline: Duration::MAX,
        ..HasherOptions::default()
    };
    Arc::new(Argon2idHasher::start(&options, Arc::new(SystemRandomness)).unwrap())
}

fn compare(
    runtime: &Runtime,
    profile: HashProfile,
    threads: NonZeroUsize,
    other: &str,
    mut beside: impl FnMut() -> f64,
) {
    let hasher = start(profile, threads);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        theirs.push(beside());
        ours.push(runtime.block_on(through_the_pool(&hasher, 2 * threads.get())).0);
    }
    let (ours, theirs) = (median(ours), median(theirs));
    let name = format!(
        "{} KiB × {}, lanes {}",
        profile.memory_kib(),
        profile.iterations(),
        profile.parallelism()
    );
    println!("| {name} | {threads} | {ours:.1} | {other} | {theirs:.1} | {:.2} |", ours / theirs);
}

/// Returns hashes per second and latencies of callers that each hash in sequence.
async fn through_the_pool(hasher: &Arc<Argon2idHasher>, callers: usize) -> (f64, Vec<Duration>) {
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        let hasher = Arc::clone(hasher);
        tasks.spawn(async move {
            let mut latencies = Vec::new();
            while begun.elapsed() < ROUND {
                let asked = Instant::now();
                let password = Arc::new(Plaintext::from(PASSWORD));
                hasher.verify(password, hasher.dummy_hash()).await.unwrap();
                latencies.push(asked.elapsed());
            }
            latencies
        });
    }
    let latencies = tasks.join_all().await.concat();
    (per_second(latencies.len(), begun), latencies)
}

/// Returns hashes per second of the same kernel on as many threads, each with reused memory.
fn bare_loop(profile: HashProfile, threads: NonZeroUsize) -> f64 {
    let barrier = Barrier::new(threads.get());
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..threads.get()).map(|_| scope.spawn(|| loop_on(profile, &barrier))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    })
}

/// Returns hashes per second of one thread, measured after all threads have touched their memory.
fn loop_on(profile: HashProfile, barrier: &Barrier) -> f64 {
    use repass_argon2::{Argon2, Params};

    let (m, t, p) = (profile.memory_kib(), profile.iterations(), profile.parallelism());
    let argon2 = Argon2::from(Params::new(m, t, p, Some(32)).unwrap());
    let mut memory = Memory::zeroed(argon2.params().block_count()).unwrap();
    let (password, tag) = (PASSWORD.as_bytes(), &mut [0; 32]);
    let mut hash =
        || argon2.hash_password_into_with_memory(password, &SALT, tag, &mut memory).unwrap();
    hash();
    barrier.wait();
    let begun = Instant::now();
    let mut hashes = 0;
    while begun.elapsed() < ROUND {
        hash();
        hashes += 1;
    }
    per_second(hashes, begun)
}

fn fresh_memory(profile: HashProfile) -> f64 {
    use argon2::{Argon2, Params};

    let (m, t, p) = (profile.memory_kib(), profile.iterations(), profile.parallelism());
    let argon2 = Argon2::from(Params::new(m, t, p, Some(32)).unwrap());
    let begun = Instant::now();
    let mut hashes = 0;
    while begun.elapsed() < ROUND {
        argon2.hash_password_into(PASSWORD.as_bytes(), &SALT, &mut [0; 32]).unwrap();
        hashes += 1;
    }
    per_second(hashes, begun)
}

/// Measures the waits of eight callers for each thread, and the time of a refusal.
fn latencies(runtime: &Runtime, profile: HashProfile, threads: NonZeroUsize) {
    let hasher = start(profile, threads);
    let (_, mut waits) = runtime.block_on(through_the_pool(&hasher, 8 * threads.get()));
    waits.sort_unstable();
    let at = |percent: usize| waits[(waits.len() - 1) * percent / 100];
    println!(
        "\nlatency of 8 callers a thread: p50 {:.0?}, p99 {:.0?}, ratio {:.2}",
        at(50),
        at(99),
        at(99).as_secs_f64() / at(50).as_secs_f64()
    );
    let refusals = runtime.block_on(refusals(&hasher, 17 * threads.get()));
    println!("a refusal by the full queue: {:.1?}", median(refusals));
}

/// Fills threads and queue, and measures the refusals of further jobs.
async fn refusals(hasher: &Arc<Argon2idHasher>, room: usize) -> Vec<Duration> {
    let mut waiting = JoinSet::new();
    for _ in 0..2 * room {
        let hasher = Arc::clone(hasher);
        waiting.spawn(async move {
            let asked = Instant::now();
            let verified =
                hasher.verify(Arc::new(Plaintext::from(PASSWORD)), hasher.dummy_hash()).await;
            verified.is_err().then(|| asked.elapsed())
        });
    }
    waiting.join_all().await.into_iter().flatten().collect()
}

fn per_second(hashes: usize, begun: Instant) -> f64 {
    hashes as f64 / begun.elapsed().as_secs_f64()
}

fn median<T: PartialOrd + Copy>(mut values: Vec<T>) -> T {
    values.sort_by(|one, other| one.partial_cmp(other).unwrap());
    values[values.len() / 2]
}
