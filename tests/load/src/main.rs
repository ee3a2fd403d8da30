//! Measures a release build of `repassd` on a SQLite file, over loopback with persistent
//! connections, and changes without hashing on both stores.
//!
//! ```text
//! cargo run --release -p repass-load -- throughput
//! cargo run --release -p repass-load -- overload
//! cargo run --release -p repass-load -- ceiling
//! cargo run --release -p repass-load -- attack
//! cargo run --release -p repass-load -- verify
//! cargo run --release -p repass-load -- import
//! cargo run --release -p repass-load -- export
//! cargo run --release -p repass-load -- enumeration
//! ```
//!
//! Absolute figures depend on the machine. The ratios are comparable, as both sides are measured
//! alternately in one run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod accounts;
mod attack;
mod ceiling;
mod connection;
mod enumeration;
mod export;
mod figures;
mod import;
mod overload;
mod server;
mod throughput;
mod verify;
mod verify_cpu;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Measures repass under load.
#[derive(Debug, Parser)]
struct Cli {
    /// The `repassd` to measure [default: a release build of the working tree].
    #[arg(long, global = true, value_name = "FILE")]
    repassd: Option<PathBuf>,
    #[command(subcommand)]
    measure: Measure,
}

#[derive(Debug, Subcommand)]
enum Measure {
    /// Changes per second, relative to half of the hashes per second of the hasher alone.
    Throughput(throughput::Options),
    /// More connections than the server has capacity for: all are answered, and memory stays
    /// bounded.
    Overload(overload::Options),
    /// Changes per second without the cost of hashing, relative to bare inserts, on both stores.
    Ceiling(ceiling::Options),
    /// Latency of one caller while others attack another API, relative to its latency without them.
    Attack(attack::Options),
    /// Verifications by the admin API: per second, relative to the hashes per second of the hasher
    /// alone, and without hashing the CPU time of one, relative to that of a change.
    Verify(verify::Options),
    /// The admin API imports accounts: rows per second and memory, again, and after a cut
    /// connection.
    Import(import::Options),
    /// The admin API returns the audit trail, in pages and as one stream: records per second and
    /// memory.
    Export(export::Options),
    /// Welch's t of the times of refused verifications for accounts that exist and for others.
    Enumeration(enumeration::Options),
}

fn main() {
    let cli = Cli::parse();
    let repassd = || cli.repassd.unwrap_or_else(server::build);
    // One thread, since the server needs the cores.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        match cli.measure {
            Measure::Throughput(options) => throughput::run(&options, &repassd()).await,
            Measure::Overload(options) => overload::run(&options, &repassd()).await,
            Measure::Ceiling(options) => ceiling::run(&options).await,
            Measure::Attack(options) => attack::run(&options, &repassd()).await,
            Measure::Verify(options) => verify::run(&options, repassd).await,
            Measure::Import(options) => import::run(&options, &repassd()).await,
            Measure::Export(options) => export::run(&options, &repassd()).await,
            Measure::Enumeration(options) => enumeration::run(&options, &repassd()).await,
        }
    });
}
