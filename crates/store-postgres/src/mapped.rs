//! A users table that belongs to another application: how statements speak of it, and what is written
//! to it.

mod commit;
mod inspect;
mod register;
mod set_active;

pub(crate) use inspect::Uninspected;
pub(crate) use register::{register, registered};

use repass_accounts_table::{AccountsTable, Fit, IdentifierKind, RealmOf, SqlName};

use crate::query::Query;

/// A mapped table that was found to fit. Statements call its rows `f`.
#[derive(Debug)]
pub(crate) struct MappedTable {
    pub(crate) mapping: AccountsTable,
    pub(crate) fit: Fit,
}

impl MappedTable {
    /// The table as it is written in a statement, never found by a search path.
    pub(crate) fn name(&self) -> String {
        let name = &self.mapping.table;
        let schema = name.schema().map_or_else(|| "\"public\"".to_owned(), SqlName::quoted);
        format!("{schema}.{}", name.table().quoted())
    }

    /// Has the triggers of the table find what they name, and not tables of repass's own. A
    /// connection's default would not do: it begins with the schema that is called as the user is.
    pub(crate) fn search_path(&self) -> Query {
        let schema = self.mapping.table.schema();
        let schema = schema.map_or_else(|| "\"public\"".to_owned(), SqlName::quoted);
        Query::new(format!("SET LOCAL search_path TO {schema}, public"))
    }

    /// A column as a text; its own type may be one that the driver does not know.
    pub(crate) fn text(&self, column: Option<&SqlName>) -> String {
        match column {
            None => "CAST(NULL AS TEXT)".to_owned(),
            Some(column) => format!("CAST(f.{} AS TEXT)", column.quoted()),
        }
    }

    /// A text that is equal to its own bytes only, whatever the column's collation.
    pub(crate) fn exact(&self, text: &str) -> String {
        format!("{text} COLLATE \"default\"")
    }

    /// The id of the account of `f`, as [`AccountsTable::account_id`] derives it.
    pub(crate) fn account_id(&self) -> String {
        let id = self.exact(&self.text(Some(&self.mapping.id)));
        let named = format!("repass account\0{}\0", self.mapping.table);
        let named: String = named.bytes().map(|byte| format!("{byte:02x}")).collect();
        let digest = format!("sha256(decode('{named}', 'hex') || convert_to({id}, 'UTF8'))");
        let octet = |place: u8, kept: u8| format!("get_byte({digest}, {place}) & {kept} | 128");
        let derived = format!(
            "CAST(encode(set_byte(set_byte(substr({digest}, 1, 16), 6, {}), 8, {}), 'hex') AS UUID)",
            octet(6, 15),
            octet(8, 63),
        );
        match self.fit.id {
            IdentifierKind::Uuid => format!("f.{}", self.mapping.id.quoted()),
            IdentifierKind::Integer => derived,
            IdentifierKind::Text => format!(
                "CASE WHEN {id} ~ '^[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}$'
                      THEN CAST({id} AS UUID) ELSE {derived} END"
            ),
        }
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
            Some(column) if self.fit.active_is_boolean => {
                format!("COALESCE(f.{}, FALSE)", column.quoted())
            }
            Some(column) => format!("COALESCE(f.{} <> 0, FALSE)", column.quoted()),
        }
    }

    /// Whether `f` has the user id of one of the parameters `$2` and `$3`. It is compared in the
    /// column's own terms, so that its index serves.
    pub(crate) fn has_user_id(&self) -> String {
        let column = self.mapping.user_id.quoted();
        let [one, other] = ["$2", "$3"].map(|text| typed(self.fit.user_id, text));
        format!("f.{column} IN ({one}, {other})")
    }

    /// Whether `f` is the row of the id that `text` says: first in the column's own terms, so that
    /// its index serves, then exactly.
    pub(crate) fn is_row(&self, text: &str) -> String {
        let id = &self.mapping.id;
        let exact = self.exact(&self.text(Some(id)));
        format!("f.{} = {} AND {text} = {exact}", id.quoted(), typed(self.fit.id, text))
    }
}

/// A text in the terms of a column that is to be compared with it.
fn typed(kind: IdentifierKind, text: &str) -> String {
    match kind {
        IdentifierKind::Text => text.to_owned(),
        IdentifierKind::Integer => format!("CAST({text} AS BIGINT)"),
        IdentifierKind::Uuid => format!("CAST({text} AS UUID)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_named_in_full() {
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
        let fit = Fit {
            id: IdentifierKind::Uuid,
            user_id: IdentifierKind::Text,
            active_is_boolean: false,
        };
        let mut table = MappedTable { mapping, fit };
        assert_eq!(table.name(), "\"public\".\"users\"");
        assert!(table.is_row("$2").starts_with("f.\"id\" = CAST($2 AS UUID) AND $2 = "));
        table.mapping.table = "Shop.Users".parse().unwrap();
        assert_eq!(table.name(), "\"Shop\".\"Users\"");
    }
}
