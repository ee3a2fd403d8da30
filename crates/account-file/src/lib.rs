//! Reads and writes account files, the format of `repass account import` and `repass account
//! export`: CSV with the column names in the first line, or JSON Lines.
//!
//! A file may have any length: it is read row by row, and a row has at most [`MAX_ROW_BYTES`]. A
//! row that cannot be read is reported with its line number, and reading continues with the next
//! row. No error message contains a value, which may be a hash.
//!
//! This crate does not check whether an account is valid, and is independent of databases and the
//! command line. With the feature `accounts`, it converts rows to accounts of the engine.
//!
//! ```
//! use repass_account_file::{AccountReader, AccountWriter, Column, Fields, Format};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let csv = "user_id,email\npat,pat@example.org\n\"kim\nlou,lou@example.org\n";
//! let mut reader = AccountReader::new(Format::Csv, csv.as_bytes())?;
//! let mut user_ids = Vec::new();
//! let mut errors = Vec::new();
//! while let Some(row) = reader.next_row()? {
//!     match row.fields {
//!         Ok(mut fields) => user_ids.extend(fields.text(Column::UserId)?),
//!         Err(error) => errors.push(format!("{}: {error}", row.line)),
//!     }
//! }
//! assert_eq!(user_ids, ["pat", "lou"]);
//! assert_eq!(errors, ["3: a quote is not closed"]);
//!
//! let mut fields = Fields::default();
//! fields.set(Column::UserId, "pat");
//! fields.set(Column::Active, true);
//! let mut file = Vec::new();
//! let columns = [Column::UserId, Column::Email, Column::Active];
//! let mut writer = AccountWriter::new(Format::JsonLines, &columns, &mut file)?;
//! writer.write(&fields)?;
//! writer.flush()?;
//! drop(writer);
//! assert_eq!(file, b"{\"user_id\":\"pat\",\"active\":true}\n");
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "accounts")]
mod accounts;
mod column;
mod csv_rows;
mod error;
mod fields;
mod json_rows;
mod json_value;
mod lines;
mod reader;
mod writer;

pub use serde_json::{Map, Value};

#[cfg(feature = "accounts")]
pub use self::accounts::{Batch, Defaults, parse_format};
pub use self::column::Column;
pub use self::error::{FileError, RowError};
pub use self::fields::Fields;
pub use self::lines::MAX_ROW_BYTES;
pub use self::reader::{AccountReader, Row};
pub use self::writer::AccountWriter;

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values in UTF-8 (RFC 4180), with the names of the columns in the first line.
    Csv,
    /// One JSON object in each line.
    JsonLines,
}
