//! Measures a release `repassd` on a SQLite file, over loopback, with connections that stay open.
//!
//! ```text
//! cargo run --release -p repass-load -- throughput
//! cargo run --release -p repass-load -- overload
//! ```
//!
//! Absolute figures are a machine's; what counts are the ratios, measured in turns in one run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod accounts;
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
}

fn main() {
    let cli = Cli::parse();
    let repassd = cli.repassd.unwrap_or_else(server::build);
    // One thread: the server needs the cores.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        match cli.measure {
            Measure::Throughput(options) => throughput::run(&options, &repassd).await,
            Measure::Overload(options) => overload::run(&options, &repassd).await,
        }
    });
}
