//! Measures each path of this CPU, the crates `argon2` and `rust-argon2`, and the C library
//! `libargon2`.
//!
//! `cargo bench -p repass-argon2`, or one profile only: `… -- 19456/2/1`. Each round measures all
//! contenders, so that a slow phase of the machine affects all. The results are medians over the
//! rounds, of hashes per second, and of the ratio to the `argon2` crate with reused memory in the
//! same round.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

mod contender;
mod libargon2;

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use contender::{Contender, Profile};

const PROFILES: [Profile; 3] = [
    Profile { memory_kib: 19456, passes: 2, lanes: 1 },
    Profile { memory_kib: 65536, passes: 3, lanes: 4 },
    Profile { memory_kib: 7168, passes: 5, lanes: 1 },
];

const ROUNDS: usize = 15;
/// How long each contender is measured in each round.
const MEASUREMENT: Duration = Duration::from_millis(150);

fn main() {
    let requested: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    println!("{}", contender::describe_machine());
    let cores = thread::available_parallelism().unwrap().get();
    for profile in PROFILES {
        if requested.is_empty() || requested.contains(&profile.to_string()) {
            let mut threads = vec![1, cores];
            threads.dedup();
            for threads in threads {
                table(&profile, threads);
            }
        }
    }
}

fn table(profile: &Profile, threads: usize) {
    let contenders = contender::all();
    let baseline = contenders.iter().position(|it| it.name == contender::BASELINE).unwrap();
    let counts: Vec<u32> =
        contenders.iter().map(|contender| hashes_per_measurement(contender, profile)).collect();
    let mut rates = vec![Vec::new(); contenders.len()];
    for _ in 0..ROUNDS {
        for (contender, (rates, count)) in contenders.iter().zip(rates.iter_mut().zip(&counts)) {
            rates.push(rate(contender, profile, threads, *count));
        }
    }
    println!("\n| m/t/p = {profile}, threads: {threads} | hashes per second | ratio |");
    println!("| --- | ---: | ---: |");
    for (contender, rate) in contenders.iter().zip(&rates) {
        let ratios = rate.iter().zip(&rates[baseline]).map(|(rate, base)| rate / base).collect();
        println!("| {} | {:.1} | {:.2} |", contender.name, median(rate.clone()), median(ratios));
    }
}

fn hashes_per_measurement(contender: &Contender, profile: &Profile) -> u32 {
    let once = 1.0 / rate(contender, profile, 1, 2);
    (MEASUREMENT.as_secs_f64() / once).ceil() as u32
}

/// Hashes per second of all threads together.
fn rate(contender: &Contender, profile: &Profile, threads: usize, count: u32) -> f64 {
    let start = Barrier::new(threads + 1);
    let elapsed = thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut hash = (contender.worker)(profile);
                // Touches the memory before the measurement.
                hash();
                start.wait();
                for _ in 0..count {
                    hash();
                }
                start.wait();
            });
        }
        start.wait();
        let begun = Instant::now();
        start.wait();
        begun.elapsed()
    });
    f64::from(count) * threads as f64 / elapsed.as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
