use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use serde_json::{Map, Value};

use crate::json_value::JsonValue;
use crate::{Column, RowError};

/// The fields of a row by column. Empty cells, `\N` and `null` are absent.
///
/// Reading a field removes it. `Debug` prints no values.
#[derive(Clone, Default, PartialEq)]
pub struct Fields(BTreeMap<Column, Value>);

impl std::fmt::Debug for Fields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Fields {
    /// Sets a field; `null` removes it.
    pub fn set(&mut self, column: Column, value: impl Into<Value>) {
        match value.into() {
            Value::Null => self.0.remove(&column),
            value => self.0.insert(column, value),
        };
    }

    /// Sets a field to the value of a CSV cell.
    pub(crate) fn set_cell(&mut self, column: Column, cell: &str) -> Result<(), RowError> {
        let value = match (column, cell) {
            (_, "" | "\\N") => Value::Null,
            (Column::Active, text) => match text.to_ascii_lowercase().as_str() {
                "true" | "t" | "yes" | "y" | "1" => true.into(),
                "false" | "f" | "no" | "n" | "0" => false.into(),
                _ => return Err(invalid(column, NOT_A_BOOLEAN)),
            },
            (Column::Attributes, json) => match serde_json::from_str(json) {
                Ok(JsonValue(value @ (Value::Object(_) | Value::Null))) => value,
                _ => return Err(invalid(column, "is not a JSON object")),
            },
            (_, text) => text.into(),
        };
        self.set(column, value);
        Ok(())
    }

    /// Returns the value of a column.
    pub(crate) fn value(&self, column: Column) -> Option<&Value> {
        self.0.get(&column)
    }

    /// Removes and returns the text of a column. An integer is a text for the user id.
    ///
    /// # Errors
    /// When the field is not text.
    pub fn text(&mut self, column: Column) -> Result<Option<String>, RowError> {
        match self.0.remove(&column) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(Value::Number(id)) if column == Column::UserId && !id.is_f64() => {
                Ok(Some(id.to_string()))
            }
            Some(_) => Err(invalid(column, "is not text")),
        }
    }

    /// Removes the text of a column and returns its parsed value.
    ///
    /// # Errors
    /// When the field is not text or cannot be parsed; the message contains that of the parser.
    pub fn parsed<T: FromStr<Err: Display>>(
        &mut self,
        column: Column,
    ) -> Result<Option<T>, RowError> {
        let parsed = self.text(column)?.map(|text| text.parse()).transpose();
        parsed.map_err(|error| RowError(format!("{}: {error}", column.name())))
    }

    /// Removes and returns the boolean of a column.
    ///
    /// # Errors
    /// When the field is neither true nor false.
    pub fn boolean(&mut self, column: Column) -> Result<Option<bool>, RowError> {
        match self.0.remove(&column) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(value)),
            Some(_) => Err(invalid(column, NOT_A_BOOLEAN)),
        }
    }

    /// Removes and returns the JSON object of a column.
    ///
    /// # Errors
    /// When the field is not an object.
    pub fn object(&mut self, column: Column) -> Result<Option<Map<String, Value>>, RowError> {
        match self.0.remove(&column) {
            None => Ok(None),
            Some(Value::Object(members)) => Ok(Some(members)),
            Some(_) => Err(invalid(column, "is not a JSON object")),
        }
    }
}

const NOT_A_BOOLEAN: &str = "is neither true nor false (in CSV also t, yes, y, 1, f, no, n, 0)";

fn invalid(column: Column, reason: &str) -> RowError {
    RowError(format!("{} {reason}", column.name()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cells_are_read_by_their_column() {
        let mut fields = Fields::default();
        for (column, cell) in [
            (Column::UserId, "007"),
            (Column::Active, "no"),
            (Column::Attributes, r#"{"roles":["a"]}"#),
            (Column::Email, ""),
        ] {
            fields.set_cell(column, cell).unwrap();
        }
        assert_eq!(fields.text(Column::UserId), Ok(Some("007".to_owned())));
        assert_eq!(fields.boolean(Column::Active), Ok(Some(false)));
        let attributes = fields.object(Column::Attributes).unwrap().unwrap();
        assert_eq!(attributes["roles"], json!(["a"]));
        assert_eq!(fields.text(Column::Email), Ok(None));
    }

    /// Proves C2.
    #[test]
    fn c2_other_spellings_are_read_where_their_meaning_is_clear() {
        let mut fields = Fields::default();
        for (cell, value) in [("TRUE", true), ("t", true), ("Yes", true), ("F", false)] {
            fields.set_cell(Column::Active, cell).unwrap();
            assert_eq!(fields.boolean(Column::Active), Ok(Some(value)), "{cell}");
        }
        assert!(fields.set_cell(Column::Active, "on").unwrap_err().to_string().contains("also t"));
        fields.set_cell(Column::Email, "\\N").unwrap();
        assert_eq!(fields.text(Column::Email), Ok(None));
        fields.set(Column::UserId, 4711);
        assert_eq!(fields.text(Column::UserId), Ok(Some("4711".to_owned())));
        fields.set(Column::UserId, 4711.5);
        assert!(fields.text(Column::UserId).is_err());
    }

    #[test]
    fn values_of_another_type_are_reported_without_the_value() {
        let mut fields = Fields::default();
        fields.set(Column::PasswordHash, json!(["hunter2"]));
        fields.set(Column::Active, json!("hunter2"));
        fields.set(Column::Attributes, json!(2));
        fields.set(Column::Email, json!(null));
        assert_eq!(fields.text(Column::Email), Ok(None));
        assert_eq!(
            fields.text(Column::PasswordHash).unwrap_err().to_string(),
            "password_hash is not text"
        );
        assert_eq!(
            fields.boolean(Column::Active).unwrap_err().to_string(),
            "active is neither true nor false (in CSV also t, yes, y, 1, f, no, n, 0)"
        );
        assert_eq!(
            fields.object(Column::Attributes).unwrap_err().to_string(),
            "attributes is not a JSON object"
        );
        for cell in ["{hunter2", "\"hunter2\""] {
            let bad = fields.set_cell(Column::Attributes, cell).unwrap_err();
            assert_eq!(bad.to_string(), "attributes is not a JSON object");
        }
        fields.set(Column::PasswordHash, "hunter2");
        assert_eq!(format!("{fields:?}"), "{PasswordHash}");
    }
}
