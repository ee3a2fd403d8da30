//! The command line of repass, for accounts, keys, tokens, one-time passwords and audit records.
//!
//! It parses arguments, reads secrets, calls [`repass_core::Engine`] and prints the results.

mod cli;
mod commands;
mod database;
mod failure;
mod no_hasher;
mod output;
mod qr_code;
mod secret_input;
mod settings;
mod table;

use std::alloc::System;
use std::process::ExitCode;

use clap::Parser;
use zeroizing_alloc::ZeroAlloc;

use crate::cli::Cli;
use crate::failure::Failure;
use crate::output::Output;

/// Wipes memory before it is freed: also the copies of secrets that growing buffers and libraries
/// leave.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    repass_config::protect_secrets();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return cli::usage::report(error),
    };
    let output = Output::new(cli.global.json);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let result = match runtime {
        Ok(runtime) => {
            let result = runtime.block_on(run_until_interrupted(cli, &output));
            // A thread blocked on stdin must not delay the exit.
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

/// Handles Ctrl-C, so that a prompt can restore the terminal's echo.
async fn run_until_interrupted(cli: Cli, output: &Output) -> Result<ExitCode, Failure> {
    if cli.command.handles_interrupts() {
        return commands::run(cli, output).await;
    }
    tokio::select! {
        // Biased, since the first poll installs the signal handler.
        biased;
        signal = tokio::signal::ctrl_c() => Err(signal.map_or_else(Failure::Runtime, |()| Failure::Interrupted)),
        result = commands::run(cli, output) => result,
    }
}
