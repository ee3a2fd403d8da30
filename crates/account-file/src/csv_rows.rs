//! Rows of a CSV file (RFC 4180). Commas, semicolons or tabs separate the cells, as in its first
//! line.
//!
//! The `csv` crate reads rows of any length into memory, accepts misplaced quotes, and reads
//! everything after an unclosed quote into one cell. So it gets one row at a time, and its result
//! is compared with the row.

use std::io::{self, BufRead, Cursor};

use csv::StringRecord;

use crate::lines::{Line, Lines, MAX_ROW_BYTES};
use crate::{Column, Fields, FileError, Row, RowError};

pub(crate) struct CsvRows<R> {
    lines: Lines<R>,
    parser: Parser,
    delimiter: u8,
    columns: Vec<Column>,
}

/// Gets one row after another, each ending with a line feed, so that it never reaches the end of
/// input.
type Parser = csv::Reader<Cursor<Vec<u8>>>;

impl<R: BufRead> CsvRows<R> {
    /// Reads the names of the columns.
    pub(crate) fn new(file: R) -> Result<Self, FileError> {
        let mut rows = Self {
            lines: Lines::new(file),
            parser: parser(b','),
            delimiter: b',',
            columns: Vec::new(),
        };
        let Some((_, names)) = rows.next_cells()? else {
            return Err(FileError::Header("the file is empty".to_owned()));
        };
        let names = names.map_err(|error| FileError::Header(error.into()))?;
        rows.columns = Column::from_names(&names)
            .map_err(|error| FileError::Header(format!("columns: {error}")))?;
        if rows.columns.contains(&Column::UserId) {
            Ok(rows)
        } else {
            Err(FileError::Header("there is no column user_id".to_owned()))
        }
    }

    pub(crate) fn bytes_read(&self) -> u64 {
        self.lines.bytes_read()
    }

    #[cfg(test)]
    pub(crate) fn bytes_read_again(&self) -> u64 {
        self.lines.bytes_read_again
    }

    pub(crate) fn next(&mut self) -> io::Result<Option<Row>> {
        let Some((line, cells)) = self.next_cells()? else { return Ok(None) };
        let fields = cells.and_then(|cells| self.fields(&cells));
        Ok(Some(Row { line, fields }))
    }

    fn fields(&self, cells: &StringRecord) -> Result<Fields, RowError> {
        let (found, expected) = (cells.len(), self.columns.len());
        if found != expected {
            let error = format!("the row has {found} cells instead of {expected}");
            return Err(RowError(error));
        }
        let mut fields = Fields::default();
        for (column, cell) in self.columns.iter().zip(cells) {
            fields.set_cell(*column, cell)?;
        }
        Ok(fields)
    }

    /// Reads the cells of the next row, with the number of its first line. Empty lines are skipped.
    ///
    /// If a row of several lines is invalid, all lines but the first are put back: the next row may
    /// begin with one of them.
    fn next_cells(&mut self) -> io::Result<Option<(u64, Result<StringRecord, RowError>)>> {
        let Some(Line { number, bytes: mut row, is_too_long }) = self.next_line()? else {
            return Ok(None);
        };
        if self.columns.is_empty() {
            self.delimiter = delimiter_of(&row);
            self.parser = parser(self.delimiter);
        }
        let first_line = row.len();
        let cells = if is_too_long {
            Err(RowError(format!("the row has more than {MAX_ROW_BYTES} bytes")))
        } else {
            self.read_quoted_lines(&mut row)?.and_then(|()| self.cells(&row))
        };
        if cells.is_err() {
            self.lines.put_back(number, &row[first_line..]);
        }
        Ok(Some((number, cells)))
    }

    fn next_line(&mut self) -> io::Result<Option<Line>> {
        loop {
            match self.lines.next()? {
                Some(line) if matches!(&*line.bytes, b"\n" | b"\r\n") => {}
                other => return Ok(other),
            }
        }
    }

