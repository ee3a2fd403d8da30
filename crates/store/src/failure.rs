use repass_core::StoreError;

use crate::dialect::{Dialect, Fault};

/// What sqlx reports, in core's terms. No statement's values are in it: databases name columns and
/// constraints in their messages, and what could not be decoded is left out here.
pub(crate) fn store_error(dialect: Dialect, error: sqlx::Error) -> StoreError {
    use sqlx::Error;
    match error {
        Error::Database(database) => {
            let code = database.code().unwrap_or_default().into_owned();
            match dialect.fault(&code) {
                Fault::Locked | Fault::Unavailable => StoreError::Unavailable(database.into()),
                Fault::Damaged => StoreError::Damaged(format!("database error {code}")),
                Fault::Other => StoreError::Failed(database.into()),
            }
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

/// What stands in `column` cannot be. The value is not told: it may be a hash.
pub(crate) fn damaged(column: &str) -> StoreError {
    StoreError::Damaged(format!("{column} cannot be read"))
}

/// What was asked to be written cannot be stored.
pub(crate) fn unstorable(what: &'static str) -> StoreError {
    StoreError::Failed(what.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_cannot_be_decoded_are_not_told() {
        let error = sqlx::Error::ColumnDecode {
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
        let error = store_error(Dialect::Sqlite, sqlx::Error::PoolTimedOut);
        assert!(matches!(error, StoreError::Unavailable(_)));
    }
}
