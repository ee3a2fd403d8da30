use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of a schema, a table or a column: 1 to 63 ASCII letters, digits and underscores, not
/// starting with a digit.
///
/// Names are case-sensitive on PostgreSQL, since they are quoted in every statement, and
/// case-insensitive on SQLite.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SqlName(String);

/// A text is not a valid [`SqlName`].
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "must be 1 to 63 letters (A-Z, a-z), digits and underscores, and must not start with a digit"
)]
pub struct InvalidSqlName;

impl SqlName {
    /// PostgreSQL truncates longer names.
    const MAX_LENGTH: usize = 63;

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the name in quotation marks, for a statement.
    pub fn quoted(&self) -> String {
        format!("\"{}\"", self.0)
    }

    /// Compares the names case-insensitively.
    pub fn eq_ignore_case(&self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }
}

impl TryFrom<String> for SqlName {
    type Error = InvalidSqlName;

    fn try_from(name: String) -> Result<Self, InvalidSqlName> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let starts_without_digit = name.bytes().next().is_some_and(|first| !first.is_ascii_digit());
        if starts_without_digit && name.len() <= Self::MAX_LENGTH && name.bytes().all(allowed) {
            Ok(Self(name))
        } else {
            Err(InvalidSqlName)
        }
    }
}

impl FromStr for SqlName {
    type Err = InvalidSqlName;

    fn from_str(name: &str) -> Result<Self, InvalidSqlName> {
        Self::try_from(name.to_owned())
    }
}

impl From<SqlName> for String {
    fn from(name: SqlName) -> Self {
        name.0
    }
}

impl fmt::Display for SqlName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a table with an optional schema: `users` or `shop.users`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TableName {
    schema: Option<SqlName>,
    table: SqlName,
}

impl TableName {
    /// Returns the schema, if the name has one.
    pub const fn schema(&self) -> Option<&SqlName> {
        self.schema.as_ref()
    }

    /// Returns the table name without the schema.
    pub const fn table(&self) -> &SqlName {
        &self.table
    }
}

impl FromStr for TableName {
    type Err = InvalidSqlName;

    fn from_str(name: &str) -> Result<Self, InvalidSqlName> {
        match name.split_once('.') {
            None => Ok(Self { schema: None, table: name.parse()? }),
            Some((schema, table)) => {
                Ok(Self { schema: Some(schema.parse()?), table: table.parse()? })
            }
        }
    }
}

impl TryFrom<String> for TableName {
    type Error = InvalidSqlName;

    fn try_from(name: String) -> Result<Self, InvalidSqlName> {
        name.parse()
    }
}

impl From<TableName> for String {
    fn from(name: TableName) -> Self {
        name.to_string()
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            None => self.table.fmt(f),
            Some(schema) => write!(f, "{schema}.{}", self.table),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_bounded() {
        for good in ["users", "Users", "_u1", "u", &"x".repeat(63)] {
            assert_eq!(good.parse::<SqlName>().unwrap().as_str(), good);
        }
        for bad in
            ["", "1u", "a b", "a-b", "a.b", "ü", "a\"b", "a'; --", "a\0", &"x".repeat(64), "a$"]
        {
            assert_eq!(bad.parse::<SqlName>(), Err(InvalidSqlName), "{bad:?}");
        }
    }

    #[test]
    fn a_table_has_at_most_one_schema() {
        assert_eq!("shop.users".parse::<TableName>().unwrap().to_string(), "shop.users");
        assert_eq!("users".parse::<TableName>().unwrap().schema(), None);
        for bad in ["", ".", "a.", ".a", "a.b.c", "a. b", "a.\"b\""] {
            assert_eq!(bad.parse::<TableName>(), Err(InvalidSqlName), "{bad:?}");
        }
    }
}
