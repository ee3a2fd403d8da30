//! SQL for a users table that belongs to another application.

mod commit;
mod inspect;
mod register;
mod set_active;

pub(crate) use inspect::InspectError;
pub(crate) use register::{insert_registration, register};

use repass_accounts_table::{AccountsTable, ColumnTypes, IdentifierKind, RealmMapping, SqlName};

use crate::query::Query;

/// A checked mapped table. In statements, `f` is one of its rows.
#[derive(Debug)]
pub(crate) struct MappedTable {
    pub(crate) mapping: AccountsTable,
    pub(crate) types: ColumnTypes,
}

impl MappedTable {
    /// Returns the qualified name of the table.
    pub(crate) fn name(&self) -> String {
        let name = &self.mapping.table;
        let schema = name.schema().map_or_else(|| "\"public\"".to_owned(), SqlName::quoted);
        format!("{schema}.{}", name.table().quoted())
    }

    /// Sets the search path for triggers of the table, so that they find their own tables and not
    /// repass's. The default of a connection begins with the schema that is named like the user.
    pub(crate) fn search_path(&self) -> Query {
        let schema = self.mapping.table.schema();
        let schema = schema.map_or_else(|| "\"public\"".to_owned(), SqlName::quoted);
        Query::new(format!("SET LOCAL search_path TO {schema}, public"))
    }

    /// Casts a column to text, since the driver may not support its type.
    pub(crate) fn text(&self, column: Option<&SqlName>) -> String {
        match column {
            None => "CAST(NULL AS TEXT)".to_owned(),
            Some(column) => format!("CAST(f.{} AS TEXT)", column.quoted()),
        }
    }

    /// Adds a collation that compares bytes.
    pub(crate) fn exact(&self, text: &str) -> String {
        format!("{text} COLLATE \"default\"")
    }

    /// Returns the account id of `f`, derived as in [`AccountsTable::account_id`].
    pub(crate) fn account_id(&self) -> String {
        let id = self.exact(&self.text(Some(&self.mapping.id)));
        let named = format!("repass account\0{}\0", self.mapping.table);
        let named: String = named.bytes().map(|byte| format!("{byte:02x}")).collect();
        let digest = format!("sha256(decode('{named}', 'hex') || convert_to({id}, 'UTF8'))");
        let octet = |index: u8, mask: u8| format!("get_byte({digest}, {index}) & {mask} | 128");
        let derived = format!(
            "CAST(encode(set_byte(set_byte(substr({digest}, 1, 16), 6, {}), 8, {}), 'hex') AS UUID)",
            octet(6, 15),
            octet(8, 63),
        );
        match self.types.id {
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
            // A realm contains no quotation mark.
            RealmMapping::All(realm) => format!("CAST('{realm}' AS TEXT)"),
            RealmMapping::Column(column) => self.text(Some(column)),
        }
    }

    pub(crate) fn active(&self) -> String {
        match &self.mapping.active {
            None => "TRUE".to_owned(),
            Some(column) if self.types.active_is_boolean => {
                format!("COALESCE(f.{}, FALSE)", column.quoted())
            }
            Some(column) => format!("COALESCE(f.{} <> 0, FALSE)", column.quoted()),
        }
    }

    /// Returns the condition that `f` has the user id `$2` or `$3`. It compares in the type of the
    /// column, so that its index is used.
    pub(crate) fn has_user_id(&self) -> String {
        let column = self.mapping.user_id.quoted();
        let [one, other] = ["$2", "$3"].map(|text| typed(self.types.user_id, text));
        format!("f.{column} IN ({one}, {other})")
    }

    /// Returns the condition that `f` has the id `text`. The first comparison uses the index of the
    /// column, the second one is exact.
    pub(crate) fn is_row(&self, text: &str) -> String {
        let id = &self.mapping.id;
        let exact = self.exact(&self.text(Some(id)));
        format!("f.{} = {} AND {text} = {exact}", id.quoted(), typed(self.types.id, text))
    }
}

/// Casts a text to the type of a column.
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
    fn table_names_are_qualified() {
        let name = |text: &str| text.parse::<SqlName>().unwrap();
        let mapping = AccountsTable {
            table: "users".parse().unwrap(),
            id: name("id"),
            user_id: name("login"),
            hash: name("pw"),
            email: None,
            username: None,
            active: None,
            realm: RealmMapping::All("shop".parse().unwrap()),
        };
        let types = ColumnTypes {
            id: IdentifierKind::Uuid,
            user_id: IdentifierKind::Text,
            active_is_boolean: false,
        };
        let mut table = MappedTable { mapping, types };
        assert_eq!(table.name(), "\"public\".\"users\"");
        assert!(table.is_row("$2").starts_with("f.\"id\" = CAST($2 AS UUID) AND $2 = "));
        table.mapping.table = "Shop.Users".parse().unwrap();
        assert_eq!(table.name(), "\"Shop\".\"Users\"");
    }
}
