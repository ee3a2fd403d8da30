//! What PostgreSQL and its driver report, in core's terms.

use std::error::Error as StdError;

use deadpool_postgres::PoolError;
use repass_core::{AccountError, StoreError};
use tokio_postgres::error::DbError;
use tokio_postgres::types::WrongType;

/// Why a statement did not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// There was no connection to be had.
    Connecting(PoolError),
    /// The server or the driver reported an error.
    Database(tokio_postgres::Error),
    /// A transaction did not begin, so that what was sent after it may have been done without one.
    NotBegun(tokio_postgres::Error),
    /// There was no answer within the deadline.
    Deadline,
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error)
    }
}

/// An error of the server. Its details can contain values of the row that is refused; they are left
/// out, so that no log gets them.
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
            // The server's messages contain the user's name, and values.
            Some("28") => "the login was refused",
            Some("22") => "a value is invalid",
            _ => error.message(),
        };
        let message = message.to_owned();
        Self { code, message }
    }
}

/// The driver's error without what the server said in detail.
pub(crate) fn reported(error: tokio_postgres::Error) -> Box<dyn StdError + Send + Sync> {
    match error.as_db_error() {
        Some(database) => Reported::new(database).into(),
        None => error.into(),
    }
}

/// Nothing was written, and the same transaction may succeed when it is tried again.
#[derive(Debug, thiserror::Error)]
#[error("nothing was written; trying again may succeed")]
struct Passing(#[source] Box<dyn StdError + Send + Sync>);

/// The answer to a commit was lost, and it is not made, unless the server comes to it later.
#[derive(Debug, thiserror::Error)]
#[error("the connection was lost before a commit")]
struct NotCommitted(#[source] Box<dyn StdError + Send + Sync>);

/// Whether a commit was sent that the server may come to later.
pub(crate) fn may_come_later(error: &StoreError) -> bool {
    let StoreError::Unavailable(source) = error else { return false };
    source.downcast_ref::<Passing>().is_some_and(|passing| passing.0.is::<NotCommitted>())
}

/// A commit that may come later was sent again, and that failed.
pub(crate) fn unknown(error: StoreError) -> StoreError {
    match error {
        StoreError::Unavailable(source) => StoreError::Unavailable(OutcomeUnknown(source).into()),
        error => error,
    }
}

/// A commit may or may not have been made.
#[derive(Debug, thiserror::Error)]
#[error("the answer to a commit was lost, so its outcome is unknown")]
struct OutcomeUnknown(#[source] Box<dyn StdError + Send + Sync>);

/// There was no answer within the deadline.
#[derive(Debug, thiserror::Error)]
#[error("no answer within the statement time-out")]
struct DeadlinePassed;

/// What an error of the server means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Two transactions met; the same may succeed at once.
    Conflict,
    /// This connection is of no further use; another one may lead to a server that is.
    Disconnected,
    /// The server cannot do it now.
    Unavailable,
    /// Stored data is damaged.
    Damaged,
    /// The server does not let this user in, or has no such database.
    Login,
    /// A table, a column or its type is not as expected.
    Schema,
    /// Anything else.
    Other,
}

/// By the SQLSTATE; see appendix A, "PostgreSQL Error Codes", of its manual.
pub(crate) fn fault(error: &DbError) -> Fault {
    let code = error.code().code();
    match code {
        // serialization_failure, deadlock_detected
        "40001" | "40P01" => Fault::Conflict,
        // admin_shutdown, crash_shutdown, cannot_connect_now, idle_session_timeout,
        // idle_in_transaction_session_timeout, statement_completion_unknown, and
        // read_only_sql_transaction, which is a standby's
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
    /// Whether a commit that ended so may have been made all the same: the server may have received
    /// it, and only its answer was lost.
    pub(crate) fn may_be_committed(&self) -> bool {
        match self {
            Self::Connecting(_) => false,
            Self::Deadline => true,
            Self::NotBegun(error) | Self::Database(error) => match error.as_db_error() {
                None => !is_encoding(error),
                // A standby, or a server that is starting, has refused the statement itself.
                Some(error) => {
                    let refused = ["25006", "0A000", "57P03"].contains(&error.code().code());
                    let may_be = matches!(self, Self::NotBegun(_));
                    !refused && (may_be || fault(error) == Fault::Disconnected)
                }
            },
        }
    }

    /// Whether the server answered, so that the connection can be used again.
    pub(crate) fn is_answer(&self) -> bool {
        match self {
            Self::Database(error) => {
                error.as_db_error().is_some_and(|error| fault(error) != Fault::Disconnected)
            }
            Self::Connecting(_) | Self::NotBegun(_) | Self::Deadline => false,
        }
    }

    /// Whether the server reported one of these SQLSTATEs.
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

    /// Nobody knows whether the commit that ended so was made.
    pub(crate) fn outcome_unknown(self) -> StoreError {
        StoreError::Unavailable(OutcomeUnknown(self.into_source()).into())
    }

    /// The commit that ended so was not made yet.
    pub(crate) fn not_committed(self) -> StoreError {
        StoreError::Unavailable(Passing(NotCommitted(self.into_source()).into()).into())
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

/// Whether the driver could not write a value, so that nothing was sent.
fn is_encoding(error: &tokio_postgres::Error) -> bool {
    error.source().is_some_and(<dyn StdError>::is::<WrongType>)
}

/// No value of a statement is in the error: the server names columns and constraints only, and its
/// details are left out.
impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Deadline | Failure::Connecting(PoolError::Timeout(_) | PoolError::Closed) => {
                Self::Unavailable(failure.into_source())
            }
            Failure::Connecting(PoolError::Backend(error))
            | Failure::NotBegun(error)
            | Failure::Database(error) => database_error(error),
            Failure::Connecting(error) => Self::Unavailable(Passing(error.into()).into()),
        }
    }
}

fn database_error(error: tokio_postgres::Error) -> StoreError {
    let passing = |source| StoreError::Unavailable(Passing(source).into());
    let Some(database) = error.as_db_error() else {
        return if is_encoding(&error) {
            StoreError::Failed(error.into())
        } else {
            passing(error.into())
        };
    };
    let reported = Reported::new(database);
    match fault(database) {
        Fault::Conflict | Fault::Disconnected => passing(reported.into()),
        // A login is refused while an operator replaces the password or renames the database.
        Fault::Unavailable | Fault::Login => StoreError::Unavailable(reported.into()),
        Fault::Damaged => StoreError::Damaged(format!("database error {}", reported.code)),
        Fault::Schema => StoreError::Failed(SchemaChanged(reported).into()),
        Fault::Other => StoreError::Failed(reported.into()),
    }
}

/// A table, a column or its type is not as expected.
#[derive(Debug, thiserror::Error)]
#[error("a table is not as expected")]
struct SchemaChanged(#[source] Reported);

/// Whether a table, a column or its type is not as expected.
pub(crate) fn is_schema_change(error: &StoreError) -> bool {
    matches!(error, StoreError::Failed(source) if source.is::<SchemaChanged>())
}

/// Whether the server does not let the user in, or has no such database.
pub(crate) fn login_refused(error: &(dyn StdError + 'static)) -> bool {
    error
        .downcast_ref::<Reported>()
        .is_some_and(|own| own.code.starts_with("28") || own.code == "3D000")
}

/// What stands in `column` cannot be. The value is left out: it may be a hash.
pub(crate) fn damaged(column: &str) -> StoreError {
    StoreError::Damaged(format!("{column} cannot be read"))
}

/// What was to be written cannot be stored.
pub(crate) fn unstorable(what: &'static str) -> StoreError {
    StoreError::Failed(what.into())
}

/// Errors that say whether trying again at once can help.
pub(crate) trait Retryable {
    /// The store's error in it, if any.
    fn store_error(&self) -> Option<&StoreError>;

    /// Whether nothing was written, and the same may succeed next time.
    fn is_retryable(&self) -> bool {
        matches!(
            self.store_error(),
            Some(StoreError::Unavailable(source)) if source.is::<Passing>()
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
    fn p4_a_deadline_is_unavailable_and_not_tried_again() {
        let error = StoreError::from(Failure::Deadline);
        assert!(matches!(error, StoreError::Unavailable(_)));
        assert!(!error.is_retryable(), "it has been waited for long enough");
        assert!(Failure::Deadline.may_be_committed());
        let unknown = Failure::Deadline.outcome_unknown();
        assert!(matches!(&unknown, StoreError::Unavailable(_)) && !unknown.is_retryable());
    }

    #[test]
    fn a_conflict_is_worth_another_try() {
        let error = StoreError::Unavailable(Passing("deadlock".into()).into());
        assert!(error.is_retryable());
        assert!(AccountError::from(error).is_retryable());
        assert!(!AccountError::Unknown.is_retryable());
    }
}
