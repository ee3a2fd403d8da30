//! Statements with parameters.

use jiff::Timestamp;
use repass_core::{AccountId, KeyId, TokenDigest, TokenId};
use serde_json::Value as JsonValue;
use tokio_postgres::types::{Json, ToSql, Type};
use uuid::Uuid;

/// A statement and the values of its parameters. It is sent as an unnamed statement, so that the
/// server keeps no state.
///
/// An `@` before the name of a table stands for the schema of repass's own tables. No name or realm
/// in a statement contains that character.
///
/// It has no `Debug`, which would print hashes and digests. The driver logs parameters of named
/// statements only.
#[derive(Default)]
pub(crate) struct Query {
    sql: String,
    values: Vec<(Box<dyn ToSql + Sync + Send>, Type)>,
}

impl Query {
    pub(crate) fn new(sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), values: Vec::new() }
    }

    /// Sets the value of the next parameter, beginning with `$1`.
    pub(crate) fn bind(mut self, value: impl SqlValue) -> Self {
        self.value(value);
        self
    }

    /// Adds a value and returns its parameter, such as `$7`.
    pub(crate) fn value(&mut self, value: impl SqlValue) -> String {
        self.values.push(value.into_sql());
        format!("${}", self.values.len())
    }

    /// Sets the text.
    pub(crate) fn with_sql(self, sql: String) -> Self {
        Self { sql, ..self }
    }

    /// Calls a function of the schema ([`functions`](crate::functions)) with all values. Its rows
    /// have the column `result`, or the columns of its table.
    pub(crate) fn call(self, function: &str) -> Self {
        let parameters: Vec<String> = (1..=self.values.len()).map(|it| format!("${it}")).collect();
        let sql = format!("SELECT * FROM @{function}({}) AS result", parameters.join(", "));
        self.with_sql(sql)
    }

    /// Returns the text with the schema before the names of repass's own tables.
    pub(crate) fn sql(&self, schema: &str) -> String {
        self.sql.replace('@', schema)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = (&(dyn ToSql + Sync), Type)> {
        self.values.iter().map(|(value, kind)| (&**value as &(dyn ToSql + Sync), kind.clone()))
    }
}

/// A value with its SQL type.
pub(crate) trait SqlValue {
    fn into_sql(self) -> (Box<dyn ToSql + Sync + Send>, Type);
}

impl SqlValue for Uuid {
    fn into_sql(self) -> (Box<dyn ToSql + Sync + Send>, Type) {
        (Box::new(self), Type::UUID)
    }
}

impl SqlValue for Option<Uuid> {
    fn into_sql(self) -> (Box<dyn ToSql + Sync + Send>, Type) {
        (Box::new(self), Type::UUID)
    }
}

impl SqlValue for Vec<Uuid> {
    fn into_sql(self) -> (Box<dyn ToSql + Sync + Send>, Type) {
        (Box::new(self), Type::UUID_ARRAY)
    }
}

impl SqlValue for AccountId {
    fn into_sql(self) -> (Box<dyn ToSql + Sync + Send>, Type) {
        self.0.into_sql()
    }
}

impl SqlValue for TokenId {
    fn into_sql(self) -> (Box<dyn ToSql + Sync + Send>, Type) {
        self.0.into_sql()
    }
}

impl SqlValue for KeyId {
    fn into_sql(self) -> (Box<dyn ToSql + Sync + Send>, Type) {
        self.0.into_sql()
    }
}

/// Truncated to microseconds.
impl SqlValue for Timestamp {
    fn into_sql(self) -> (Box<dyn ToSql + Sync + Send>, Type) {
        (Box::new(to_microsecond(self)), Type::TIMESTAMPTZ)
    }
}

impl SqlValue for Option<Timestamp> {
    fn into_sql(self) -> (Box<dyn ToSql + Sync + Send>, Type) {
        (Box::new(self.map(to_microsecond)), Type::TIMESTAMPTZ)
    }
}

impl SqlValue for i64 {
    fn into_sql(self) -> (Box<dyn ToSql + Sync + Send>, Type) {
        (Box::new(self), Type::INT8)
    }
}

impl SqlValue for Option<i64> {
    fn into_sql(self) -> (Box<dyn ToSql + Sync + Send>, Type) {
        (Box::new(self), Type::INT8)
    }
}

impl SqlValue for bool {
    fn into_sql(self) -> (Box<dyn ToSql + Sync + Send>, Type) {
        (Box::new(self), Type::BOOL)
    }
}

impl SqlValue for String {
    fn into_sql(self) -> (Box<dyn ToSql + Sync + Send>, Type) {
        (Box::new(self), Type::TEXT)
    }
}

impl SqlValue for &str {
    fn into_sql(self) -> (Box<dyn ToSql + Sync + Send>, Type) {
        self.to_owned().into_sql()
    }
}

impl SqlValue for Option<String> {
    fn into_sql(self) -> (Box<dyn ToSql + Sync + Send>, Type) {
        (Box::new(self), Type::TEXT)
    }
}

impl SqlValue for Vec<String> {
    fn into_sql(self) -> (Box<dyn ToSql + Sync + Send>, Type) {
        (Box::new(self), Type::TEXT_ARRAY)
    }
}

impl SqlValue for Vec<u8> {
    fn into_sql(self) -> (Box<dyn ToSql + Sync + Send>, Type) {
        (Box::new(self), Type::BYTEA)
    }
}

impl SqlValue for Option<Vec<u8>> {
    fn into_sql(self) -> (Box<dyn ToSql + Sync + Send>, Type) {
        (Box::new(self), Type::BYTEA)
    }
}

impl SqlValue for &[u8; 32] {
    fn into_sql(self) -> (Box<dyn ToSql + Sync + Send>, Type) {
        self.to_vec().into_sql()
    }
}

impl SqlValue for TokenDigest {
    fn into_sql(self) -> (Box<dyn ToSql + Sync + Send>, Type) {
        self.as_bytes().into_sql()
    }
}

impl SqlValue for JsonValue {
    fn into_sql(self) -> (Box<dyn ToSql + Sync + Send>, Type) {
        (Box::new(Json(self)), Type::JSON)
    }
}

fn to_microsecond(at: Timestamp) -> Timestamp {
    // Truncation moves towards the epoch, so the result is in range.
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_put_before_names() {
        let mut query = Query::default();
        let (one, two) = (query.value(1_i64), query.value("text"));
        let query = query.with_sql(format!("SELECT {one}, {two} FROM @accounts"));
        assert_eq!(query.sql("\"repass\"."), "SELECT $1, $2 FROM \"repass\".accounts");
        let kinds: Vec<Type> = query.values().map(|(_, kind)| kind).collect();
        assert_eq!(kinds, [Type::INT8, Type::TEXT]);
    }
}
