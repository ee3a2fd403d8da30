//! Rows of a CSV file (RFC 4180).
//!
//! The `csv` crate takes a row of any length into memory, and a quote that is never closed takes all
//! rows that follow. So rows are found here, bounded and strictly quoted, and only then read by it.

use std::io::{self, BufRead, Read};

use csv::ByteRecord;

use super::lines::{Line, Lines, ROW_BYTES};
use super::reader::{FileError, Row};
use super::{Column, Fields};

pub(crate) struct CsvRows<R> {
    lines: Lines<R>,
    cells: Cells,
    columns: Vec<Column>,
}

impl<R: BufRead> CsvRows<R> {
    /// Reads the names of the columns.
    pub(super) fn open(from: R) -> Result<Self, FileError> {
        let mut rows = Self { lines: Lines::new(from), cells: Cells::new(), columns: Vec::new() };
        let Some((_, cells)) = rows.next_cells()? else {
            return Err(FileError::Header("the file is empty".to_owned()));
        };
        let names = cells.map_err(FileError::Header)?;
        let columns = Column::all_named(names.iter().map(String::as_str));
        rows.columns = columns.map_err(|reason| FileError::Header(format!("columns: {reason}")))?;
        if rows.columns.contains(&Column::UserId) {
            Ok(rows)
        } else {
            Err(FileError::Header("there is no column user_id".to_owned()))
        }
    }

    pub(super) fn bytes_read(&self) -> u64 {
        self.lines.bytes_read()
    }

    pub(super) fn next(&mut self) -> Result<Option<Row>, FileError> {
        let Some((line, cells)) = self.next_cells()? else { return Ok(None) };
        let fields = cells.and_then(|cells| self.fields(&cells));
        Ok(Some(Row { line, fields }))
    }

    fn fields(&self, cells: &[String]) -> Result<Fields, String> {
        let (found, expected) = (cells.len(), self.columns.len());
        if found != expected {
            return Err(format!("the row has {found} cells, and there are {expected} columns"));
        }
        let mut fields = Fields::default();
        for (column, cell) in self.columns.iter().zip(cells) {
            fields.set_cell(*column, cell)?;
        }
        Ok(fields)
    }

    /// The number of the next row's first line, and its cells. Empty lines are no rows.
    fn next_cells(&mut self) -> io::Result<Option<(u64, ReadCells)>> {
        loop {
            let Some(first) = self.lines.next()? else { return Ok(None) };
            if first.bytes.is_empty() && !first.too_long {
                continue;
            }
            let number = first.number;
            let cells = match self.rest_of_row(first)? {
                Ok(row) => self.cells.of(row)?,
                Err(reason) => Err(reason),
            };
            return Ok(Some((number, cells)));
        }
    }

    /// The row that begins with `first`. When it is damaged, its other lines are read again as rows
    /// of their own, for one of them may be the next row.
    fn rest_of_row(&mut self, first: Line) -> io::Result<Result<Vec<u8>, String>> {
        let mut lines = Vec::new();
        let mut bytes = 0;
        let mut state = State::CellBegins;
        let mut next = Some(first);
        let reason = loop {
            let Some(line) = next else { break "a quote is not closed".to_owned() };
            bytes += line.bytes.len();
            let too_long = line.too_long || bytes > ROW_BYTES;
            bytes += line.end.len();
            let after = state.after(&line.bytes);
            lines.push(line);
            match after {
                _ if too_long && lines.len() == 1 => {
                    break format!("the row has more than {ROW_BYTES} bytes");
                }
                _ if too_long => break format!("a quote is not closed within {ROW_BYTES} bytes"),
                Ok(State::Quoted) => state = State::Quoted,
                Ok(_) => return Ok(Ok(joined(&lines))),
                Err(reason) => break reason.to_owned(),
            }
            next = self.lines.next()?;
        };
        self.lines.give_back(lines.into_iter().skip(1));
        Ok(Err(reason))
    }
}

/// The bytes of a row, without what ends its last line.
fn joined(lines: &[Line]) -> Vec<u8> {
    let mut row = Vec::new();
    let mut end: &[u8] = b"";
    for line in lines {
        row.extend_from_slice(end);
        row.extend_from_slice(&line.bytes);
        end = line.end;
    }
    row
}

/// Where in a row the reader is.
#[derive(Clone, Copy)]
enum State {
    CellBegins,
    Unquoted,
    Quoted,
    /// Behind a quote that closes the cell, or is the first half of one within it.
    Closed,
}

impl State {
    /// Where the reader is behind `bytes`.
    fn after(self, bytes: &[u8]) -> Result<Self, &'static str> {
        bytes.iter().try_fold(self, |state, byte| match (state, byte) {
            (Self::Quoted, b'"') => Ok(Self::Closed),
            (Self::Quoted, _) | (Self::CellBegins | Self::Closed, b'"') => Ok(Self::Quoted),
            (Self::Unquoted, b'"') => Err("a quote stands in a cell that is not quoted"),
            (_, b'\r') => Err("a carriage return stands outside quotes"),
            (_, b',') => Ok(Self::CellBegins),
            (Self::Closed, _) => Err("something follows a closing quote"),
            (Self::CellBegins | Self::Unquoted, _) => Ok(Self::Unquoted),
        })
    }
}

/// The cells of a row, or what is wrong with it.
type ReadCells = Result<Vec<String>, String>;

/// Reads the cells of one row at a time.
struct Cells {
    reader: csv::Reader<OneRow>,
    record: ByteRecord,
}

impl Cells {
    fn new() -> Self {
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(OneRow::default());
        Self { reader, record: ByteRecord::new() }
    }

