//! More connections than the server has capacity for.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use clap::Args;
use http::StatusCode;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use repass_core::{HashProfile, HasherOptions};
use tokio::task::JoinSet;

use crate::accounts;
use crate::connection::{Changer, Outcome};
use crate::figures::{percentile, rate};
use crate::server::Server;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Connections, each with its own account.
    #[arg(long, default_value_t = 2000)]
    connections: usize,
    /// Duration in seconds.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
}

const MIB: u64 = 1024 * 1024;

/// The interval for sampling the memory of the server.
const SAMPLE: Duration = Duration::from_millis(200);

pub(crate) async fn run(options: &Options, repassd: &Path) {
    // The server inherits the limit.
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).unwrap();

    let profile = HashProfile::OWASP;
    let server = Server::start(repassd, "profile = 'owasp'");
    // A cheap profile, since adding the accounts would take longer than measuring.
    let cheap =
        HasherOptions { profile: HashProfile::INSECURE_FOR_TESTS, ..HasherOptions::default() };
    let all_credentials = accounts::add(&server.database(), &cheap, options.connections).await;
    let base = server.resident_bytes();

    let duration = Duration::from_secs(options.seconds);
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for credentials in all_credentials {
        let address = server.address;
        tasks.spawn(async move {
            let mut connection = Changer::open(address, credentials).await;
            let mut outcomes = Vec::new();
            while begun.elapsed() < duration {
                match connection.change().await {
                    Ok(outcome) => outcomes.push(Some(outcome)),
                    Err(_) => {
                        outcomes.push(None);
                        break;
                    }
                }
            }
            outcomes
        });
    }
    let mut most = base;
    let mut outcomes: Vec<Option<Outcome>> = Vec::new();
    let mut sample = tokio::time::interval(SAMPLE);
    loop {
        tokio::select! {
            _ = sample.tick() => most = most.max(server.resident_bytes()),
            ended = tasks.join_next() => match ended {
                Some(ended) => outcomes.extend(ended.unwrap()),
                None => break,
            },
        }
    }
    let took = begun.elapsed();
    server.stop();

    let answered: Vec<Outcome> = outcomes.iter().flatten().copied().collect();
    let accepted: Vec<Duration> = answered
        .iter()
        .filter(|outcome| outcome.status == StatusCode::OK)
        .map(|outcome| outcome.latency)
        .collect();
    let busy = answered.iter().filter(|outcome| outcome.is_busy()).count();
    let mut others: BTreeMap<u16, usize> = BTreeMap::new();
    for outcome in answered.iter().filter(|outcome| !outcome.is_expected()) {
        *others.entry(outcome.status.as_u16()).or_default() += 1;
    }
    let arenas = 2 * threads() * u64::from(profile.memory_kib()) * 1024;
    let bound = base + arenas + 64 * MIB;
    println!("| {} connections for {} s | |", options.connections, options.seconds);
    println!("| --- | ---: |");
    println!(
        "| answered 200 | {} ({:.1} per second) |",
        accepted.len(),
        rate(accepted.len(), took)
    );
    println!("| answered 503 with Retry-After | {busy} |");
    println!("| answered anything else, by status | {others:?} |");
    println!("| not answered | {} |", outcomes.len() - answered.len());
    println!("| p99 of those answered 200 | {:.2} s |", percentile(&accepted, 99).as_secs_f64());
    println!("| deadline | {:.2} s |", HasherOptions::default().deadline.as_secs_f64());
    println!(
        "| memory before, at most, bound | {} MiB, {} MiB, {} MiB |",
        base / MIB,
        most / MIB,
        bound / MIB
    );
}

fn threads() -> u64 {
    u64::try_from(HasherOptions::default().threads.get()).unwrap()
}
