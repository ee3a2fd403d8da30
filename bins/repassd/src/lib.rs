//! The server `repassd` as a library, for programs that serve other vendors too.
//!
//! The `main` of a program that serves the bundled vendors and one of its own:
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! use repass_spec::Vendor;
//! use repassd::Vendors;
//!
//! fn main_with(acme: impl Vendor) -> ExitCode {
//!     repassd::run(&Vendors::bundled().with(acme))
//! }
//! ```

#[cfg(feature = "acme")]
mod acme;
mod activity;
mod admin;
mod assemble;
mod check_config;
mod check_ready;
mod cli;
mod demo;
mod documentation;
mod front;
mod head;
mod lingering;
mod listen;
mod logging;
mod memory;
mod metrics;
mod openapi;
mod proxies;
mod reload;
mod retention;
mod serve;
mod signals;
mod slots;
mod sockets;
mod systemd;
mod traces;

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use repass_config::ConfigError;
use repass_core::ErrorChain;
use repass_store::{KeyFileError, OpenError};

use crate::assemble::KeysDoNotMatch;
use crate::check_ready::NotReady;
use crate::cli::{Cli, Command};
use crate::documentation::ManPagesError;
use crate::logging::LogFileError;
use crate::sockets::{ListenError, PassedSockets};

pub use repass_config::{Vendors, protect_secrets};

/// Runs the command line of `repassd` with these vendors. Exit status 2 for configuration errors, 1
/// for run-time failures.
pub fn run(vendors: &Vendors) -> ExitCode {
    protect_secrets();
    let cli = Cli::parse();
    match run_command(cli, vendors) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(error.as_ref());
            ExitCode::from(if is_configuration(error.as_ref()) { 2 } else { 1 })
        }
    }
}

/// Returns whether an error is in the configuration, with the keys that it names, so that a restart
/// does not help.
fn is_configuration(error: &(dyn Error + 'static)) -> bool {
    error.is::<ConfigError>()
        || error.is::<clap::Error>()
        || error.downcast_ref().is_some_and(ListenError::is_configuration)
        || error.downcast_ref().is_some_and(KeysDoNotMatch::is_configuration)
        || error.downcast_ref().is_some_and(KeyFileError::is_configuration)
        || error.is::<LogFileError>()
        || error.is::<ManPagesError>()
        || error.downcast_ref().is_some_and(NotReady::is_configuration)
        || error.downcast_ref().is_some_and(OpenError::is_configuration)
}

fn run_command(cli: Cli, vendors: &Vendors) -> Result<(), Box<dyn Error>> {
    // Before there are other threads.
    let passed = PassedSockets::from_env();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(runtime_threads())
        .enable_all()
        .build()?;
    match cli.command {
        Command::Demo(options) => runtime.block_on(demo::run(options, vendors)),
        Command::Serve(options) => {
            let load = || repass_config::load(&options.config, vendors);
            let config = load()?;
            runtime.block_on(serve::run(&config, passed, load))
        }
        Command::CheckReady(options) => {
            let config = repass_config::load(&options.config, vendors)?;
            Ok(check_ready::run(&config)?)
        }
        Command::CheckConfig(options) => {
            let config = repass_config::load(&options.config, vendors)?;
            runtime.block_on(check_config::run(&config))
        }
        Command::ShowConfig(options) => {
            let shown = repass_config::show(&options.config, vendors)?;
            Ok(std::io::stdout().write_all(shown.as_bytes())?)
        }
        Command::Openapi(options) => openapi::run(&options, vendors),
        Command::Completions { shell } => Ok(documentation::completions(shell)?),
        Command::Man { folder } => Ok(documentation::man_pages(&folder)?),
    }
}

/// Returns the number of runtime threads: one for every four cores, rounded up. The hashing threads
/// use every core, and the runtime threads need a twentieth of that time; more of them would only
/// cost context switches.
fn runtime_threads() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(4))
}

/// Prints the error and its causes; each line begins with the name of the program.
fn report(error: &dyn Error) {
    let message = ErrorChain(error).to_string();
    let lines: String = message.lines().map(|line| format!("repassd: {line}\n")).collect();
    let (written, when_written) = std::sync::mpsc::channel();
    // A full pipe at standard error must not block the exit. A write error is ignored.
    std::thread::spawn(move || {
        let _ = std::io::stderr().write_all(lines.as_bytes());
        let _ = written.send(());
    });
    let _ = when_written.recv_timeout(Duration::from_secs(1));
}