    fn of(&mut self, mut row: Vec<u8>) -> io::Result<ReadCells> {
        row.push(b'\n');
        *self.reader.get_mut() = OneRow { row, read: 0 };
        self.reader.read_byte_record(&mut self.record)?;
        let cell = |cell: &[u8]| std::str::from_utf8(cell).map(str::to_owned);
        let cells: Result<_, _> = self.record.iter().map(cell).collect();
        Ok(cells.map_err(|_| "the row is not UTF-8 text".to_owned()))
    }
}

/// A row with its end. It is read to there and no further, so the end of the file is never met.
#[derive(Default)]
struct OneRow {
    row: Vec<u8>,
    read: usize,
}

impl Read for OneRow {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.row.get(self.read..).unwrap_or_default().read(into)?;
        self.read += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The user ids, or what is wrong, by line.
    fn rows(text: impl AsRef<[u8]>) -> Vec<(u64, Result<String, String>)> {
        let mut rows = CsvRows::open(text.as_ref()).unwrap();
        let mut read = Vec::new();
        while let Some(Row { line, fields }) = rows.next().unwrap() {
            let user_id = fields.map(|mut fields| fields.text(Column::UserId).unwrap());
            read.push((line, user_id.map(Option::unwrap_or_default)));
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
    fn rows_are_told_by_their_first_line() {
        let text = "user_id,given_name\r\n\r\n\"a\",\"one\r\ntwo\n\"\r\n\"b \"\"x\"\", c\",\nd,";
        assert_eq!(rows(text), [good(3, "a"), good(6, "b \"x\", c"), good(7, "d")]);
        assert_eq!(rows("\u{feff}user_id\nä\n"), [good(2, "ä")]);
        assert_eq!(rows("user_id"), []);
    }

    #[test]
    fn damage_costs_one_row() {
        let text = "user_id,email\na,\"oops\nb,\nc,\"x\"\n\"d\"x,\ne\"x,\nf\n\"g\",\"\"\n";
        let expected = [
            bad(2, "something follows a closing quote"),
            good(3, "b"),
            good(4, "c"),
            bad(5, "something follows a closing quote"),
            bad(6, "a quote stands in a cell that is not quoted"),
            bad(7, "the row has 1 cells, and there are 2 columns"),
            good(8, "g"),
        ];
        assert_eq!(rows(text), expected);
        let open = rows("user_id,email\na,\"oops\nb,\n");
        assert_eq!(open, [bad(2, "a quote is not closed"), good(3, "b")]);
        let not_text = rows(b"user_id\n\xff\nb\n");
        assert_eq!(not_text, [bad(2, "the row is not UTF-8 text"), good(3, "b")]);
        let mac = rows("user_id\na\rb\nc\n");
        assert_eq!(mac, [bad(2, "a carriage return stands outside quotes"), good(3, "c")]);
    }

    #[test]
    fn rows_are_bounded() {
        let row = |letters| format!("\"{}\"\n", "x".repeat(letters));
        let longest = row(ROW_BYTES - 2);
        let read = rows(format!("user_id\n{longest}b\n"));
        assert_eq!((read[0].1.as_ref().unwrap().len(), &read[1]), (ROW_BYTES - 2, &good(3, "b")));
        let longer = row(ROW_BYTES - 1);
        let expected = [bad(2, "the row has more than 262144 bytes"), good(3, "b")];
        assert_eq!(rows(format!("user_id\n{longer}b\n")), expected);

        // A quote that opens far too many lines takes none of them along.
        let open = format!("user_id\na,\"\n{}c\n", "b\n".repeat(ROW_BYTES / 2));
        let read = rows(open);
        assert_eq!(read.len(), ROW_BYTES / 2 + 2);
        assert_eq!(read[0], bad(2, "a quote is not closed within 262144 bytes"));
        assert!(read[1..=ROW_BYTES / 2].iter().all(|row| row.1.as_deref() == Ok("b")));
    }

    #[test]
    fn a_header_must_name_the_columns() {
        let refused = |text: &str| match CsvRows::open(text.as_bytes()) {
            Err(FileError::Header(reason)) => reason,
            _ => panic!("{text:?} is taken"),
        };
        assert_eq!(refused(""), "the file is empty");
        assert_eq!(refused("\n\r\n"), "the file is empty");
        assert!(refused("user_id,mail\n").starts_with("columns: unknown: mail; known are"));
        assert_eq!(refused("email\n"), "there is no column user_id");
        assert!(refused("user_id;email\n").contains("number 1, which is no name"));
        assert!(refused("\"user_id\n").contains("a quote is not closed"));
    }

    fn cell() -> impl Strategy<Value = String> {
        prop_oneof![any::<String>(), "[\"\r\n,x ]{0,8}"]
    }

    proptest! {
        #[test]
        fn what_the_csv_crate_writes_is_read(cells in prop::collection::vec((cell(), cell()), 0..9)) {
            let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
            writer.write_record(["user_id", "given_name"]).unwrap();
            for (user_id, given_name) in &cells {
                writer.write_record([user_id, given_name]).unwrap();
            }
            let text = writer.into_inner().unwrap();
            let read: Vec<_> = rows(&text).into_iter().map(|(_, row)| row.unwrap()).collect();
            let written: Vec<_> = cells.into_iter().map(|(user_id, _)| user_id).collect();
            prop_assert_eq!(read, written);
        }

        #[test]
        fn no_line_without_quotes_is_lost(text in "([a,\"x\n]|\r\n){0,60}") {
            let plain = |line: &&str| !line.is_empty() && !line.contains('"');
            let lines = text.lines().filter(plain).count();
            let within = text.matches('"').count();
            let rows = rows(format!("user_id\n{text}"));
            // Only a row that is well quoted may hold several lines.
            prop_assert!(within > 0 || rows.len() == lines, "{rows:?}");
        }
    }
}
