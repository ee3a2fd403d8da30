//! A users table that belongs to another application: how statements speak of it.

use repass_core::{AccountId, UserId};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::accounts_table::{AccountsTable, RealmOf, SqlName};
use crate::dialect::Dialect;

/// A mapped table that was found to fit. In statements it is called `f`.
#[derive(Debug)]
pub(crate) struct ForeignTable {
    pub(crate) dialect: Dialect,
    pub(crate) mapping: AccountsTable,
    pub(crate) id: KeyType,
    pub(crate) user_id: KeyType,
    /// Whether `active` is a truth value, not a number.
    pub(crate) active_is_boolean: bool,
}

/// What a column is of by which rows are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyType {
    Integer,
    Uuid,
    Text,
}

impl KeyType {
    /// Whether a column of this type can hold what is written so.
    fn can_be(self, text: &str) -> bool {
        match self {
            Self::Integer => text.parse::<i64>().is_ok_and(|number| number.to_string() == text),
            Self::Uuid => Uuid::try_parse(text).is_ok(),
            Self::Text => true,
        }
    }
}

impl AccountsTable {
    /// The column of that member; `None` where none is mapped.
    pub(crate) fn column(&self, member: &str) -> Option<&SqlName> {
        self.columns().into_iter().find(|(own, _)| *own == member).map(|(_, column)| column)
    }
}

impl ForeignTable {
    /// The table as it stands in a statement; never by a search path.
    pub(crate) fn name(&self) -> String {
        let table = self.mapping.table.table.quoted();
        format!("{}.{table}", self.dialect.schema_of(&self.mapping.table).quoted())
    }

    /// A column as a text.
    pub(crate) fn text(&self, column: Option<&SqlName>) -> String {
        match column {
            None => "CAST(NULL AS TEXT)".to_owned(),
            Some(column) => format!("CAST(f.{} AS TEXT)", column.quoted()),
        }
    }

    /// A text that is compared by its bytes, whatever the column's own collation.
    pub(crate) fn exact(&self, text: &str) -> String {
        format!("{text} COLLATE {}", self.dialect.bytewise())
    }

    pub(crate) fn realm(&self) -> String {
        match &self.mapping.realm {
            // There is no quotation mark in a realm.
            RealmOf::All(realm) => format!("CAST('{realm}' AS TEXT)"),
            RealmOf::Column(column) => self.text(Some(column)),
        }
    }

    pub(crate) fn active(&self) -> String {
        match &self.mapping.active {
            None => "TRUE".to_owned(),
            Some(column) if self.active_is_boolean => {
                format!("COALESCE(f.{}, FALSE)", column.quoted())
            }
            // Texts in a column of SQLite's are 0 as numbers, so nothing odd counts as active.
            Some(column) => format!("COALESCE(CAST(f.{} AS BIGINT) <> 0, FALSE)", column.quoted()),
        }
    }

    /// Whether `f` is the row of the id that `text` says. First in the column's own terms, so that
    /// its index serves, then exactly.
    pub(crate) fn is_row(&self, text: &str) -> String {
        let id = self.mapping.id.quoted();
        let typed = self.typed(self.id, text);
        let exact = self.exact(&self.text(Some(&self.mapping.id)));
        format!("f.{id} = {typed} AND {text} = {exact}")
    }

    pub(crate) fn named(&self) -> String {
        let realm = match &self.mapping.realm {
            RealmOf::All(_) => self.realm(),
            RealmOf::Column(column) => format!("f.{}", column.quoted()),
        };
        let user_id = self.mapping.user_id.quoted();
        match self.user_id {
            KeyType::Text => format!("{realm} = $1 AND f.{user_id} IN ($2, $3)"),
            typed => format!("{realm} = $1 AND f.{user_id} = {}", self.typed(typed, "$2")),
        }
    }

    /// How `user_id` may be written in its column; `None` when it cannot be there.
    pub(crate) fn spellings(&self, user_id: &UserId) -> Option<Vec<String>> {
        let text = user_id.as_str();
        match self.user_id {
            // GUIDs are one identifier in any case, and kept in lower case.
            KeyType::Text if Uuid::try_parse(text).is_ok() => {
                Some(vec![text.to_owned(), text.to_ascii_uppercase()])
            }
            KeyType::Text => Some(vec![text.to_owned(), text.to_owned()]),
            typed => typed.can_be(text).then(|| vec![text.to_owned()]),
        }
    }

    /// A parameter or column of text in the terms of a column that is to be compared with it.
    fn typed(&self, key: KeyType, text: &str) -> String {
        match (self.dialect, key) {
            // It compares by the affinity of the column.
            (Dialect::Sqlite, _) | (_, KeyType::Text) => text.to_owned(),
            (Dialect::Postgres, KeyType::Integer) => format!("CAST({text} AS BIGINT)"),
            (Dialect::Postgres, KeyType::Uuid) => format!("CAST({text} AS UUID)"),
        }
    }