    /// Appends lines to the first line of a row until its quotes come in pairs.
    fn read_quoted_lines(&mut self, row: &mut Vec<u8>) -> io::Result<Result<(), RowError>> {
        let mut is_open = has_open_quote(row);
        while is_open {
            let Some(line) = self.lines.next()? else {
                return Ok(Err(RowError("a quote is not closed".to_owned())));
            };
            is_open ^= has_open_quote(&line.bytes);
            row.extend_from_slice(&line.bytes);
            if row.len() > MAX_ROW_BYTES {
                let error = format!("a quote is not closed within {MAX_ROW_BYTES} bytes");
                return Ok(Err(RowError(error)));
            }
        }
        Ok(Ok(()))
    }

    /// Reads the cells of one row.
    fn cells(&mut self, row: &[u8]) -> Result<StringRecord, RowError> {
        let row = std::str::from_utf8(row);
        let row = row.map_err(|_| RowError("the row is not UTF-8 text".to_owned()))?;
        // The first line feed keeps a U+FEFF that begins the row: `csv` drops one that begins its
        // input.
        *self.parser.get_mut() = Cursor::new(format!("\n{row}\n").into_bytes());
        let mut cells = StringRecord::new();
        match self.parser.read_record(&mut cells) {
            Ok(true) if has_valid_quotes(row, &cells, self.delimiter.into()) => Ok(cells),
            _ => {
                // The parser did not read the whole row, or reached the end of input.
                self.parser = parser(self.delimiter);
                Err(RowError(MISPLACED_QUOTE.to_owned()))
            }
        }
    }
}

/// Returns what separates the names in the first line. No name contains it.
fn delimiter_of(names: &[u8]) -> u8 {
    let found = [b',', b';', b'\t'].into_iter().find(|delimiter| names.contains(delimiter));
    found.unwrap_or(b',')
}

fn parser(delimiter: u8) -> Parser {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(Cursor::default())
}

const MISPLACED_QUOTE: &str = "a quote or a carriage return is misplaced: quote a whole cell, and \
                               double the quotes inside it";

fn has_open_quote(bytes: &[u8]) -> bool {
    bytes.iter().filter(|byte| **byte == b'"').count() % 2 == 1
}

