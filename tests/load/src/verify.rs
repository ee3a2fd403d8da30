//! Verifications by the admin API, relative to the hashes per second of the hasher alone.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use http::StatusCode;
use nix::sys::resource::UsageWho;
use repass_core::{Argon2idHasher, HashProfile, HasherOptions, SystemRandomness};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::accounts::{self, Credentials};
use crate::connection::Connection;
use crate::figures::{median, percentile, quartiles, rate};
use crate::server::Server;
use crate::throughput::hashes;
use crate::verify_cpu;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Connections.
    #[arg(long, default_value_t = 32)]
    pub(crate) connections: usize,
    /// Accounts, which the connections share.
    #[arg(long, default_value_t = 320)]
    accounts: usize,
    /// Rounds, each of which measures both sides one after the other.
    #[arg(long, default_value_t = 9)]
    pub(crate) rounds: usize,
    /// Seconds per measurement in a round.
    #[arg(long, default_value_t = 3)]
    pub(crate) seconds: u64,
    /// Measures only the CPU time.
    #[arg(long)]
    only_cpu: bool,
}

/// A connection that verifies the passwords of its accounts by turns.
pub(crate) struct Verifier {
    connection: Connection,
    requests: Vec<String>,
    next: usize,
}

pub(crate) async fn run(options: &Options, repassd: impl FnOnce() -> PathBuf) {
    if !options.only_cpu {
        measure(options, &repassd()).await;
        println!();
    }
    verify_cpu::run(options).await;
}

async fn measure(options: &Options, repassd: &Path) {
    let hashing = HasherOptions { profile: HashProfile::OWASP, ..HasherOptions::default() };
    let server = Server::start(repassd, "profile = 'owasp'");
    let (store, engine) = accounts::open(&server.database(), &hashing).await;
    let all_credentials = accounts::add_to(&engine, options.accounts).await;
    let key = accounts::issue_admin_key(&engine).await;
    drop(engine);
    store.close().await.unwrap();
    let mut verifiers = Vec::new();
    for number in 0..options.connections {
        let stream = TcpStream::connect(server.admin_api).await.unwrap();
        verifiers.push(Verifier::new(stream, number, options.connections, &key, &all_credentials));
    }
    let pool = Arc::new(Argon2idHasher::start(&hashing, Arc::new(SystemRandomness)).unwrap());
    let duration = Duration::from_secs(options.seconds);

    // Warms up caches and connections.
    hashes(&pool, Duration::from_secs(1)).await;
    verifiers = verifications(verifiers, Duration::from_secs(1)).await.0;

    let (mut pools, mut servers, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let mut latencies = Vec::new();
    let own_cpu = || verify_cpu::cpu_time(UsageWho::RUSAGE_SELF);
    let mut cpu_ratios = Vec::new();
    for _ in 0..options.rounds {
        let (own, begun) = (own_cpu(), Instant::now());
        let hashes = hashes(&pool, duration).await;
        let a_hash = (own_cpu() - own).as_secs_f64() / (hashes * begun.elapsed().as_secs_f64());
        let all_cpu = || own_cpu() + server.cpu_time();
        let all = all_cpu();
        let (back, seen, took) = verifications(verifiers, duration).await;
        verifiers = back;
        let verified = rate(seen.len(), took);
        let a_verification = (all_cpu() - all).as_secs_f64() / (verified * took.as_secs_f64());
        cpu_ratios.push(a_hash / a_verification);
        pools.push(hashes);
        servers.push(verified);
        ratios.push(verified / hashes);
        latencies.extend(seen);
    }
    server.stop();

    let (p50, p99) = (percentile(&latencies, 50), percentile(&latencies, 99));
    let (least, most) = quartiles(&ratios);
    println!("| what | median of {} rounds |", options.rounds);
    println!("| --- | ---: |");
    println!("| hashes per second, the pool alone | {:.1} |", median(pools));
    println!(
        "| verifications per second, {} connections | {:.1} |",
        options.connections,
        median(servers)
    );
    println!("| verifications to hashes (goal: at least 0.93) | {:.3} |", median(ratios));
    println!("| its quartiles | {least:.3}, {most:.3} |");
    // On a machine that is busy with other programs, this is the ratio that can be measured.
    println!("| CPU time of a hash to that of a verification | {:.3} |", median(cpu_ratios));
    println!("| latency, p50 | {:.0} ms |", p50.as_secs_f64() * 1e3);
    println!("| latency, p99 | {:.0} ms |", p99.as_secs_f64() * 1e3);
    println!("| p99 to p50 | {:.2} |", p99.as_secs_f64() / p50.as_secs_f64());
}

impl Verifier {
    /// Creates the connection `number` of `connections`, which shares out the accounts.
    pub(crate) fn new(
        stream: TcpStream,
        number: usize,
        connections: usize,
        key: &str,
        all_credentials: &[Credentials],
    ) -> Self {
        let own = all_credentials.iter().enumerate().skip(number).step_by(connections);
        let request = |(user_id, credentials): (usize, &Credentials)| {
            request(key, "user_id", &user_id.to_string(), &credentials.first_password)
        };
        Self { connection: Connection::new(stream), requests: own.map(request).collect(), next: 0 }
    }

    /// Verifies a right password. Returns the latency.
    pub(crate) async fn verify(&mut self) -> Duration {
        let request = &self.requests[self.next];
        self.next = (self.next + 1) % self.requests.len();
        let outcome = self.connection.exchange(request).await.expect("an answer");
        assert_eq!(outcome.status, StatusCode::OK, "every password is verified");
        assert!(self.connection.body().starts_with(br#"{"verified":true"#), "each is right");
        outcome.latency
    }
}

/// Returns the request to verify a password; `name` is the member that names the account.
pub(crate) fn request(key: &str, name: &str, account: &str, password: &str) -> String {
    let body = serde_json::json!({ name: account, "password": password }).to_string();
    format!(
        "POST /admin/v1/realms/etna/passwords/verify HTTP/1.1\r\n\
         host: localhost\r\n\
         content-type: application/json\r\n\
         content-length: {}\r\n\
         authorization: Bearer {key}\r\n\
         \r\n\
         {body}",
        body.len(),
    )
}

/// Verifies passwords on all connections for `duration`. Returns the connections, the latencies and
/// the elapsed time.
pub(crate) async fn verifications(
    verifiers: Vec<Verifier>,
    duration: Duration,
) -> (Vec<Verifier>, Vec<Duration>, Duration) {
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for mut verifier in verifiers {
        tasks.spawn(async move {
            let mut latencies = Vec::new();
            while begun.elapsed() < duration {
                latencies.push(verifier.verify().await);
            }
            (verifier, latencies)
        });
    }
    let (verifiers, latencies): (Vec<_>, Vec<_>) = tasks.join_all().await.into_iter().unzip();
    (verifiers, latencies.concat(), begun.elapsed())
}
