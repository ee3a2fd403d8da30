//! The command line of repass: accounts, keys, tokens, one-time passwords and the audit trail.
//!
//! It reads arguments and secrets, calls [`repass_core::Engine`], and prints. It decides nothing itself.

mod cli;
mod commands;
mod database;
mod failure;
mod hashing;
mod no_hasher;
mod output;
mod qr_code;
mod secret_input;
mod table;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::Cli;
use crate::failure::Failure;
use crate::output::Output;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return cli::usage::answer(error),
    };
    let output = Output::new(cli.global.json);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let result = match runtime {
        Ok(runtime) => {
            let result = runtime.block_on(run_until_interrupted(cli, &output));
            // A thread that still waits for stdin must not keep an interrupted process.
            runtime.shutdown_background();
            result
        }
        Err(error) => Err(Failure::Runtime(error)),
    };
    match result {
        Ok(code) => code,
        Err(failure) => {
            output.failure(&failure);
            failure.exit_code()
        }
    }
}

/// Ctrl-C is handled, and not left to end the process at once, so that a prompt can switch the
/// terminal's echo on again first.
async fn run_until_interrupted(cli: Cli, output: &Output) -> Result<ExitCode, Failure> {
    if cli.command.heeds_interrupts() {
        return commands::run(cli, output).await;
    }
    tokio::select! {
        // In this order: the first look at a signal is what makes it heard.
        biased;
        heard = tokio::signal::ctrl_c() => Err(heard.map_or_else(Failure::Runtime, |()| Failure::Interrupted)),
        result = commands::run(cli, output) => result,
    }
}