/// Returns whether the row consists of the cells, each quoted as a whole or without quotes.
fn has_valid_quotes(row: &str, cells: &StringRecord, delimiter: char) -> bool {
    let row = format!("{delimiter}{}", row.trim_end_matches(['\r', '\n']));
    let rest = cells.iter().try_fold(&*row, |rest, cell| {
        let rest = rest.strip_prefix(delimiter)?;
        let bare = rest.strip_prefix(cell).filter(|_| !cell.contains('"'));
        rest.strip_prefix(&format!("\"{}\"", cell.replace('"', "\"\""))).or(bare)
    });
    rest == Some("")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the user id or the error of each row, with its line.
    fn rows(text: impl AsRef<[u8]>) -> Vec<(u64, Result<String, String>)> {
        let mut rows = CsvRows::new(text.as_ref()).unwrap();
        let mut read = Vec::new();
        while let Some(Row { line, fields }) = rows.next().unwrap() {
            let user_id = fields.map(|mut fields| fields.text(Column::UserId).unwrap());
            read.push((line, user_id.map(Option::unwrap_or_default).map_err(String::from)));
        }
        read
    }

    fn good(line: u64, user_id: &str) -> (u64, Result<String, String>) {
        (line, Ok(user_id.to_owned()))
    }

    fn bad(line: u64, reason: &str) -> (u64, Result<String, String>) {
        (line, Err(reason.to_owned()))
    }

    #[test]
    fn rows_have_the_number_of_their_first_line() {
        let text = "user_id,given_name\r\n\r\n\"a\",\"one\r\ntwo\n\"\r\n\"b \"\"x\"\", c\",\nd,";
        assert_eq!(rows(text), [good(3, "a"), good(6, "b \"x\", c"), good(7, "d")]);
        assert_eq!(rows("\u{feff}user_id\nä\n"), [good(2, "ä")]);
        assert_eq!(rows("user_id"), []);
    }

    /// Proves C2.
    #[test]
    fn c2_cells_are_separated_as_in_the_first_line() {
        let expected = [good(2, "a;b"), good(3, "c,d")];
        assert_eq!(rows("USER_ID ;given_name\n\"a;b\";\nc,d;x\n"), expected);
        let expected = [good(2, "a;b"), good(3, "c,d")];
        assert_eq!(rows("user_id\tgiven_name\na;b\t\nc,d\tx\n"), expected);
    }

    #[test]
    fn an_invalid_row_affects_no_other_row() {
        let text = "user_id,email\na,\"oops\nb,\nc,\"x\"\n\"d\"x,\ne\"x\",\nf\n\"g\",\"\"\n";
        let expected = [
            bad(2, "a quote is not closed"),
            good(3, "b"),
            good(4, "c"),
            bad(5, MISPLACED_QUOTE),
            bad(6, MISPLACED_QUOTE),
            bad(7, "the row has 1 cells instead of 2"),
            good(8, "g"),
        ];
        assert_eq!(rows(text), expected);
        let open = rows("user_id,email\na,\"oops\nb,\n");
        assert_eq!(open, [bad(2, "a quote is not closed"), good(3, "b")]);
        let not_text = rows(b"user_id\n\xff\nb\n");
        assert_eq!(not_text, [bad(2, "the row is not UTF-8 text"), good(3, "b")]);
        let mac = rows("user_id\na\rb\nc\n");
        assert_eq!(mac, [bad(2, MISPLACED_QUOTE), good(3, "c")]);
    }

    #[test]
    fn rows_are_bounded() {
        let row = |letters| format!("\"{}\"\n", "x".repeat(letters));
        let longest = MAX_ROW_BYTES - row(0).len();
        let read = rows(format!("user_id\n{}b\n", row(longest)));
        assert_eq!((read[0].1.as_ref().unwrap().len(), &read[1]), (longest, &good(3, "b")));
        let expected = [bad(2, "the row has more than 262144 bytes"), good(3, "b")];
        assert_eq!(rows(format!("user_id\n{}b\n", row(longest + 1))), expected);

        // The lines after an unclosed quote are read as rows, however many there are.
        let b = format!("b{}\n", "x".repeat(1_000));
        let lines = 2 * MAX_ROW_BYTES / b.len();
        let read = rows(format!("user_id\na,\"\n{}c\n", b.repeat(lines)));
        assert_eq!(read.len(), lines + 2);
        assert_eq!(read[0], bad(2, "a quote is not closed within 262144 bytes"));
        assert!(read[1..].iter().all(|(_, row)| row.is_ok()));
        let long = rows(format!("user_id\n\"\n{}\nc\n", "x".repeat(3 * MAX_ROW_BYTES)));
        let reasons =
            ["a quote is not closed within 262144 bytes", "the row has more than 262144 bytes"];
        assert_eq!(long, [bad(2, reasons[0]), bad(3, reasons[1]), good(4, "c")]);
    }

    #[test]
    fn a_header_must_name_the_columns() {
        let refused = |text: &str| match CsvRows::new(text.as_bytes()) {
            Err(FileError::Header(reason)) => reason,
            _ => panic!("{text:?} is accepted"),
        };
        assert_eq!(refused(""), "the file is empty");
        assert_eq!(refused("\n\r\n"), "the file is empty");
        assert!(refused("user_id,mail\n").starts_with("columns: unknown: mail; known are"));
        assert_eq!(refused("email\n"), "there is no column user_id");
        assert!(refused("\"user_id\n").contains("a quote is not closed"));
    }
}
