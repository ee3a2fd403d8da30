//! Statements that hold their values, so that several can be handed over as one.

use std::borrow::Cow;
use std::fmt::Write;

use jiff::Timestamp;
use sqlx::{AssertSqlSafe, query};

use crate::store::Statement;

/// A statement of our own, with its values. A `$` in it stands before the number of one and nowhere
/// else, so that it can be renumbered.
pub(crate) struct Effect {
    sql: Cow<'static, str>,
    values: Vec<Value>,
}

/// What stands for `$1`, `$2` and so on.
pub(crate) enum Value {
    Text(Option<String>),
    Number(Option<i64>),
    Bytes(Vec<u8>),
}

impl Effect {
    /// `values` are for `$1`, `$2` and so on.
    pub(crate) fn new<const N: usize>(
        sql: impl Into<Cow<'static, str>>,
        values: [Value; N],
    ) -> Self {
        Self { sql: sql.into(), values: values.into() }
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(Some(number))
    }
}

impl From<Timestamp> for Value {
    fn from(at: Timestamp) -> Self {
        at.as_microsecond().into()
    }
}

impl From<Option<Timestamp>> for Value {
    fn from(at: Option<Timestamp>) -> Self {
        Self::Number(at.map(Timestamp::as_microsecond))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
    }
}

impl From<&[u8; 32]> for Value {
    fn from(bytes: &[u8; 32]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

/// Effects in the order that they are to be had in, as one text in which the values are counted
/// through.
#[derive(Default)]
pub(crate) struct Effects {
    sql: String,
    values: Vec<Value>,
}

impl Effects {
    pub(crate) fn push(&mut self, effect: Effect) {
        if !self.sql.is_empty() {
            self.sql.push_str(";\n");
        }
        let before = self.values.len();
        let mut parts = effect.sql.split('$');
        self.sql.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let digits = part.bytes().take_while(u8::is_ascii_digit).count();
            let (number, rest) = part.split_at(digits);
            let number = number.parse::<usize>().map_or(0, |number| before + number);
            // Writing to a string does not fail.
            let _ = write!(self.sql, "${number}{rest}");
        }
        self.values.extend(effect.values);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.sql.is_empty()
    }

    pub(crate) fn has_values(&self) -> bool {
        !self.values.is_empty()
    }

    /// The text, where there are no values.
    pub(crate) fn into_sql(self) -> String {
        self.sql
    }

    pub(crate) fn into_statement(self) -> Statement<'static> {
        self.values.into_iter().fold(query(AssertSqlSafe(self.sql)), bind)
    }
}

impl From<Effect> for Effects {
    fn from(effect: Effect) -> Self {
        let mut effects = Self::default();
        effects.push(effect);
        effects
    }
}

fn bind(statement: Statement<'static>, value: Value) -> Statement<'static> {
    match value {
        Value::Text(text) => statement.bind(text),
        Value::Number(number) => statement.bind(number),
        Value::Bytes(bytes) => statement.bind(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_through() {
        let mut effects = Effects::default();
        for effect in [
            Effect::new("DELETE FROM a WHERE b = $1", [1.into()]),
            Effect::new("DELETE FROM c", []),
            Effect::new("UPDATE d SET e = $2 WHERE f = $1 AND g < $2", [2.into(), 3.into()]),
            Effect::new("DELETE FROM h WHERE i = $1", [4.into()]),
        ] {
            effects.push(effect);
        }
        assert_eq!(effects.values.len(), 4);
        assert_eq!(
            effects.into_sql(),
            "DELETE FROM a WHERE b = $1;\nDELETE FROM c;\n\
             UPDATE d SET e = $3 WHERE f = $2 AND g < $3;\nDELETE FROM h WHERE i = $4"
        );
    }
}
