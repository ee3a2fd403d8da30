use std::io;

/// A file cannot be read, or not to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The first row has no valid column names.
    #[error("{0}")]
    Header(String),
    /// Reading failed.
    #[error("the file cannot be read")]
    Read(#[from] io::Error),
}

/// A row or a field cannot be read. The message contains no value of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RowError(pub(crate) String);

impl From<RowError> for String {
    fn from(error: RowError) -> Self {
        error.0
    }
}
