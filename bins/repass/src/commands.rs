//! One module per command.

mod account;
mod audit;
mod compromised;
mod database;
mod documentation;
mod hash;
mod key;
mod otp;
mod outbox;
mod password;
mod policy;
mod reset;
mod token;

use std::process::ExitCode;

use repass_core::HashProfile;
use uuid::Uuid;

use crate::cli::{Cli, Command};
use crate::failure::Failure;
use crate::output::Output;
use crate::settings::Settings;

/// Runs the command.
pub(crate) async fn run(cli: Cli, output: &Output) -> Result<ExitCode, Failure> {
    let settings = || Settings::load(cli.global);
    match cli.command {
        Command::Completions { shell } => documentation::completions(shell, output)?,
        Command::Man { folder } => documentation::man_pages(&folder, output)?,
        Command::Account(command) => account::run(command, &settings()?, output).await?,
        Command::Key(command) => key::run(command, &settings()?, output).await?,
        Command::Token(command) => token::run(command, &settings()?, output).await?,
        Command::Reset(command) => reset::run(command, &settings()?, output).await?,
        Command::Otp(command) => otp::run(command, &settings()?, output).await?,
        Command::Password(command) => return password::run(command, &settings()?, output).await,
        Command::Policy(command) => policy::run(command, &settings()?, output)?,
        Command::Compromised(command) => compromised::run(command, output)?,
        Command::Audit(command) => audit::run(command, &settings()?, output).await?,
        Command::Database(command) => database::run(command, &settings()?, output).await?,
        Command::Hash(command) => return hash::run(command, output).await,
        Command::Outbox(command) => outbox::run(command, &settings()?, output).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Parses the id of a key or token. The message does not repeat `text`, which may be the secret.
fn parse_id(text: &str, kind: &str) -> Result<Uuid, Failure> {
    text.parse().map_err(|_| {
        let reason =
            format!("ID must be the UUID that was printed with the {kind}, not the {kind} itself");
        Failure::Usage(reason)
    })
}

/// Warns of the profile for tests, which the environment may still select.
fn warn_if_insecure(profile: HashProfile, output: &Output) {
    if profile == HashProfile::INSECURE_FOR_TESTS {
        let text = "the hash profile insecure-for-tests protects no password";
        output.warning("insecure-hash-profile", text);
    }
}
