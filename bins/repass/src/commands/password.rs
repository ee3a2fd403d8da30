//! `repass password`

mod change;
mod check;
mod verify;

use std::process::ExitCode;

use crate::cli::PasswordCommand;
use crate::failure::Failure;
use crate::output::Output;
use crate::settings::Settings;

pub(super) async fn run(
    command: PasswordCommand,
    settings: &Settings,
    output: &Output,
) -> Result<ExitCode, Failure> {
    match command {
        PasswordCommand::Check(check) => check::run(check, settings, output).await,
        PasswordCommand::Change(change) => {
            change::run(change, settings, output).await.map(|()| ExitCode::SUCCESS)
        }
        PasswordCommand::Verify(verify) => {
            verify::run(verify, settings, output).await.map(|()| ExitCode::SUCCESS)
        }
    }
}
