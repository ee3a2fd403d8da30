//! Converts errors of PostgreSQL and its driver to core's errors.

use std::error::Error as StdError;

use deadpool_postgres::PoolError;
use repass_core::{AccountError, StoreError};
use tokio_postgres::error::DbError;
use tokio_postgres::types::WrongType;

/// The failure of a statement.
#[derive(Debug)]
pub(crate) enum Failure {
    /// No connection could be acquired.
    Connecting(PoolError),
    /// The server or the driver reported an error.
    Database(tokio_postgres::Error),
    /// `BEGIN` failed, so the statements after it may have run in autocommit mode.
    NotBegun(tokio_postgres::Error),
    /// No answer arrived within the deadline.
    Deadline,
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error)
    }
}

/// An error of the server without its details, which can contain values of the refused row.
#[derive(Debug, thiserror::Error)]
#[error("{message} ({code})")]
pub(crate) struct Reported {
    pub(crate) code: String,
    message: String,
}

impl Reported {
    pub(crate) fn new(error: &DbError) -> Self {
        let code = error.code().code().to_owned();
        let message = match code.get(..2) {
            // These messages contain the user's name or values.
            Some("28") => "the login was refused",
            Some("22") => "a value is invalid",
            _ => error.message(),
        };
        let message = message.to_owned();
        Self { code, message }
    }
}

/// Returns the error of the driver without the server's details.
pub(crate) fn reported(error: tokio_postgres::Error) -> Box<dyn StdError + Send + Sync> {
    match error.as_db_error() {
        Some(database) => Reported::new(database).into(),
        None => error.into(),
    }
}

/// Nothing was written, and a retry may succeed.
#[derive(Debug, thiserror::Error)]
#[error("nothing was written; a retry may succeed")]
struct Transient(#[source] Box<dyn StdError + Send + Sync>);

/// The answer to a commit was lost, and it is not committed, unless the server processes it later.
#[derive(Debug, thiserror::Error)]
#[error("the connection was lost before a commit")]
struct NotCommitted(#[source] Box<dyn StdError + Send + Sync>);

/// Returns whether a commit was sent that the server may still process.
pub(crate) fn may_be_committed_later(error: &StoreError) -> bool {
    let StoreError::Unavailable(source) = error else { return false };
    source.downcast_ref::<Transient>().is_some_and(|transient| transient.0.is::<NotCommitted>())
}

/// Marks the error of a second commit whose first commit may still be processed.
pub(crate) fn with_unknown_outcome(error: StoreError) -> StoreError {
    match error {
        StoreError::Unavailable(source) => StoreError::Unavailable(OutcomeUnknown(source).into()),
        error => error,
    }
}

/// A transaction may or may not be committed.
#[derive(Debug, thiserror::Error)]
#[error("the answer to a commit was lost; the change may or may not be committed")]
struct OutcomeUnknown(#[source] Box<dyn StdError + Send + Sync>);

/// No answer arrived within the deadline.
#[derive(Debug, thiserror::Error)]
#[error("no answer within the statement time-out")]
struct DeadlinePassed;

/// The kind of an error of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A conflict of transactions; a retry may succeed.
    Conflict,
    /// This connection is unusable; another one may reach a usable server.
    Disconnected,
    /// The server cannot run the statement at present.
    Unavailable,
    /// Stored data is damaged.
    Damaged,
    /// The login failed, or the database does not exist.
    Login,
    /// A table or a column is missing or has another type.
    Schema,
    /// Anything else.
    Other,
}

/// Classifies an error by its SQLSTATE (PostgreSQL manual, appendix A).
pub(crate) fn fault(error: &DbError) -> Fault {
    let code = error.code().code();
    match code {
        // serialization_failure, deadlock_detected
        "40001" | "40P01" => Fault::Conflict,
        // admin_shutdown, crash_shutdown, cannot_connect_now, idle_session_timeout,
        // idle_in_transaction_session_timeout, statement_completion_unknown, and
        // read_only_sql_transaction of a standby
        "57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "40003" | "25006" => Fault::Disconnected,
        // feature_not_supported: a transaction that writes, on a standby
        "0A000" if error.message().contains("recovery") => Fault::Disconnected,
        // lock_not_available, query_canceled by a time-out, io_error
        "55P03" | "57014" | "58030" => Fault::Unavailable,
        // data_corrupted, index_corrupted
        "XX001" | "XX002" => Fault::Damaged,
        // invalid_catalog_name
        "3D000" => Fault::Login,
        // undefined_table, undefined_column, datatype_mismatch, undefined_function (no operator for
        // these types), cannot_coerce, invalid_text_representation
        "42P01" | "42703" | "42804" | "42883" | "42846" | "22P02" => Fault::Schema,
        // connection exceptions; insufficient resources, such as too_many_connections and
        // disk_full; invalid authorization
        _ => match code.get(..2) {
            Some("08") => Fault::Disconnected,
            Some("53") => Fault::Unavailable,
            Some("28") => Fault::Login,
            _ => Fault::Other,
        },
    }
}

impl Failure {
    /// Returns whether the transaction may be committed despite the failure: only the answer may be
    /// lost.
    pub(crate) fn may_be_committed(&self) -> bool {
        match self {
            Self::Connecting(_) => false,
            Self::Deadline => true,
            Self::NotBegun(error) | Self::Database(error) => match error.as_db_error() {
                None => !is_encoding(error),
                // A standby or a starting server refused the statement.
                Some(error) => {
                    let refused = ["25006", "0A000", "57P03"].contains(&error.code().code());
                    let may_be = matches!(self, Self::NotBegun(_));
                    !refused && (may_be || fault(error) == Fault::Disconnected)
                }
            },
        }
    }

    /// Returns whether the server answered, so that the connection can be reused.
    pub(crate) fn is_server_response(&self) -> bool {
        match self {
            Self::Database(error) => {
                error.as_db_error().is_some_and(|error| fault(error) != Fault::Disconnected)
            }
            Self::Connecting(_) | Self::NotBegun(_) | Self::Deadline => false,
        }
    }

    /// Returns whether the server reported one of these SQLSTATEs.
    pub(crate) fn has_code(&self, codes: &[&str]) -> bool {
        match self {
            Self::Connecting(PoolError::Backend(error))
            | Self::NotBegun(error)
            | Self::Database(error) => {
                error.code().is_some_and(|code| codes.contains(&code.code()))
            }
            Self::Connecting(_) | Self::Deadline => false,
        }
    }

    /// Returns the error for a transaction that may be committed.
    pub(crate) fn outcome_unknown(self) -> StoreError {
        StoreError::Unavailable(OutcomeUnknown(self.into_source()).into())
    }

    /// Returns the error for a transaction that is not committed yet.
    pub(crate) fn not_committed(self) -> StoreError {
        StoreError::Unavailable(Transient(NotCommitted(self.into_source()).into()).into())
    }

    fn into_source(self) -> Box<dyn StdError + Send + Sync> {
        match self {
            Self::Connecting(PoolError::Backend(error))
            | Self::NotBegun(error)
            | Self::Database(error) => reported(error),
            Self::Connecting(error) => error.into(),
            Self::Deadline => DeadlinePassed.into(),
        }
    }
}

/// Returns whether the driver could not encode a value, so that nothing was sent.
fn is_encoding(error: &tokio_postgres::Error) -> bool {
    error.source().is_some_and(<dyn StdError>::is::<WrongType>)
}

/// The error contains no values: messages name columns and constraints, and details are left out.
impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Deadline | Failure::Connecting(PoolError::Timeout(_) | PoolError::Closed) => {
                Self::Unavailable(failure.into_source())
            }
            Failure::Connecting(PoolError::Backend(error))
            | Failure::NotBegun(error)
            | Failure::Database(error) => database_error(error),
            Failure::Connecting(error) => Self::Unavailable(Transient(error.into()).into()),
        }
    }
}