    /// Before the table is written: its triggers are to find what they name, and not a table of ours
    /// that is called the same. It must be the transaction's last work but for that, since our own
    /// tables are not found any more.
    ///
    /// The connection's default would not do: it begins with the schema that is called as the user
    /// is, and that may be ours.
    pub(crate) fn leave_own_schema(&self) -> Option<String> {
        let schema = self.dialect.schema_of(&self.mapping.table).quoted();
        match self.dialect {
            Dialect::Sqlite => None,
            Dialect::Postgres => Some(format!("SET LOCAL search_path TO {schema}, public")),
        }
    }

    /// repass's identifier of the account in the row of this id: the same on every node and at any
    /// time, and a UUID is its own. Others are hashed into a UUID of version 8 (RFC 9562, 5.8).
    pub(crate) fn account_id(&self, id: &str) -> AccountId {
        if let Ok(own) = Uuid::try_parse(id)
            && own.to_string() == id
        {
            return AccountId(own);
        }
        let named = format!("repass account\0{}\0{id}", self.mapping.table);
        let digest = Sha256::digest(named.as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        AccountId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(dialect: Dialect, id: KeyType, user_id: KeyType) -> ForeignTable {
        let name = |text: &str| text.parse::<SqlName>().unwrap();
        let mapping = AccountsTable {
            table: "users".parse().unwrap(),
            id: name("id"),
            user_id: name("login"),
            hash: name("pw"),
            email: None,
            username: None,
            active: None,
            realm: RealmOf::All("shop".parse().unwrap()),
        };
        ForeignTable { dialect, mapping, id, user_id, active_is_boolean: false }
    }

    fn spellings(key: KeyType, text: &str) -> Option<Vec<String>> {
        table(Dialect::Postgres, key, key).spellings(&text.parse().unwrap())
    }

    #[test]
    fn identifiers_are_stable_and_apart() {
        let table = table(Dialect::Sqlite, KeyType::Integer, KeyType::Text);
        let seven = table.account_id("7");
        // Whoever changes this orphans every token and every hash that is kept.
        assert_eq!(seven.to_string(), "ebc66f4e-2d4e-89f7-85a5-45f8cc10eb19");
        assert_eq!((seven, seven.0.get_version_num()), (table.account_id("7"), 8));
        assert_ne!(seven, table.account_id("07"));
        let mut elsewhere = super::tests::table(Dialect::Sqlite, KeyType::Integer, KeyType::Text);
        elsewhere.mapping.table = "members".parse().unwrap();
        assert_ne!(seven, elsewhere.account_id("7"));

        let guid = "1c4b0ca1-ad13-410b-a1c5-bb2065641934";
        assert_eq!(table.account_id(guid).to_string(), guid, "a UUID is the identifier itself");
        let upper = table.account_id(&guid.to_ascii_uppercase());
        assert_ne!(upper.to_string(), guid, "another text is another row");
    }

    #[test]
    fn what_a_column_cannot_hold_is_not_asked_for() {
        let some = |texts: &[&str]| Some(texts.iter().map(|text| (*text).to_owned()).collect());
        assert_eq!(spellings(KeyType::Integer, "-7"), some(&["-7"]));
        for no_number in ["07", "+7", "7 ", "x", "9223372036854775808"] {
            assert_eq!(spellings(KeyType::Integer, no_number), None, "{no_number}");
        }
        assert_eq!(spellings(KeyType::Uuid, "pat"), None);
        let guid = "1c4b0ca1-ad13-410b-a1c5-bb2065641934";
        assert_eq!(spellings(KeyType::Uuid, guid), some(&[guid]));
        let upper = guid.to_ascii_uppercase();
        assert_eq!(spellings(KeyType::Text, guid), some(&[guid, &upper]), "as others write it");
        assert_eq!(spellings(KeyType::Text, "Pat"), some(&["Pat", "Pat"]));
    }

    #[test]
    fn tables_are_named_in_full() {
        let mut postgres = table(Dialect::Postgres, KeyType::Uuid, KeyType::Text);
        assert_eq!(postgres.name(), "\"public\".\"users\"");
        assert!(postgres.is_row("$2").starts_with("f.\"id\" = CAST($2 AS UUID) AND $2 = "));
        postgres.mapping.table = "Shop.Users".parse().unwrap();
        assert_eq!(postgres.name(), "\"Shop\".\"Users\"");
        let sqlite = table(Dialect::Sqlite, KeyType::Integer, KeyType::Text);
        assert_eq!(sqlite.name(), "\"main\".\"users\"");
        assert!(sqlite.is_row("$2").starts_with("f.\"id\" = $2 AND $2 = "));
    }
}
