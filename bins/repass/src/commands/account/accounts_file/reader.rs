//! Reading a file of either format.

use std::io::{self, BufRead};

use super::Fields;
use super::csv_rows::CsvRows;
use super::json_rows::JsonRows;
use crate::cli::FileFormat;

/// One row.
pub(crate) struct Row {
    /// The line that it begins in, from 1 on.
    pub(crate) line: u64,
    /// What it says, or what is wrong with it.
    pub(crate) fields: Result<Fields, String>,
}

/// Why a file cannot be read at all, or no further.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error("{0}")]
    Header(String),
    #[error("it cannot be read")]
    Read(#[from] io::Error),
}

/// A file of accounts, read row by row.
pub(crate) enum AccountsReader<R> {
    Csv(CsvRows<R>),
    JsonLines(JsonRows<R>),
}

impl<R: BufRead> AccountsReader<R> {
    /// Begins with a file, and sees whether it has columns that are known.
    pub(crate) fn open(format: FileFormat, from: R) -> Result<Self, FileError> {
        Ok(match format {
            FileFormat::Csv => Self::Csv(CsvRows::open(from)?),
            FileFormat::Jsonl => Self::JsonLines(JsonRows::open(from)?),
        })
    }

    /// The next row, and `None` behind the last one.
    pub(crate) fn next_row(&mut self) -> Result<Option<Row>, FileError> {
        match self {
            Self::Csv(rows) => rows.next(),
            Self::JsonLines(rows) => rows.next(),
        }
    }

    /// Bytes of the file that were read.
    pub(crate) fn bytes_read(&self) -> u64 {
        match self {
            Self::Csv(rows) => rows.bytes_read(),
            Self::JsonLines(rows) => rows.bytes_read(),
        }
    }
}
