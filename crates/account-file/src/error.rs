use std::io;

/// Why a file cannot be read, or not to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The first row does not name columns that are known.
    #[error("{0}")]
    Header(String),
    /// Reading failed.
    #[error("it cannot be read")]
    Read(#[from] io::Error),
}

/// Why a row, or a field of it, cannot be read. The message quotes no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RowError(pub(crate) String);

impl From<RowError> for String {
    fn from(error: RowError) -> Self {
        error.0
    }
}
