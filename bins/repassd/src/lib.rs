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
mod retention;
mod serve;
mod signals;
mod slots;
mod tls;
mod vendors;

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use repass_core::ErrorChain;
use repass_store::KeyFileError;

use crate::assemble::KeysDoNotMatch;
use crate::cli::{Cli, Command};
use crate::config::ConfigError;

pub use crate::vendors::Vendors;

/// Runs the command line of `repassd` with these vendors. Exit status 2 for configuration errors, 1 for
/// run-time failures.
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

/// Keeps the secrets of this process in it: the message of a panic, which may quote one, is withheld, and no
/// core dump is written. On Linux only root can attach a debugger.
pub fn protect_secrets() {
    repass_http::install_redacting_panic_hook();
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let none = Rlimit { current: Some(0), maximum: Some(0) };
        // To lower a limit is always allowed.
        let _ = setrlimit(Resource::Core, none);
    }
    // Linux ignores the limit if it pipes dumps to a program, as systemd-coredump.
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

/// Returns whether an error is in the configuration, with the keys that it names, so that a restart does
/// not help.
fn is_configuration(error: &(dyn Error + 'static)) -> bool {
    error.is::<ConfigError>()
        || error.downcast_ref().is_some_and(KeysDoNotMatch::is_configuration)
        || error.downcast_ref().is_some_and(KeyFileError::is_configuration)
}

fn run_command(cli: Cli, vendors: &Vendors) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(runtime_threads())
        .enable_all()
        .build()?;
    match cli.command {
        Command::Demo(options) => runtime.block_on(demo::run(options, vendors)),
        Command::Serve(options) => {
            let config = config::load(&options.config, vendors)?;
            runtime.block_on(serve::run(&config))
        }
        Command::CheckConfig(options) => {
            let config = config::load(&options.config, vendors)?;
            check_config::run(&config)
        }
    }
}

/// Returns the number of runtime threads: one for every four cores, rounded up. The hashing threads use every
/// core, and the runtime threads need a twentieth of that time; more of them would only cost context
/// switches.
fn runtime_threads() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(4))
}

/// Prints the error and its causes on one line.
fn report(error: &dyn Error) {
    let line = ErrorChain(error).to_string().replace('\n', " ");
    let (written, when_written) = std::sync::mpsc::channel();
    // A full pipe at standard error must not block the exit. A write error is ignored.
    std::thread::spawn(move || {
        let _ = writeln!(std::io::stderr(), "repassd: {line}");
        let _ = written.send(());
    });
    let _ = when_written.recv_timeout(Duration::from_secs(1));
}
