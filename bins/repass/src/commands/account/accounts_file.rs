//! Files of accounts, read by `account import` and written by `account export`: CSV whose first line
//! names the columns, or JSON Lines.
//!
//! A file is read row by row, and a row is bounded, so that no file needs much memory. A row that is
//! damaged costs the others nothing.

mod column;
mod csv_rows;
mod fields;
mod json_rows;
mod lines;
mod reader;
mod writer;

pub(super) use column::Column;
pub(super) use fields::Fields;
pub(super) use reader::{AccountsReader, FileError};
pub(super) use writer::AccountsWriter;
