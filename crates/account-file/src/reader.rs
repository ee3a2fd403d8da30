use std::io::{self, BufRead};

use crate::csv_rows::CsvRows;
use crate::json_rows::JsonRows;
use crate::{Fields, FileError, Format, RowError};

/// A row of a file.
#[derive(Debug)]
pub struct Row {
    /// The number of the first line of the row, starting at 1.
    pub line: u64,
    /// The fields of the row, or why it cannot be read.
    pub fields: Result<Fields, RowError>,
}

/// Reads an account file row by row, in bounded memory.
pub struct AccountReader<R>(Rows<R>);

enum Rows<R> {
    Csv(CsvRows<R>),
    JsonLines(JsonRows<R>),
}

impl<R: BufRead> AccountReader<R> {
    /// Starts reading a file, and checks its columns: the names in the first line of CSV, or the
    /// members of the first object of JSON Lines.
    ///
    /// # Errors
    /// When the file is empty, has an unknown column or lacks `user_id`, or cannot be read.
    pub fn new(format: Format, file: R) -> Result<Self, FileError> {
        Ok(Self(match format {
            Format::Csv => Rows::Csv(CsvRows::new(file)?),
            Format::JsonLines => Rows::JsonLines(JsonRows::new(file)?),
        }))
    }

    /// Reads the next row; `None` after the last one.
    ///
    /// # Errors
    /// When the file cannot be read. An invalid row is reported in [`Row::fields`].
    pub fn next_row(&mut self) -> io::Result<Option<Row>> {
        match &mut self.0 {
            Rows::Csv(rows) => rows.next(),
            Rows::JsonLines(rows) => rows.next(),
        }
    }

    /// Returns the number of bytes that the rows so far take in the file.
    pub fn bytes_read(&self) -> u64 {
        match &self.0 {
            Rows::Csv(rows) => rows.bytes_read(),
            Rows::JsonLines(rows) => rows.bytes_read(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Column, MAX_ROW_BYTES};

    /// Reads all rows; `None` if the header is invalid.
    fn read(format: Format, bytes: &[u8]) -> Option<Vec<Row>> {
        let mut reader = AccountReader::new(format, bytes).ok()?;
        let mut rows = Vec::new();
        while let Some(mut row) = reader.next_row().unwrap() {
            for column in Column::ALL {
                if let Ok(fields) = &mut row.fields {
                    let mut fields = fields.clone();
                    let _ = (fields.text(column), fields.boolean(column), fields.object(column));
                }
            }
            rows.push(row);
        }
        assert!(rows.is_sorted_by(|first, second| first.line < second.line));
        assert_eq!(reader.bytes_read(), bytes.len() as u64);
        Some(rows)
    }

    /// Reads the user ids of a CSV file as the `csv` crate does.
    fn user_ids_by_csv(bytes: &[u8]) -> Vec<Option<String>> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
        let column = reader.headers().unwrap().iter().position(|name| name == "user_id").unwrap();
        let records = reader.records().map(|record| record.unwrap()[column].to_owned());
        records.map(|user_id| Some(user_id).filter(|user_id| !user_id.is_empty())).collect()
    }

    /// Proves C4.
    #[test]
    fn c4_attributes_with_reserved_names_are_data() {
        let attributes = r#"{"$serde_json::private::RawValue":"{\"a\":1}"}"#;
        let cell = attributes.replace('"', "\"\"");
        for (format, file) in [
            (Format::JsonLines, format!("{{\"attributes\":{attributes}}}")),
            (Format::Csv, format!("user_id,attributes\npat,\"{cell}\"\n")),
        ] {
            let mut rows = read(format, file.as_bytes()).unwrap();
            let object = rows[0].fields.as_mut().unwrap().object(Column::Attributes);
            let object = object.unwrap().unwrap();
            assert_eq!(object["$serde_json::private::RawValue"], "{\"a\":1}", "{format:?}");
        }
    }

    proptest! {
        #[test]
        fn no_file_makes_the_reader_panic(bytes in any::<Vec<u8>>(), text in ".{0,80}") {
            for start in ["", "user_id,attributes\n", "{\"user_id\":\"a\"}\n"] {
                for file in [[start.as_bytes(), &bytes].concat(), format!("{start}{text}").into()] {
                    read(Format::Csv, &file);
                    read(Format::JsonLines, &file);
                }
            }
        }

        #[test]
        fn good_csv_is_read_as_the_csv_crate_reads_it(
            rows in "([a\u{feff}]{0,2}|[a\",\r\n]|\"\"|\r\n){0,30}"
        ) {
            let file = format!("user_id,email\n{rows}");
            let read = read(Format::Csv, file.as_bytes()).unwrap();
            if let Ok(fields) = read.into_iter().map(|row| row.fields).collect::<Result<Vec<_>, _>>() {
                let user_id = |mut fields: Fields| fields.text(Column::UserId).unwrap();
                let user_ids: Vec<_> = fields.into_iter().map(user_id).collect();
                prop_assert_eq!(user_ids, user_ids_by_csv(file.as_bytes()));
            }
        }

        #[test]
        fn an_invalid_row_affects_no_row_without_quotes(rows in "([a,\"x\n]|\r\n){0,60}") {
            let read = read(Format::Csv, format!("user_id\n{rows}").as_bytes()).unwrap();
            let lines = rows.lines().filter(|line| !line.is_empty());
            // Only a correctly quoted row has several lines.
            prop_assert!(rows.contains('"') || read.len() == lines.count(), "{read:?}");
        }
    }

    #[test]
    fn no_byte_is_put_back_more_than_once() {
        let x = "x".repeat(1_000);
        let lines = ["a\"b*,\"\n", "\"*\n", "a*,\"\n", "\",*\"\n", "\"\"*\n", "e*\"x\n", "*\n"];
        for line in lines {
            let line = line.replace('*', &x);
            let block = format!("\"{}", line.repeat(MAX_ROW_BYTES / line.len() + 1));
            let file = format!("user_id\n{}", block.repeat(4));
            let mut reader = AccountReader::new(Format::Csv, file.as_bytes()).unwrap();
            while reader.next_row().unwrap().is_some() {}
            let Rows::Csv(rows) = &reader.0 else { panic!("it is CSV") };
            let again = rows.bytes_read_again();
            assert!(again <= file.len() as u64, "{again} of {}", file.len());
        }
    }
}
