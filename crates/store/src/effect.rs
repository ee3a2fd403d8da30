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

/// Effects in the order that they are to be had in.
#[derive(Default)]
pub(crate) struct Effects(Vec<Effect>);

impl Effects {
    pub(crate) fn push(&mut self, effect: Effect) {
        self.0.push(effect);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many values they have together.
    pub(crate) fn value_count(&self) -> usize {
        self.0.iter().map(|effect| effect.values.len()).sum()
    }

    /// The text of each.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &Cow<'static, str>> {
        self.0.iter().map(|effect| &effect.sql)
    }

    /// One text of all, in which the values are counted through.
    pub(crate) fn sql(&self) -> String {
        let mut sql = String::new();
        let mut before = 0;
        for effect in &self.0 {
            if !sql.is_empty() {
                sql.push_str(";\n");
            }
            let mut parts = effect.sql.split('$');
            sql.push_str(parts.next().unwrap_or_default());
            for part in parts {
                let digits = part.bytes().take_while(u8::is_ascii_digit).count();
                let (number, rest) = part.split_at(digits);
                let number = number.parse::<usize>().map_or(0, |number| before + number);
                // Writing to a string does not fail.
                let _ = write!(sql, "${number}{rest}");
            }
            before += effect.values.len();
        }
        sql
    }

    /// All of them.
    pub(crate) fn into_statement(self) -> Statement<'static> {
        let sql = self.sql();
        self.bound_to(query(AssertSqlSafe(sql)))
    }

    /// `statement` with the values of all.
    pub(crate) fn bound_to(self, statement: Statement<'static>) -> Statement<'static> {
        self.0.into_iter().flat_map(|effect| effect.values).fold(statement, bind)
    }
}

impl FromIterator<Effect> for Effects {
    fn from_iter<I: IntoIterator<Item = Effect>>(effects: I) -> Self {
        Self(effects.into_iter().collect())
    }
}

impl From<Effect> for Effects {
    fn from(effect: Effect) -> Self {
        Self(vec![effect])
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
        let effects = Effects::from_iter([
            Effect::new("DELETE FROM a WHERE b = $1", [1.into()]),
            Effect::new("DELETE FROM c", []),
            Effect::new("UPDATE d SET e = $2 WHERE f = $1 AND g < $2", [2.into(), 3.into()]),
            Effect::new("DELETE FROM h WHERE i = $1", [4.into()]),
        ]);
        assert_eq!(effects.value_count(), 4);
        assert_eq!(
            effects.sql(),
            "DELETE FROM a WHERE b = $1;\nDELETE FROM c;\n\
             UPDATE d SET e = $3 WHERE f = $2 AND g < $3;\nDELETE FROM h WHERE i = $4"
        );
    }
}
