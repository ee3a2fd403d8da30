use std::error::Error as StdError;

use repass_core::{AccountError, StoreError};
use sqlx::Error;
use sqlx::error::{DatabaseError, ErrorKind};

use crate::dialect::{Dialect, Fault};

/// What a database said. PostgreSQL's own error also holds details such as the values of the row
/// that is refused; they are left out here, so that no log gets them.
#[derive(Debug, thiserror::Error)]
#[error("{message} ({code})")]
pub(crate) struct Reported {
    code: String,
    message: String,
}

impl Reported {
    pub(crate) fn new(dialect: Dialect, error: &dyn DatabaseError) -> Self {
        let code = error.code().unwrap_or_default().into_owned();
        let message = if dialect == Dialect::Postgres && code.starts_with("28") {
            // Its message names the user.
            "the login was refused".to_owned()
        } else {
            error.message().to_owned()
        };
        Self { code, message }
    }
}

/// Nothing was written, and the very same may succeed when it is tried again.
#[derive(Debug, thiserror::Error)]
#[error("it was tried again in vain")]
struct Passing(#[source] Box<dyn StdError + Send + Sync>);

/// The connection was lost while the transaction was being committed.
#[derive(Debug, thiserror::Error)]
#[error("the connection was lost in the moment of committing")]
struct OutcomeUnknown(#[source] Box<dyn StdError + Send + Sync>);

/// What sqlx reports, in core's terms. No statement's values are in it: databases name columns and
/// constraints in their messages, and what could not be decoded is left out here.
pub(crate) fn store_error(dialect: Dialect, error: Error) -> StoreError {
    match error {
        Error::Database(database) => {
            let reported = Reported::new(dialect, &*database);
            match dialect.fault(&reported.code) {
                Fault::Conflict | Fault::Disconnected => {
                    StoreError::Unavailable(Passing(reported.into()).into())
                }
                Fault::Locked | Fault::Unavailable => StoreError::Unavailable(reported.into()),
                Fault::Damaged => StoreError::Damaged(format!("database error {}", reported.code)),
                Fault::Login | Fault::Other => StoreError::Failed(reported.into()),
            }
        }
        error @ (Error::Io(_) | Error::BeginFailed) if dialect == Dialect::Postgres => {
            StoreError::Unavailable(Passing(error.into()).into())
        }
        error @ (Error::Io(_)
        | Error::Tls(_)
        | Error::PoolTimedOut
        | Error::PoolClosed
        | Error::WorkerCrashed
        | Error::BeginFailed) => StoreError::Unavailable(error.into()),
        Error::ColumnDecode { index, .. } => damaged(&index),
        Error::ColumnNotFound(column) => damaged(&column),
        Error::Decode(_) | Error::AnyDriverError(_) => damaged("a value"),
        other => StoreError::Failed(other.into()),
    }
}

/// Whether a commit that failed so may be made all the same: the server may have got the command,
/// and only its answer was lost.
pub(crate) fn may_be_committed(dialect: Dialect, error: &Error) -> bool {
    match (dialect, error) {
        (Dialect::Sqlite, _) => false,
        (Dialect::Postgres, Error::Database(database)) => {
            let code = database.code().unwrap_or_default();
            dialect.fault(&code) == Fault::Disconnected
        }
        (Dialect::Postgres, _) => true,
    }
}

/// Whether a column got nothing that must have a value.
pub(crate) fn is_null_violation(error: &Error) -> bool {
    matches!(kind(error), Some(ErrorKind::NotNullViolation))
}

/// Whether a row is there already.
pub(crate) fn is_unique_violation(error: &Error) -> bool {
    matches!(kind(error), Some(ErrorKind::UniqueViolation))
}

/// Whether what was to be written goes against any constraint.
pub(crate) fn is_violation(error: &Error) -> bool {
    kind(error).is_some_and(|kind| !matches!(kind, ErrorKind::Other))
}

fn kind(error: &Error) -> Option<ErrorKind> {
    error.as_database_error().map(DatabaseError::kind)
}

/// Nobody knows whether the commit that failed so was made.
pub(crate) fn outcome_unknown(error: Error) -> StoreError {
    StoreError::Unavailable(OutcomeUnknown(error.into()).into())
}

/// What stands in `column` cannot be. The value is not told: it may be a hash.
pub(crate) fn damaged(column: &str) -> StoreError {
    StoreError::Damaged(format!("{column} cannot be read"))
}

/// What was asked to be written cannot be stored.
pub(crate) fn unstorable(what: &'static str) -> StoreError {
    StoreError::Failed(what.into())
}

/// Errors that tell whether trying again at once can help.
pub(crate) trait Passes {
    /// Whether nothing was written, and the very same may succeed next time.
    fn passes(&self) -> bool;
}

impl Passes for StoreError {
    fn passes(&self) -> bool {
        matches!(self, Self::Unavailable(source) if source.is::<Passing>())
    }
}

impl Passes for AccountError {
    fn passes(&self) -> bool {
        matches!(self, Self::Store(error) if error.passes())
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn values_that_cannot_be_decoded_are_not_told() {
        let error = Error::ColumnDecode {
            index: "\"hash\"".to_owned(),
            source: "expected TEXT, got $argon2id$secret".into(),
        };
        let StoreError::Damaged(text) = store_error(Dialect::Sqlite, error) else {
            unreachable!("decoding errors are damage")
        };
        assert!(text.contains("hash") && !text.contains("argon2id"), "{text}");
    }

    #[test]
    fn waiting_in_vain_is_unavailable() {
        for dialect in [Dialect::Sqlite, Dialect::Postgres] {
            let error = store_error(dialect, Error::PoolTimedOut);
            assert!(matches!(error, StoreError::Unavailable(_)));
            assert!(!error.passes(), "it has been waited for long enough");
        }
    }

    #[test]
    fn a_lost_connection_is_worth_another_try_but_not_its_commit() {
        let lost = || Error::Io(io::ErrorKind::BrokenPipe.into());
        assert!(store_error(Dialect::Postgres, lost()).passes());
        assert!(AccountError::from(store_error(Dialect::Postgres, lost())).passes());
        assert!(!store_error(Dialect::Sqlite, lost()).passes(), "that is a disk's error");
        assert!(may_be_committed(Dialect::Postgres, &lost()));
        let unknown = outcome_unknown(lost());
        assert!(matches!(&unknown, StoreError::Unavailable(_)) && !unknown.passes());
    }
}
