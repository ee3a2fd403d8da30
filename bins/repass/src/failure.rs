//! Failures of commands, with their messages and exit statuses.

use std::io;
use std::process::ExitCode;

use repass_compromised::{BuildError, CorpusError};
use repass_config::{CompromisedError, ConfigError};
use repass_core::{
    AdministrationError, ChangeError, CompromisedUnavailable, ErrorChain, HashError,
    MissingPeppers, NameKind, SignInError, StoreError, Violation,
};

use repass_store::BackupError;

use crate::database::DatabaseError;
use crate::secret_input::SecretInputError;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// An argument is invalid.
    #[error("{0}")]
    Usage(String),
    /// The file of `--profile` is invalid.
    #[error("--profile {file}: {reason}")]
    Profile { file: String, reason: String },
    /// The file of `account import` is invalid.
    #[error("{file}: {reason}")]
    AccountsFile { file: String, reason: String },
    /// Rows of an import were refused; the reason for each was printed.
    #[error("{0} rows were refused")]
    RowsRefused(u64),
    /// A file could not be read or written.
    #[error("{file}")]
    File {
        file: String,
        #[source]
        source: io::Error,
    },
    /// A key file of an option is invalid.
    #[error("{option}: {reason}")]
    SecretFile { option: &'static str, reason: String },
    /// The configuration file is invalid.
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    SecretInput(#[from] SecretInputError),
    #[error(transparent)]
    Administration(#[from] AdministrationError),
    #[error(transparent)]
    Change(#[from] ChangeError),
    #[error(transparent)]
    SignIn(#[from] SignInError),
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    #[error(transparent)]
    BuildCorpus(#[from] BuildError),
    #[error(transparent)]
    Compromised(#[from] CompromisedError),
    #[error(transparent)]
    CompromisedUnavailable(#[from] CompromisedUnavailable),
    #[error("the store failed")]
    Store(#[from] StoreError),
    #[error("a pepper key is missing; give its file with --pepper-key")]
    Peppers(#[from] MissingPeppers),
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The problems were printed.
    #[error("the database check found {0} problems; restore a backup")]
    DatabaseProblems(usize),
    #[error("cannot start the hasher")]
    Hasher(#[from] HashError),
    #[error("cannot write to stdout")]
    Output(#[source] io::Error),
    /// A secret was issued, but could not be printed.
    #[error("{issued}, but it could not be printed and cannot be shown again; {remedy}")]
    SecretNotPrinted {
        issued: String,
        remedy: String,
        #[source]
        source: io::Error,
    },
    #[error("cannot set up the process")]
    Runtime(#[source] io::Error),
    #[error("interrupted")]
    Interrupted,
}

impl Failure {
    /// Returns 1 for refusals and run-time failures, 2 for invalid input, and 130 after Ctrl-C, as
    /// shells do.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Interrupted | Self::SecretInput(SecretInputError::Interrupted) => 130,
            Self::Usage(_)
            | Self::Profile { .. }
            | Self::AccountsFile { .. }
            | Self::SecretFile { .. }
            | Self::Config(_)
            | Self::Peppers(_) => 2,
            Self::Database(error) if error.is_configuration() => 2,
            Self::SecretInput(error) if error.is_usage() => 2,
            Self::Administration(AdministrationError::Invalid(_)) => 2,
            Self::Backup(
                BackupError::OnServer
                | BackupError::Sqlite(repass_store::FileBackupError::Exists(_)),
            ) => 2,
            Self::BuildCorpus(
                BuildError::Line { .. } | BuildError::Order(_) | BuildError::Empty,
            ) => 2,
            Self::BuildCorpus(BuildError::File { source, .. })
            | Self::Corpus(CorpusError::Read { source, .. })
            | Self::File { source, .. }
                if source.kind() == io::ErrorKind::NotFound =>
            {
                2
            }
            _ => 1,
        })
    }

    /// Returns a stable code for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Usage(_) => "usage",
            Self::Profile { .. } => "invalid-profile",
            Self::AccountsFile { .. } => "invalid-file",
            Self::RowsRefused(_) => "rows-refused",
            Self::File { .. } => "file",
            Self::SecretFile { .. } => "secret-file",
            Self::Peppers(_) => "missing-pepper",
            Self::Config(_) => "invalid-config",
            Self::Database(error) => error.code(),
            Self::SecretInput(error) => error.code(),
            Self::Administration(error) => administration_code(error),
            Self::Change(error) => error.code(),
            Self::SignIn(error) => error.code(),
            Self::Corpus(_) | Self::Compromised(_) => "corpus",
            Self::CompromisedUnavailable(_) => "compromised-unavailable",
            Self::BuildCorpus(_) => "invalid-file",
            Self::Store(StoreError::Unavailable(_)) => "store-unavailable",
            Self::Output(_) => "output",
            Self::Backup(_) => "backup",
            Self::DatabaseProblems(_) => "unsound",
            Self::SecretNotPrinted { .. } => "unseen",
            Self::Interrupted => "interrupted",
            Self::Store(_) | Self::Hasher(_) | Self::Runtime(_) => "fault",
        }
    }

    /// Returns the policy violations, if a policy refused a password.
    pub(crate) fn violations(&self) -> &[Violation] {
        match self {
            Self::Administration(AdministrationError::Rejected(violations))
            | Self::Change(ChangeError::Rejected(violations)) => violations,
            _ => &[],
        }
    }

    /// Returns the error and its causes in one line.
    pub(crate) fn message(&self) -> String {
        ErrorChain(self).to_string()
    }
}

fn administration_code(error: &AdministrationError) -> &'static str {
    match error {
        AdministrationError::AccountExists { .. } => "account-exists",
        AdministrationError::NameTaken { kind: NameKind::Email, .. } => "email-taken",
        AdministrationError::NameTaken { kind: NameKind::Username, .. } => "username-taken",
        AdministrationError::NoSuchAccount { .. } => "no-such-account",
        AdministrationError::KeptElsewhere => "kept-elsewhere",
        AdministrationError::NotMapped(_) => "not-mapped",
        AdministrationError::NothingToRevoke(_) => "nothing-to-revoke",
        AdministrationError::NoSuchEvent(_) => "no-such-event",
        AdministrationError::Invalid(_) => "invalid",
        AdministrationError::Rejected(_) => "rejected",
        AdministrationError::Changed => "changed",
        AdministrationError::Inactive => "inactive",
        AdministrationError::Busy { .. } => "busy",
        AdministrationError::Otp(_) => "otp",
        AdministrationError::CompromisedUnavailable(_) => "compromised-unavailable",
        AdministrationError::Store(StoreError::Unavailable(_)) => "store-unavailable",
        _ => "fault",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_each_cause_once() {
        let broken = io::Error::other("disk is gone");
        let failure = Failure::Store(StoreError::Unavailable(Box::new(broken)));
        let message = failure.message();
        assert_eq!(message, "the store failed: the database cannot be reached: disk is gone");
        assert_eq!(failure.code(), "store-unavailable");
    }
}
