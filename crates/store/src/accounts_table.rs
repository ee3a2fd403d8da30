use std::fmt;
use std::str::FromStr;

use repass_core::Realm;
use serde::{Deserialize, Serialize};

/// The name of a schema, a table or a column: 1 to 63 ASCII letters, digits and underscores, the
/// first of them no digit.
///
/// It is compared as the database does: PostgreSQL tells capitals from small letters, since the name
/// is quoted wherever it stands in a statement; SQLite does not.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SqlName(String);

/// The text is no name for [`SqlName`].
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "must be 1 to 63 letters out of A-Z and a-z, digits and underscores, and begin with no digit"
)]
pub struct InvalidSqlName;

impl SqlName {
    /// PostgreSQL cuts off what is longer.
    const LONGEST: usize = 63;

    /// A name that is known to be one.
    pub(crate) fn known(name: &'static str) -> Self {
        Self(name.to_owned())
    }

    /// The name as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as it stands in a statement.
    pub(crate) fn quoted(&self) -> String {
        // There is no quotation mark in it.
        format!("\"{}\"", self.0)
    }

    pub(crate) fn is(&self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }
}

impl TryFrom<String> for SqlName {
    type Error = InvalidSqlName;

    fn try_from(name: String) -> Result<Self, InvalidSqlName> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let begins_well = name.bytes().next().is_some_and(|first| !first.is_ascii_digit());
        if begins_well && name.len() <= Self::LONGEST && name.bytes().all(allowed) {
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

/// The name of a table, with its schema if one is given: `users` or `shop.users`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TableName {
    pub(crate) schema: Option<SqlName>,
    pub(crate) table: SqlName,
}

impl TableName {
    /// Whether a schema is named.
    pub fn has_schema(&self) -> bool {
        self.schema.is_some()
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

/// Which realm the accounts of a table are of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RealmOf {
    /// All of this one.
    All(Realm),
    /// Each of the one that stands in this column. A row whose text is no realm is no account.
    Column(SqlName),
}

/// A users table that belongs to another application, in the same database, whose rows are the
/// accounts.
///
/// repass reads the columns that are named here and no others, and writes two of them: `hash` and
/// `active`. It adds no rows and deletes none. Everything else that it keeps of an account stands in
/// tables of its own.
///
/// What the table does not say of an account is unknown: it has no profile, and was made at the Unix
/// epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountsTable {
    /// The table, or a view that can be updated. On PostgreSQL it is looked for in the schema
    /// `public` unless another one is named.
    pub table: TableName,
    /// What tells the rows apart for ever: an integer, a UUID or a text. It is never written, and a
    /// row with another one is another account. A UUID in its usual spelling is the
    /// [`AccountId`](repass_core::AccountId) itself; others are turned into one.
    pub id: SqlName,
    /// How the vendor calls the account: an integer, a UUID or a text, unique within its realm. It
    /// may be the same column as `id`.
    pub user_id: SqlName,
    /// The hash of the password, as a text; null where there is none. It is replaced by a PHC string,
    /// which takes up to 128 characters.
    pub hash: SqlName,
    /// E-mail address.
    pub email: Option<SqlName>,
    /// Name that the user signs in with.
    pub username: Option<SqlName>,
    /// Whether the account may be used: a truth value, or a number, of which only 0 says no. Null is
    /// no. Without such a column all are active.
    pub active: Option<SqlName>,
    /// The realm.
    pub realm: RealmOf,
}

/// A mapping that cannot be meant.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("is the same column as {other}, but it is written and must be one of its own")]
pub struct InvalidAccountsTable {
    /// The member that is wrong.
    pub member: &'static str,
    /// The column that it names.
    pub column: String,
    /// The member that names the same column.
    pub other: &'static str,
}

impl AccountsTable {
    /// Every member that names a column, by its name.
    pub(crate) fn columns(&self) -> Vec<(&'static str, &SqlName)> {
        let realm = match &self.realm {
            RealmOf::All(_) => None,
            RealmOf::Column(column) => Some(column),
        };
        let columns = [
            ("id", Some(&self.id)),
            ("user_id", Some(&self.user_id)),
            ("hash", Some(&self.hash)),
            ("email", self.email.as_ref()),
            ("username", self.username.as_ref()),
            ("active", self.active.as_ref()),
            ("realm_column", realm),
        ];
        columns.into_iter().filter_map(|(member, column)| Some((member, column?))).collect()
    }

    /// Whether no column is written that something else is read from.
    ///
    /// # Errors
    /// When one is.
    pub fn check(&self) -> Result<(), InvalidAccountsTable> {
        let columns = self.columns();
        for written in ["hash", "active"] {
            let Some((_, column)) = columns.iter().find(|(member, _)| *member == written) else {
                continue;
            };
            let same = |(member, other): &&(&'static str, &SqlName)| {
                *member != written && other.is(column.as_str())
            };
            if let Some((other, _)) = columns.iter().find(same) {
                let column = column.to_string();
                return Err(InvalidAccountsTable { member: written, column, other });
            }
        }
        Ok(())
    }
}

/// The mapping in a sentence.
impl fmt::Display for AccountsTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "in the table {}", self.table)?;
        for (at, (member, column)) in self.columns().into_iter().enumerate() {
            let separator = if at == 0 { ": " } else { ", " };
            write!(f, "{separator}{member} = {column}")?;
        }
        match &self.realm {
            RealmOf::All(realm) => write!(f, "; realm {realm}"),
            RealmOf::Column(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> SqlName {
        text.parse().unwrap()
    }

    fn table() -> AccountsTable {
        AccountsTable {
            table: "shop.users".parse().unwrap(),
            id: name("id"),
            user_id: name("id"),
            hash: name("pw"),
            email: Some(name("mail")),
            username: Some(name("mail")),
            active: Some(name("enabled")),
            realm: RealmOf::Column(name("tenant")),
        }
    }

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
    fn a_table_has_one_schema_at_most() {
        assert_eq!("shop.users".parse::<TableName>().unwrap().to_string(), "shop.users");
        assert_eq!("users".parse::<TableName>().unwrap().schema, None);
        for bad in ["", ".", "a.", ".a", "a.b.c", "a. b", "a.\"b\""] {
            assert_eq!(bad.parse::<TableName>(), Err(InvalidSqlName), "{bad:?}");
        }
    }

    #[test]
    fn what_is_written_is_read_as_nothing_else() {
        assert_eq!(table().check(), Ok(()), "what is only read may be shared");
        let shared = AccountsTable { active: Some(name("PW")), ..table() }.check().unwrap_err();
        assert_eq!((shared.member, shared.other), ("hash", "active"));
        let shared = AccountsTable { active: Some(name("tenant")), ..table() }.check();
        assert_eq!(shared.unwrap_err().member, "active");
        assert!(AccountsTable { hash: name("id"), ..table() }.check().is_err());
    }

    #[test]
    fn a_mapping_is_read_back_as_it_was_written() {
        let fixed = AccountsTable {
            email: None,
            active: None,
            realm: RealmOf::All("shop".parse().unwrap()),
            ..table()
        };
        for mapping in [table(), fixed] {
            let text = serde_json::to_string(&mapping).unwrap();
            assert_eq!(serde_json::from_str::<AccountsTable>(&text).unwrap(), mapping);
        }
        assert!(serde_json::from_str::<SqlName>("\"a b\"").is_err(), "names are checked again");
    }
}
