//! Files of accounts, JSON Lines if they begin with a brace and otherwise CSV: compared with the
//! `csv` crate, and written and read again.
#![cfg_attr(feature = "libfuzzer", no_main)]

use repass_account_file::{AccountReader, AccountWriter, Column, Fields, Format, Row};

fn check(input: &[u8]) {
    let format = if input.starts_with(b"{") { Format::JsonLines } else { Format::Csv };
    let Some(rows) = read(format, input) else { return };
    assert!(rows.is_sorted_by(|first, second| first.line < second.line));
    for row in &rows {
        read_fields(row);
    }
    let rows: Result<Vec<Fields>, _> = rows.into_iter().map(|row| row.fields).collect();
    let Ok(rows) = rows else { return };
    if format == Format::Csv {
        let user_ids = rows.iter().cloned().map(|mut row| row.text(Column::UserId).ok().flatten());
        assert_eq!(user_ids.collect::<Vec<_>>(), user_ids_by_csv(input));
    }
    assert_written_and_read(Format::JsonLines, &rows);
    if format == Format::Csv {
        // JSON Lines may have values that a cell of CSV cannot have.
        assert_written_and_read(Format::Csv, &rows);
    }
}

/// Reads a file to its end. `None` if the whole file is refused.
fn read(format: Format, file: &[u8]) -> Option<Vec<Row>> {
    let mut reader = AccountReader::new(format, file).ok()?;
    let mut rows = Vec::new();
    while let Some(row) = reader.next_row().expect("a slice can be read") {
        rows.push(row);
    }
    assert_eq!(reader.bytes_read(), file.len() as u64);
    Some(rows)
}

fn read_fields(row: &Row) {
    let Ok(fields) = &row.fields else { return };
    for column in Column::ALL {
        let _ = (fields.clone().text(column), fields.clone().boolean(column));
        let _ = fields.clone().object(column);
        let _ = fields.clone().parsed::<jiff::Timestamp>(column);
    }
}

fn user_ids_by_csv(file: &[u8]) -> Vec<Option<String>> {
    let file = file.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(file);
    let mut lines = file.split(|byte| *byte == b'\n');
    let header = lines.find(|line| !line.trim_ascii().is_empty()).unwrap_or_default();
    let delimiter = [b',', b';', b'\t'].into_iter().find(|delimiter| header.contains(delimiter));
    let mut builder = csv::ReaderBuilder::new();
    let builder = builder.flexible(true).delimiter(delimiter.unwrap_or(b','));
    let mut reader = builder.from_reader(file);
    let names = reader.headers().expect("the columns are known");
    let is_user_id = |name: &str| name.trim().eq_ignore_ascii_case("user_id");
    let column = names.iter().position(is_user_id).expect("there is a user_id");
    let user_id = |record: csv::StringRecord| record.get(column).unwrap_or_default().to_owned();
    let user_ids = reader.records().map(|record| user_id(record.expect("all rows are good")));
    user_ids.map(|user_id| Some(user_id).filter(|id| !["", "\\N"].contains(&&**id))).collect()
}

fn assert_written_and_read(format: Format, rows: &[Fields]) {
    let mut file = Vec::new();
    let mut writer = AccountWriter::new(format, &Column::ALL, &mut file).expect("memory is there");
    for row in rows {
        writer.write(row).expect("memory is there");
    }
    writer.flush().expect("memory is there");
    drop(writer);
    let again = read(format, &file).unwrap_or_default();
    let again: Vec<Fields> = again.into_iter().map(|row| row.fields.expect("it is good")).collect();
    assert!(again == rows, "{}", String::from_utf8_lossy(&file));
}

repass_fuzz::target!(check);
