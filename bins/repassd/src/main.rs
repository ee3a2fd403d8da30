//! `repassd`: the repass server. Configuration, wiring and listening; nothing else.

mod admin;
mod assemble;
mod check_config;
mod cli;
mod config;
mod demo;
mod head;
mod lingering;
mod listen;
mod logging;
mod serve;

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use repass_core::ErrorChain;

use crate::cli::{Cli, Command};
use crate::config::ConfigError;

fn main() -> ExitCode {
    repass_http::withhold_panic_messages();
    let cli = Cli::parse();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(error.as_ref());
            // What an operator mistyped is 2, as clap has it; what went wrong at work is 1.
            ExitCode::from(if error.is::<ConfigError>() { 2 } else { 1 })
        }
    }
}

fn run(cli: Cli) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads_beside_the_hasher())
        .enable_all()
        .build()?;
    match cli.command {
        Command::Demo(options) => runtime.block_on(demo::run(options)),
        Command::Serve(options) => {
            let config = config::load(&options.config)?;
            runtime.block_on(serve::run(&config))
        }
        Command::CheckConfig(options) => {
            let config = config::load(&options.config)?;
            check_config::run(&config)
        }
    }
}

/// How many threads read, write and wait: one for every four cores, rounded up. Hashing keeps every core
/// busy, and what these do is a twentieth of it; more of them would only wake one another in vain, each
/// time in the place of a hash.
fn threads_beside_the_hasher() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(4))
}

/// One line: what failed, and what caused it.
fn report(error: &dyn Error) {
    let line = ErrorChain(error).to_string().replace('\n', " ");
    // Where standard error is closed there is nobody left to tell.
    let _ = writeln!(std::io::stderr(), "repassd: {line}");
}
