//! `repass password`

mod change;
mod check;

use std::process::ExitCode;

use crate::cli::{DatabaseOptions, PasswordCommand};
use crate::failure::Failure;
use crate::output::Output;

pub(super) async fn run(
    command: PasswordCommand,
    database: &DatabaseOptions,
    output: &Output,
) -> Result<ExitCode, Failure> {
    match command {
        PasswordCommand::Check(check) => check::run(check, output).await,
        PasswordCommand::Change(change) => {
            change::run(change, database, output).await.map(|()| ExitCode::SUCCESS)
        }
    }
}
