use std::fmt;

use repass_core::{AccountId, Realm};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{SqlName, TableName};

/// The realm of the accounts of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RealmMapping {
    /// All accounts belong to this realm.
    All(Realm),
    /// This column holds the realm of each account. A row whose text is not a realm is not an
    /// account.
    Column(SqlName),
}

/// A users table that belongs to another application, in the same database, whose rows are the
/// accounts.
///
/// repass reads only the columns that are named here, and writes two of them: `hash` and `active`.
/// It neither adds nor deletes rows. All other data about an account is in repass's own tables.
///
/// Such an account has no profile, and its creation time is the Unix epoch.
///
/// Accounts are also found by e-mail address and user name, in any case. A column by which users
/// sign in needs an index on `lower(column)`, or on the column of the realm and `lower(column)`;
/// otherwise every sign-in reads the whole table. `lower` folds ASCII letters only on SQLite, and
/// on PostgreSQL with the collation `C`. There, other letters are found in lower case, in upper
/// case, and in upper case at the start of words. The names should be in Normalization Form C.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountsTable {
    /// The table, or an updatable view. On PostgreSQL its schema is `public` unless the name has
    /// one.
    pub table: TableName,
    /// The column that identifies a row permanently: an integer, a UUID or text. It is never
    /// written, and a row with another value is another account. A UUID in lower case is the
    /// [`AccountId`] itself; from other values one is derived.
    pub id: SqlName,
    /// The identifier of the account in the vendor's API: an integer, a UUID or text, unique within
    /// its realm. It may be the same column as `id`.
    pub user_id: SqlName,
    /// The hash of the password, as text; null without a password. repass writes PHC strings of up
    /// to 128 characters.
    pub hash: SqlName,
    /// The e-mail address. Sign-in by it needs an index.
    pub email: Option<SqlName>,
    /// The name that the user signs in with. Sign-in by it needs an index.
    pub username: Option<SqlName>,
    /// Whether the account is active: a boolean, or a number where 0 means inactive. Null means
    /// inactive. Without such a column all accounts are active.
    pub active: Option<SqlName>,
    /// The realm.
    pub realm: RealmMapping,
}

/// Two members of a mapping name the same column, and repass writes it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("is the same column as {other}; repass writes it, so no other member may name it")]
pub struct InvalidAccountsTable {
    /// The member whose column is written.
    pub member: &'static str,
    /// The column.
    pub column: String,
    /// The other member that names the column.
    pub other: &'static str,
}

impl AccountsTable {
    /// Returns the members that name a column, with that column.
    pub fn columns(&self) -> impl Iterator<Item = (&'static str, &SqlName)> {
        let realm = match &self.realm {
            RealmMapping::All(_) => None,
            RealmMapping::Column(column) => Some(column),
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
        columns.into_iter().filter_map(|(member, column)| Some((member, column?)))
    }

    /// Checks that each written column is named by one member only.
    ///
    /// # Errors
    /// When two members name a written column.
    pub fn check(&self) -> Result<(), InvalidAccountsTable> {
        let written = self.columns().filter(|(member, _)| matches!(*member, "hash" | "active"));
        for (member, column) in written {
            let same = |(other, name): &(&'static str, &SqlName)| {
                *other != member && name.eq_ignore_case(column.as_str())
            };
            if let Some((other, _)) = self.columns().find(same) {
                return Err(InvalidAccountsTable { member, column: column.to_string(), other });
            }
        }
        Ok(())
    }

    /// Returns the identifier of the account in the row with this id. It is the same on every node
    /// and at any time: a UUID is its own identifier; from other ids a UUID of version 8 (RFC 9562,
    /// 5.8) is derived.
    pub fn account_id(&self, id: &str) -> AccountId {
        if let Ok(own) = Uuid::try_parse(id)
            && own.to_string() == id
        {
            return AccountId(own);
        }
        let named = format!("repass account\0{}\0{id}", self.table);
        let digest = Sha256::digest(named.as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        AccountId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }
}

impl fmt::Display for AccountsTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "in the table {}", self.table)?;
        for (at, (member, column)) in self.columns().enumerate() {
            let separator = if at == 0 { ": " } else { ", " };
            write!(f, "{separator}{member} = {column}")?;
        }
        match &self.realm {
            RealmMapping::All(realm) => write!(f, "; realm {realm}"),
            RealmMapping::Column(_) => Ok(()),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn name(text: &str) -> SqlName {
        text.parse().unwrap()
    }

    pub(crate) fn table() -> AccountsTable {
        AccountsTable {
            table: "shop.users".parse().unwrap(),
            id: name("id"),
            user_id: name("id"),
            hash: name("pw"),
            email: Some(name("mail")),
            username: Some(name("mail")),
            active: Some(name("enabled")),
            realm: RealmMapping::Column(name("tenant")),
        }
    }

    #[test]
    fn a_written_column_is_mapped_once() {
        assert_eq!(table().check(), Ok(()), "a column that is only read may be mapped twice");
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
            realm: RealmMapping::All("shop".parse().unwrap()),
            ..table()
        };
        for mapping in [table(), fixed] {
            let text = serde_json::to_string(&mapping).unwrap();
            assert_eq!(serde_json::from_str::<AccountsTable>(&text).unwrap(), mapping);
        }
        assert!(serde_json::from_str::<SqlName>("\"a b\"").is_err(), "names are checked when read");
    }

    #[test]
    fn identifiers_are_stable_and_distinct() {
        let users = AccountsTable { table: "users".parse().unwrap(), ..table() };
        let seven = users.account_id("7");
        // A change of this value orphans every token and every hash that is stored.
        assert_eq!(seven.to_string(), "ebc66f4e-2d4e-89f7-85a5-45f8cc10eb19");
        assert_eq!(seven.0.get_version_num(), 8);
        assert_ne!(seven, users.account_id("07"));
        let members = AccountsTable { table: "members".parse().unwrap(), ..table() };
        assert_ne!(seven, members.account_id("7"));

        let guid = "1c4b0ca1-ad13-410b-a1c5-bb2065641934";
        assert_eq!(users.account_id(guid).to_string(), guid, "a UUID is its own identifier");
        let upper = users.account_id(&guid.to_ascii_uppercase());
        assert_ne!(upper.to_string(), guid, "another text is another row");
    }
}
