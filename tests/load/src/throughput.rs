//! Changes per second, relative to the hashes per second of the hasher alone.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use http::StatusCode;
use repass_core::{
    Argon2idHasher, HashProfile, Hasher, HasherOptions, Plaintext, Policy, PolicyContext,
    SystemRandomness,
};
use tokio::task::JoinSet;

use crate::accounts;
use crate::connection::Changer;
use crate::figures::{median, percentile, quartiles, rate};
use crate::server::Server;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Connections, each with its own account.
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// Rounds, each of which measures the hasher and the server one after the other.
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// Seconds per measurement in a round.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
}

pub(crate) async fn run(options: &Options, repassd: &Path) {
    let hashing = HasherOptions { profile: HashProfile::OWASP, ..HasherOptions::default() };
    let server = Server::start(repassd, "profile = 'owasp'");
    let all_credentials = accounts::add(&server.database(), &hashing, options.connections).await;
    let mut connections = Vec::new();
    for credentials in all_credentials {
        connections.push(Changer::open(server.address, credentials).await);
    }
    let pool = Arc::new(Argon2idHasher::start(&hashing, Arc::new(SystemRandomness)).unwrap());
    let duration = Duration::from_secs(options.seconds);

    // Warms up caches and connections.
    hashes(&pool, Duration::from_secs(1)).await;
    connections = changes(connections, Duration::from_secs(1)).await.0;

    let (mut pools, mut servers, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let mut latencies = Vec::new();
    for _ in 0..options.rounds {
        let hashes = hashes(&pool, duration).await;
        let (back, seen, took) = changes(connections, duration).await;
        connections = back;
        let changes = rate(seen.len(), took);
        pools.push(hashes);
        servers.push(changes);
        ratios.push(changes / (hashes / 2.0));
        latencies.extend(seen);
    }
    server.stop();

    let (p50, p99) = (percentile(&latencies, 50), percentile(&latencies, 99));
    println!("| what | median of {} rounds |", options.rounds);
    println!("| --- | ---: |");
    println!("| hashes per second, the pool alone | {:.1} |", median(pools));
    println!(
        "| changes per second, {} connections | {:.1} |",
        options.connections,
        median(servers)
    );
    let (least, most) = quartiles(&ratios);
    println!("| changes to half the hashes | {:.3} |", median(ratios));
    println!("| its quartiles | {least:.3}, {most:.3} |");
    println!("| latency, p50 | {:.0} ms |", p50.as_secs_f64() * 1e3);
    println!("| latency, p99 | {:.0} ms |", p99.as_secs_f64() * 1e3);
    println!("| p99 to p50 | {:.2} |", p99.as_secs_f64() / p50.as_secs_f64());
}

/// Returns the hashes per second of a busy hasher.
pub(crate) async fn hashes(pool: &Arc<Argon2idHasher>, duration: Duration) -> f64 {
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    // Two tasks per thread, so that no thread is idle while a task is woken.
    let waiting = 2 * HasherOptions::default().threads.get();
    for _ in 0..waiting {
        let pool = Arc::clone(pool);
        tasks.spawn(async move {
            let mut done = 0;
            while begun.elapsed() < duration {
                let text = Arc::new(Plaintext::from("a password to be hashed"));
                let accepted =
                    Policy::nist_800_63b_4().accept(text, &PolicyContext::default()).unwrap();
                pool.hash(accepted).await.unwrap();
                done += 1;
            }
            done
        });
    }
    let done: usize = tasks.join_all().await.into_iter().sum();
    rate(done, begun.elapsed())
}

/// Changes passwords on all connections for `duration`. Returns the connections, the
/// latencies and the elapsed time.
pub(crate) async fn changes(
    connections: Vec<Changer>,
    duration: Duration,
) -> (Vec<Changer>, Vec<Duration>, Duration) {
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for mut connection in connections {
        tasks.spawn(async move {
            let mut latencies = Vec::new();
            while begun.elapsed() < duration {
                let outcome = connection.change().await.expect("an answer");
                assert_eq!(outcome.status, StatusCode::OK, "every change is made");
                latencies.push(outcome.latency);
            }
            (connection, latencies)
        });
    }
    let (connections, latencies): (Vec<_>, Vec<_>) = tasks.join_all().await.into_iter().unzip();
    (connections, latencies.concat(), begun.elapsed())
}
