//! Measures a release `repassd` on a SQLite file, over loopback, with connections that stay open; and
//! the way of a change without hashing, on both stores.
//!
//! ```text
//! cargo run --release -p repass-load -- throughput
//! cargo run --release -p repass-load -- overload
//! cargo run --release -p repass-load -- ceiling
//! ```
//!
//! Absolute figures are a machine's; what counts are the ratios, measured in turns in one run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod accounts;
mod ceiling;
mod connection;
mod figures;
mod overload;
mod server;
mod throughput;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Measures repass under load.
#[derive(Debug, Parser)]
struct Cli {
    /// The `repassd` to measure [default: one that is built now, for release].
    #[arg(long, global = true, value_name = "FILE")]
    repassd: Option<PathBuf>,
    #[command(subcommand)]
    measure: Measure,
}

#[derive(Debug, Subcommand)]
enum Measure {
    /// Changes per second, beside half of the hashes per second that the same pool does by itself.
    Throughput(throughput::Options),
    /// Far more connections than there is room for: all are answered, and memory stays bounded.
    Overload(overload::Options),
    /// Changes per second when hashing costs nothing, beside bare inserts, on both stores.
    Ceiling(ceiling::Options),
}

fn main() {
    let cli = Cli::parse();
    let repassd = || cli.repassd.unwrap_or_else(server::build);
    // One thread: the server needs the cores.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        match cli.measure {
            Measure::Throughput(options) => throughput::run(&options, &repassd()).await,
            Measure::Overload(options) => overload::run(&options, &repassd()).await,
            Measure::Ceiling(options) => ceiling::run(&options).await,
        }
    });
}
