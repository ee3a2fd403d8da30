use std::io::{self, BufWriter, Write};

use serde_json::Value;

use crate::{Column, Fields, Format};

/// Writes an account file for [`AccountReader`](crate::AccountReader).
///
/// Values are written exactly. CSV does not distinguish empty text from a missing field. Rows
/// longer than [`MAX_ROW_BYTES`](crate::MAX_ROW_BYTES) can be written but not read.
pub struct AccountWriter<W: Write> {
    columns: Vec<Column>,
    rows: Rows<W>,
}

enum Rows<W: Write> {
    Csv(Box<csv::Writer<W>>),
    JsonLines(BufWriter<W>),
}

impl<W: Write> AccountWriter<W> {
    /// Starts a file with these columns. CSV starts with a line of their names.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn new(format: Format, columns: &[Column], file: W) -> io::Result<Self> {
        let rows = match format {
            Format::Csv => {
                let mut writer = csv::Writer::from_writer(file);
                writer.write_record(columns.iter().map(|column| column.name()))?;
                Rows::Csv(Box::new(writer))
            }
            Format::JsonLines => Rows::JsonLines(BufWriter::new(file)),
        };
        Ok(Self { columns: columns.to_vec(), rows })
    }

    /// Writes a row. Fields of other columns are omitted.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&mut self, fields: &Fields) -> io::Result<()> {
        match &mut self.rows {
            Rows::Csv(writer) => {
                let cell = |column: &Column| match fields.value(*column) {
                    None => String::new(),
                    Some(Value::String(text)) => text.clone(),
                    Some(other) => other.to_string(),
                };
                Ok(writer.write_record(self.columns.iter().map(cell))?)
            }
            Rows::JsonLines(writer) => {
                let member = |column: &Column| Some((column.name(), fields.value(*column)?));
                let mut serializer = serde_json::Serializer::new(&mut *writer);
                serde::Serializer::collect_map(
                    &mut serializer,
                    self.columns.iter().filter_map(member),
                )?;
                writer.write_all(b"\n")
            }
        }
    }

    /// Flushes the buffer.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn flush(&mut self) -> io::Result<()> {
        match &mut self.rows {
            Rows::Csv(writer) => writer.flush(),
            Rows::JsonLines(writer) => writer.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::AccountReader;

    fn fields() -> impl Strategy<Value = Fields> {
        let text = || prop_oneof![any::<String>(), "[\"\r\n\u{feff},x ]{0,8}"];
        (text(), text(), any::<Option<bool>>(), any::<f64>()).prop_map(
            |(user_id, name, active, number)| {
                let mut fields = Fields::default();
                for (column, text) in [(Column::UserId, &user_id), (Column::GivenName, &name)] {
                    fields.set(column, Some(text.as_str()).filter(|text| !text.is_empty()));
                }
                fields.set(Column::Active, active);
                fields.set(Column::Attributes, json!({ user_id: [name, number, null] }));
                fields
            },
        )
    }

    proptest! {
        #[test]
        fn written_rows_are_read_back(rows in prop::collection::vec(fields(), 0..9)) {
            for format in [Format::Csv, Format::JsonLines] {
                let mut file = Vec::new();
                let mut writer = AccountWriter::new(format, &Column::ALL, &mut file).unwrap();
                for fields in &rows {
                    writer.write(fields).unwrap();
                }
                writer.flush().unwrap();
                drop(writer);
                let mut read = Vec::new();
                if !file.is_empty() {
                    let mut reader = AccountReader::new(format, &file[..]).unwrap();
                    while let Some(row) = reader.next_row().unwrap() {
                        read.push(row.fields.unwrap());
                    }
                }
                prop_assert_eq!(&read, &rows, "{}", String::from_utf8_lossy(&file));
            }
        }
    }
}
