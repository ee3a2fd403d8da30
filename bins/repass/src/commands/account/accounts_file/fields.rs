//! What one row says.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Column;

/// What a row says of an account. A column of which it says nothing is not there.
///
/// No message quotes a value: it may be a hash.
#[derive(Default)]
pub(crate) struct Fields(BTreeMap<Column, Value>);

impl Fields {
    /// Takes what a JSON member says; `null` says nothing.
    pub(super) fn set(&mut self, column: Column, value: Value) {
        if !value.is_null() {
            self.0.insert(column, value);
        }
    }

    /// Takes what a cell says; an empty one says nothing.
    pub(super) fn set_cell(&mut self, column: Column, cell: &str) -> Result<(), String> {
        let value = match (column, cell) {
            (_, "") => return Ok(()),
            (Column::Active, "true" | "1" | "yes") => true.into(),
            (Column::Active, "false" | "0" | "no") => false.into(),
            (Column::Attributes, json) => serde_json::from_str(json)
                .map_err(|_| format!("{} is no JSON object", column.name()))?,
            (_, text) => text.into(),
        };
        self.set(column, value);
        Ok(())
    }

    /// The text of a column.
    pub(crate) fn text(&mut self, column: Column) -> Result<Option<String>, String> {
        match self.0.remove(&column) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(format!("{} is no text", column.name())),
        }
    }

    /// The text of a column, read as something else.
    pub(crate) fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
        &mut self,
        column: Column,
    ) -> Result<Option<T>, String> {
        let text = self.text(column)?;
        let parsed = text.map(|text| text.parse()).transpose();
        parsed.map_err(|error| format!("{}: {error}", column.name()))
    }

    /// The truth value of a column.
    pub(crate) fn truth(&mut self, column: Column) -> Result<Option<bool>, String> {
        match self.0.remove(&column) {
            None => Ok(None),
            Some(Value::Bool(truth)) => Ok(Some(truth)),
            Some(_) => Err(format!("{} is neither true nor false", column.name())),
        }
    }

    /// The JSON object of a column.
    pub(crate) fn object(&mut self, column: Column) -> Result<Option<Map<String, Value>>, String> {
        match self.0.remove(&column) {
            None => Ok(None),
            Some(Value::Object(members)) => Ok(Some(members)),
            Some(_) => Err(format!("{} is no JSON object", column.name())),
        }
    }
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
        assert_eq!(fields.truth(Column::Active), Ok(Some(false)));
        let attributes = fields.object(Column::Attributes).unwrap().unwrap();
        assert_eq!(attributes["roles"], json!(["a"]));
        assert_eq!(fields.text(Column::Email), Ok(None));
    }

    #[test]
    fn what_is_something_else_is_told_without_its_value() {
        let mut fields = Fields::default();
        fields.set(Column::PasswordHash, json!(["hunter2"]));
        fields.set(Column::Active, json!("hunter2"));
        fields.set(Column::Attributes, json!(2));
        fields.set(Column::Email, json!(null));
        assert_eq!(fields.text(Column::Email), Ok(None));
        assert_eq!(fields.text(Column::PasswordHash).unwrap_err(), "password_hash is no text");
        assert_eq!(fields.truth(Column::Active).unwrap_err(), "active is neither true nor false");
        assert_eq!(fields.object(Column::Attributes).unwrap_err(), "attributes is no JSON object");
        let bad = fields.set_cell(Column::Attributes, "{hunter2").unwrap_err();
        assert_eq!(bad, "attributes is no JSON object");
    }
}
