//! The configuration file: its values and their positions. Messages never quote its text, which
//! contains secrets.

use std::collections::BTreeMap;
use std::fmt;

use ::config::{Map, Source, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A line and a column, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Position {
    /// Returns the position of the byte `at` of `text`.
    fn in_text(text: &str, at: usize) -> Self {
        let before = text.get(..at).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

impl fmt::Display for Position {
    /// Writes the position as it follows a file's name, such as `:12:7`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, ":{}:{}", self.line, self.column)
    }
}

/// The reason why a text is not a configuration file.
#[derive(Debug)]
pub(super) struct SyntaxError {
    pub(super) position: Position,
    pub(super) reason: String,
}

/// A parsed configuration file.
#[derive(Debug, Clone)]
pub(super) struct TomlFile {
    values: Map<String, Value>,
    /// The position of each key; keys are written with dots.
    positions: BTreeMap<String, Position>,
}

impl TomlFile {
    pub(super) fn parse(text: &str) -> Result<Self, SyntaxError> {
        let syntax_error = |error: toml::de::Error| SyntaxError {
            position: Position::in_text(text, error.span().map_or(0, |span| span.start)),
            // Unlike `Display`, the message does not quote the text.
            reason: error.message().to_owned(),
        };
        let table = DeTable::parse(text).map_err(syntax_error)?;
        let mut reader = Reader { text, positions: BTreeMap::new() };
        let values = reader.table("", table.into_inner())?;
        Ok(Self { values, positions: reader.positions })
    }

    /// Returns the value of a key at the top level.
    pub(super) fn into_value(mut self, key: &str) -> Option<Value> {
        self.values.remove(key)
    }

    /// Returns whether the file has `key`.
    pub(super) fn has(&self, key: &str) -> bool {
        self.positions.contains_key(key)
    }

    /// Returns the position of `key`, or else of the nearest table that contains it.
    pub(super) fn position(&self, key: &str) -> Option<Position> {
        let mut key = key;
        loop {
            if let Some(position) = self.positions.get(key) {
                return Some(*position);
            }
            key = &key[..key.rfind(['.', '['])?];
        }
    }
}

impl Source for TomlFile {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ::config::ConfigError> {
        Ok(self.values.clone())
    }
}

struct Reader<'a> {
    text: &'a str,
    positions: BTreeMap<String, Position>,
}

impl Reader<'_> {
    fn table(
        &mut self,
        place: &str,
        table: DeTable<'_>,
    ) -> Result<Map<String, Value>, SyntaxError> {
        let mut values = Map::new();
        for (name, value) in table {
            let position = Position::in_text(self.text, name.span().start);
            let name = name.into_inner().into_owned();
            let key = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
            self.positions.insert(key.clone(), position);
            values.insert(name, self.value(&key, value)?);
        }
        Ok(values)
    }

    fn value(&mut self, key: &str, value: Spanned<DeValue<'_>>) -> Result<Value, SyntaxError> {
        let position = Position::in_text(self.text, value.span().start);
        let out_of_range =
            |kind| SyntaxError { position, reason: format!("{key}: must be {kind}") };
        Ok(match value.into_inner() {
            DeValue::String(text) => Value::new(None, text.into_owned()),
            DeValue::Integer(digits) => {
                let integer = i64::from_str_radix(digits.as_str(), digits.radix());
                Value::new(None, integer.map_err(|_| out_of_range("a 64-bit integer"))?)
            }
            DeValue::Float(digits) => {
                let float = digits.as_str().parse::<f64>();
                Value::new(None, float.map_err(|_| out_of_range("a number"))?)
            }
            DeValue::Boolean(truth) => Value::new(None, truth),
            DeValue::Datetime(time) => Value::new(None, time.to_string()),
            DeValue::Array(elements) => {
                let mut values = Vec::with_capacity(elements.len());
                for (at, element) in elements.into_iter().enumerate() {
                    values.push(self.value(&format!("{key}[{at}]"), element)?);
                }
                Value::new(None, values)
            }
            DeValue::Table(table) => Value::new(None, self.table(key, table)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_its_position_and_an_absent_one_that_of_its_table() {
        let text = "listen = 'a'\n\n[mail]\n  port = 1\n[api.fabric]\njwt = [{ realm = 'ä', keys = [] }]\n";
        let file = TomlFile::parse(text).unwrap();
        let position = |key| file.position(key).map(|at| (at.line, at.column));
        assert_eq!(position("listen"), Some((1, 1)));
        assert_eq!(position("mail.port"), Some((4, 3)));
        assert_eq!(position("mail.server"), Some((3, 2)));
        assert_eq!(position("api.fabric.jwt[0].keys"), Some((6, 23)));
        assert_eq!(position("api.fabric.jwt[0].keys[3].file"), Some((6, 23)));
        assert_eq!(position("webhook"), None);
    }
}
