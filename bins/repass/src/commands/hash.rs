//! `repass hash`

mod identify;
mod measure;
mod tune;

use std::process::ExitCode;

use crate::cli::HashCommand;
use crate::failure::Failure;
use crate::output::Output;

pub(super) async fn run(command: HashCommand, output: &Output) -> Result<ExitCode, Failure> {
    match command {
        HashCommand::Identify(args) => identify::run(args, output).await,
        HashCommand::Tune(args) => tune::run(args, output).await,
    }
}