fn database_error(error: tokio_postgres::Error) -> StoreError {
    let transient = |source| StoreError::Unavailable(Transient(source).into());
    let Some(database) = error.as_db_error() else {
        return if is_encoding(&error) {
            StoreError::Failed(error.into())
        } else {
            transient(error.into())
        };
    };
    let reported = Reported::new(database);
    match fault(database) {
        Fault::Conflict | Fault::Disconnected => transient(reported.into()),
        // A login fails temporarily while an operator replaces the password or renames the
        // database.
        Fault::Unavailable | Fault::Login => StoreError::Unavailable(reported.into()),
        Fault::Damaged => StoreError::Damaged(format!("database error {}", reported.code)),
        Fault::Schema => StoreError::Failed(SchemaChanged(reported).into()),
        Fault::Other => StoreError::Failed(reported.into()),
    }
}

/// A table or a column is missing or has another type.
#[derive(Debug, thiserror::Error)]
#[error("a table or a column is missing or has another type")]
struct SchemaChanged(#[source] Reported);

/// Returns whether a table or a column is missing or has another type.
pub(crate) fn is_schema_change(error: &StoreError) -> bool {
    matches!(error, StoreError::Failed(source) if source.is::<SchemaChanged>())
}

/// Returns whether the login failed, or the database does not exist.
pub(crate) fn login_refused(error: &(dyn StdError + 'static)) -> bool {
    error
        .downcast_ref::<Reported>()
        .is_some_and(|own| own.code.starts_with("28") || own.code == "3D000")
}

/// Returns an error for an invalid value in `column`, without the value, which may be a hash.
pub(crate) fn damaged(column: &str) -> StoreError {
    StoreError::Damaged(format!("{column} cannot be read"))
}

/// Returns an error for a value that cannot be stored.
pub(crate) fn unstorable(what: &'static str) -> StoreError {
    StoreError::Failed(what.into())
}

/// Errors that tell whether a retry may succeed.
pub(crate) trait Retryable {
    /// Returns the contained store error, if any.
    fn store_error(&self) -> Option<&StoreError>;

    /// Returns whether nothing was written and a retry may succeed.
    fn is_retryable(&self) -> bool {
        matches!(
            self.store_error(),
            Some(StoreError::Unavailable(source)) if source.is::<Transient>()
        )
    }
}

impl Retryable for StoreError {
    fn store_error(&self) -> Option<&StoreError> {
        Some(self)
    }
}

impl Retryable for AccountError {
    fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves P4.
    #[test]
    fn p4_a_passed_deadline_is_unavailable_and_not_retried() {
        let error = StoreError::from(Failure::Deadline);
        assert!(matches!(error, StoreError::Unavailable(_)));
        assert!(!error.is_retryable(), "the deadline has passed");
        assert!(Failure::Deadline.may_be_committed());
        let unknown = Failure::Deadline.outcome_unknown();
        assert!(matches!(&unknown, StoreError::Unavailable(_)) && !unknown.is_retryable());
    }

    #[test]
    fn a_conflict_is_retryable() {
        let error = StoreError::Unavailable(Transient("deadlock".into()).into());
        assert!(error.is_retryable());
        assert!(AccountError::from(error).is_retryable());
        assert!(!AccountError::Unknown.is_retryable());
    }
}
