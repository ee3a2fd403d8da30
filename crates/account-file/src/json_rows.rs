//! Rows of a JSON Lines file.

use std::fmt;
use std::io::{self, BufRead};

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::error::Category;

use crate::json_value::JsonValue;
use crate::lines::{Line, Lines, MAX_ROW_BYTES};
use crate::{Column, Fields, FileError, Row, RowError};

pub(crate) struct JsonRows<R> {
    lines: Lines<R>,
    /// The first row, until it is returned.
    first: Option<Line>,
}

impl<R: BufRead> JsonRows<R> {
    /// Checks the names of the first row, since the file has no header: an unknown member is likely
    /// to be in every row.
    pub(crate) fn new(file: R) -> Result<Self, FileError> {
        let mut lines = Lines::new(file);
        let Some(first) = next_nonempty(&mut lines)? else {
            return Err(FileError::Header("the file is empty".to_owned()));
        };
        if let Ok(members) = members(&first) {
            members
                .columns()
                .map_err(|error| FileError::Header(format!("members of the first row: {error}")))?;
        }
        Ok(Self { lines, first: Some(first) })
    }

    pub(crate) fn bytes_read(&self) -> u64 {
        self.lines.bytes_read()
    }

    pub(crate) fn next(&mut self) -> io::Result<Option<Row>> {
        let line = match self.first.take() {
            None => next_nonempty(&mut self.lines)?,
            first => first,
        };
        Ok(line.map(|line| Row { line: line.number, fields: members(&line).and_then(fields) }))
    }
}

/// Reads the next line that is not empty.
fn next_nonempty<R: BufRead>(lines: &mut Lines<R>) -> io::Result<Option<Line>> {
    loop {
        match lines.next()? {
            Some(line) if line.bytes.trim_ascii().is_empty() && !line.is_too_long => {}
            other => return Ok(other),
        }
    }
}

fn members(line: &Line) -> Result<Members, RowError> {
    if line.is_too_long {
        return Err(RowError(format!("the row has more than {MAX_ROW_BYTES} bytes")));
    }
    // The message of serde_json is not used, as it contains data.
    serde_json::from_slice(line.bytes.trim_ascii_end()).map_err(|error| {
        RowError(match error.classify() {
            Category::Data => "the row is not a JSON object".to_owned(),
            _ => format!("the row is not valid JSON at column {}", error.column()),
        })
    })
}

fn fields(members: Members) -> Result<Fields, RowError> {
    let columns = members.columns()?;
    let mut fields = Fields::default();
    for (column, (_, value)) in columns.into_iter().zip(members.0) {
        fields.set(column, value);
    }
    Ok(fields)
}

/// The members of an object in their order, including duplicates.
struct Members(Vec<(String, Value)>);

impl Members {
    fn columns(&self) -> Result<Vec<Column>, RowError> {
        Column::from_names(self.0.iter().map(|(name, _)| name.as_str()))
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Members, M::Error> {
                let mut members = Vec::new();
                while let Some((name, JsonValue(value))) = map.next_entry()? {
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<(u64, Result<String, String>)> {
        let mut rows = JsonRows::new(text.as_bytes()).unwrap();
        let mut read = Vec::new();
        while let Some(Row { line, fields }) = rows.next().unwrap() {
            let user_id = fields.map(|mut fields| fields.text(Column::UserId).unwrap());
            read.push((line, user_id.map(Option::unwrap_or_default).map_err(String::from)));
        }
        assert_eq!(rows.bytes_read(), text.len() as u64);
        read
    }

    #[test]
    fn each_line_is_a_row() {
        let long = format!("{{\"user_id\":\"{}\"}}", "x".repeat(MAX_ROW_BYTES));
        let text = format!(
            "\u{feff}{{\"user_id\":\"a\",\"email\":null}}\r\n\n{{\"user_id\"\n[]\n\"hunter2\"\n\
             {{\"user_id\":\"b\",\"mail\":1}}\n{{\"user_id\":\"b\",\"user_id\":\"c\"}}\n{{}}\n\
             {long}\n{{\"user_id\":\"d\"}}"
        );
        let read = rows(&text);
        let lines: Vec<u64> = read.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [1, 3, 4, 5, 6, 7, 8, 9, 10]);
        let reasons: Vec<&str> =
            read.iter().map(|(_, row)| row.as_ref().err().map_or("", String::as_str)).collect();
        assert_eq!(reasons[0], "");
        assert_eq!(reasons[1], "the row is not valid JSON at column 10");
        assert_eq!(reasons[2..4], ["the row is not a JSON object"; 2]);
        assert!(reasons[4].starts_with("unknown: mail; known are"), "{}", reasons[4]);
        assert_eq!(reasons[5..7], ["user_id is given twice", ""]);
        assert_eq!(reasons[7..], ["the row has more than 262144 bytes", ""]);
        assert_eq!(read[8].1.as_deref(), Ok("d"));
    }

    #[test]
    fn an_unknown_member_of_the_first_row_refuses_the_file() {
        for (text, part) in [
            ("{\"user_id\":\"a\",\"mail\":\"x\"}", "members of the first row: unknown: mail"),
            ("{\"user_id\":\"a\",\"password\":\"x\"}", "passwords are not imported"),
            ("\n \n", "the file is empty"),
        ] {
            let Err(FileError::Header(reason)) = JsonRows::new(text.as_bytes()) else {
                panic!("{text} is accepted")
            };
            assert!(reason.contains(part), "{reason}");
        }
        assert_eq!(
            rows("[\n{\"user_id\":\"a\"}").len(),
            2,
            "an invalid first row does not refuse the file"
        );
    }
}
