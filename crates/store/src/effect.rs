//! Statements whose outcome nobody asks for, run together where that saves time.

use std::borrow::Cow;

use jiff::Timestamp;
use repass_core::StoreError;
use sqlx::{AssertSqlSafe, query};

use crate::dialect::Dialect;
use crate::store::{SqlStore, Statement, WriteTransaction};

/// A statement that is right however many rows it changes.
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

impl From<&[u8; 32]> for Value {
    fn from(bytes: &[u8; 32]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl SqlStore {
    /// Has all effects, in this order.
    ///
    /// SQLite runs on a thread of its own, and to hand it one statement costs more than to run that; so
    /// it gets all at once. PostgreSQL takes one at a time if it has values.
    pub(crate) async fn effect(
        &self,
        transaction: &mut WriteTransaction,
        effects: impl IntoIterator<Item = Effect> + Send,
    ) -> Result<(), StoreError> {
        let effects: Vec<Effect> = effects.into_iter().collect();
        match self.dialect {
            Dialect::Sqlite => {
                let sql = joined(&effects);
                let values = effects.into_iter().flat_map(|effect| effect.values);
                let all = values.fold(query(AssertSqlSafe(sql)), bind);
                self.write(transaction, all).await?;
            }
            Dialect::Postgres => {
                for Effect { sql, values } in effects {
                    let one = values.into_iter().fold(query(AssertSqlSafe(sql.into_owned())), bind);
                    self.write(transaction, one).await?;
                }
            }
        }
        Ok(())
    }
}

fn bind(statement: Statement<'_>, value: Value) -> Statement<'_> {
    match value {
        Value::Text(text) => statement.bind(text),
        Value::Number(number) => statement.bind(number),
        Value::Bytes(bytes) => statement.bind(bytes),
    }
}

/// One text of all statements, in which the values are counted through.
fn joined(effects: &[Effect]) -> String {
    let mut sql = String::new();
    let mut before = 0;
    for effect in effects {
        let mut parts = effect.sql.split('$');
        sql.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let digits = part.bytes().take_while(u8::is_ascii_digit).count();
            let (number, rest) = part.split_at(digits);
            let number = number.parse::<usize>().map_or(0, |number| before + number);
            sql.push_str(&format!("${number}{rest}"));
        }
        sql.push_str(";\n");
        before += effect.values.len();
    }
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_through() {
        let effects = [
            Effect::new("DELETE FROM a WHERE b = $1", [1.into()]),
            Effect::new("DELETE FROM c", []),
            Effect::new("UPDATE d SET e = $2 WHERE f = $1 AND g < $2", [2.into(), 3.into()]),
            Effect::new("DELETE FROM h WHERE i = $1", [4.into()]),
        ];
        assert_eq!(
            joined(&effects),
            "DELETE FROM a WHERE b = $1;\nDELETE FROM c;\n\
             UPDATE d SET e = $3 WHERE f = $2 AND g < $3;\nDELETE FROM h WHERE i = $4;\n"
        );
    }
}
