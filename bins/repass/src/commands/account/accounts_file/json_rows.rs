//! Rows of a JSON Lines file.

use std::fmt;
use std::io::BufRead;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::error::Category;

use super::lines::{Line, Lines, ROW_BYTES};
use super::reader::{FileError, Row};
use super::{Column, Fields};

pub(crate) struct JsonRows<R>(Lines<R>);

impl<R: BufRead> JsonRows<R> {
    /// Looks at the first row, which stands for the names that the file lacks: when it has a member
    /// that is unknown, every other row will have it too.
    pub(super) fn open(from: R) -> Result<Self, FileError> {
        let mut lines = Lines::new(from);
        let Some(first) = next_of(&mut lines)? else {
            return Err(FileError::Header("the file is empty".to_owned()));
        };
        if let Ok(Members(members)) = members(&first) {
            let columns = Column::all_named(members.iter().map(|(name, _)| name.as_str()));
            let named = |reason| FileError::Header(format!("members of the first row: {reason}"));
            columns.map_err(named)?;
        }
        lines.give_back(std::iter::once(first));
        Ok(Self(lines))
    }

    pub(super) fn bytes_read(&self) -> u64 {
        self.0.bytes_read()
    }

    pub(super) fn next(&mut self) -> Result<Option<Row>, FileError> {
        let Some(line) = next_of(&mut self.0)? else { return Ok(None) };
        let fields = members(&line).and_then(fields);
        Ok(Some(Row { line: line.number, fields }))
    }
}

/// The next line that is not empty.
fn next_of<R: BufRead>(lines: &mut Lines<R>) -> Result<Option<Line>, FileError> {
    loop {
        match lines.next()? {
            Some(line) if line.bytes.trim_ascii().is_empty() && !line.too_long => {}
            other => return Ok(other),
        }
    }
}

fn members(line: &Line) -> Result<Members, String> {
    if line.too_long {
        return Err(format!("the row has more than {ROW_BYTES} bytes"));
    }
    // What serde says of data quotes it.
    serde_json::from_slice(&line.bytes).map_err(|error| match error.classify() {
        Category::Data => "the row is no JSON object".to_owned(),
        _ => format!("the row is no JSON, from column {} on", error.column()),
    })
}

fn fields(Members(members): Members) -> Result<Fields, String> {
    let columns = Column::all_named(members.iter().map(|(name, _)| name.as_str()))?;
    let mut fields = Fields::default();
    for (column, (_, value)) in columns.into_iter().zip(members) {
        fields.set(column, value);
    }
    Ok(fields)
}

/// The members of an object in their order, those of one name too.
struct Members(Vec<(String, Value)>);

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
                while let Some(member) = map.next_entry()? {
                    members.push(member);
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
        let mut rows = JsonRows::open(text.as_bytes()).unwrap();
        let mut read = Vec::new();
        while let Some(Row { line, fields }) = rows.next().unwrap() {
            let user_id = fields.map(|mut fields| fields.text(Column::UserId).unwrap());
            read.push((line, user_id.map(Option::unwrap_or_default)));
        }
        read
    }

    #[test]
    fn each_line_is_a_row_of_its_own() {
        let long = format!("{{\"user_id\":\"{}\"}}", "x".repeat(ROW_BYTES));
        let text = format!(
            "\u{feff}{{\"user_id\":\"a\",\"email\":null}}\r\n\n{{\"user_id\"\n[]\n\"hunter2\"\n\
             {{\"user_id\":\"b\",\"mail\":1}}\n{{\"user_id\":\"b\",\"user_id\":\"c\"}}\n{{}}\n\
             {long}\n{{\"user_id\":\"d\"}}"
        );
        let read = rows(&text);
        let lines: Vec<u64> = read.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [1, 3, 4, 5, 6, 7, 8, 9, 10]);
        let reasons: Vec<&str> =
            read.iter().map(|(_, row)| row.as_ref().map_or_else(String::as_str, |_| "")).collect();
        assert_eq!(reasons[0], "");
        assert_eq!(reasons[1], "the row is no JSON, from column 10 on");
        assert_eq!(reasons[2..4], ["the row is no JSON object"; 2]);
        assert!(reasons[4].starts_with("unknown: mail; known are"), "{}", reasons[4]);
        assert_eq!(reasons[5..7], ["user_id is there twice", ""]);
        assert_eq!(reasons[7..], ["the row has more than 262144 bytes", ""]);
        assert_eq!(read[8].1.as_deref(), Ok("d"));
    }

    #[test]
    fn an_unknown_member_of_the_first_row_refuses_the_file() {
        for (text, part) in [
            ("{\"user_id\":\"a\",\"mail\":\"x\"}", "members of the first row: unknown: mail"),
            ("{\"user_id\":\"a\",\"password\":\"x\"}", "passwords themselves"),
            ("\n \n", "the file is empty"),
        ] {
            let Err(FileError::Header(reason)) = JsonRows::open(text.as_bytes()) else {
                panic!("{text} is taken")
            };
            assert!(reason.contains(part), "{reason}");
        }
        assert_eq!(rows("[\n{\"user_id\":\"a\"}").len(), 2, "damage is no unknown member");
    }
}
