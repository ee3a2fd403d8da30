//! Finding out where the accounts stand, and whether the table fits that they are said to stand in.

use std::fmt;

use sqlx::{AnyConnection, AssertSqlSafe, Row, query};

use super::{Accounts, OpenError};
use crate::accounts_source::AccountsSource;
use crate::accounts_table::{AccountsTable, SqlName};
use crate::dialect::Dialect;
use crate::foreign_table::{ForeignTable, KeyType};

/// What [`ForeignTable`] writes into `hash` must fit.
const LONGEST_HASH: i64 = 128;

/// The tables that migrations make, and what they need themselves.
const OWN_TABLES: [&str; 14] = [
    "accounts",
    "accounts_table",
    "access_tokens",
    "attempts",
    "audit",
    "credentials",
    "keys",
    "otp",
    "outbox",
    "outbox_deliveries",
    "password_history",
    "reset_tokens",
    "repass_schema_lock",
    "_sqlx_migrations",
];

/// What is wrong with one member of a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnProblem {
    /// The member of [`AccountsTable`], as in a configuration: `table`, `id`, `hash`,
    /// `realm_column` and so on.
    pub member: &'static str,
    /// The table or column that it names.
    pub name: String,
    /// What is wrong with that.
    pub reason: String,
}

impl fmt::Display for ColumnProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {:?}: {}", self.member, self.name, self.reason)
    }
}

/// Why it is not known where the accounts stand.
#[derive(Debug)]
pub(super) enum Unbound {
    Sql(sqlx::Error),
    Refused(OpenError),
}

impl From<sqlx::Error> for Unbound {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

/// Sees that a wished-for table fits, before anything of our own is made.
pub(super) async fn check(
    dialect: Dialect,
    connection: &mut AnyConnection,
    wanted: &Accounts,
) -> Result<(), Unbound> {
    let Accounts::In(table) = wanted else { return Ok(()) };
    if dialect == Dialect::Sqlite {
        refuse_own_names(connection, table).await?;
    }
    inspect(dialect, connection, table).await.map(drop)
}

/// Where the accounts stand, once the schema is up to date. A wish is noted, so that everybody else
/// who opens the database finds the same accounts.
pub(super) async fn bind(
    dialect: Dialect,
    connection: &mut AnyConnection,
    wanted: &Accounts,
) -> Result<AccountsSource, Unbound> {
    let noted = query("SELECT mapping FROM accounts_table WHERE id = 1");
    let noted = match noted.fetch_optional(&mut *connection).await? {
        None => None,
        Some(row) => Some(noted_table(&row.try_get::<String, _>("mapping")?)?),
    };
    let table = match (noted, wanted) {
        (None, Accounts::AsNoted | Accounts::Own) => return Ok(AccountsSource::own()),
        (Some(table), Accounts::AsNoted) => table,
        (Some(table), Accounts::Own) => {
            return Err(Unbound::Refused(OpenError::AccountsElsewhere(table.table.to_string())));
        }
        (Some(noted), Accounts::In(table)) => {
            if noted.table != table.table || noted.id != table.id {
                return Err(Unbound::Refused(OpenError::OtherAccountsTable {
                    noted: format!("{} by {}", noted.table, noted.id),
                    wanted: format!("{} by {}", table.table, table.id),
                }));
            }
            if noted != *table {
                note(connection, table).await?;
            }
            table.clone()
        }
        (None, Accounts::In(table)) => {
            let own = query("SELECT id FROM accounts LIMIT 1");
            if own.fetch_optional(&mut *connection).await?.is_some() {
                return Err(Unbound::Refused(OpenError::OwnAccounts));
            }
            note(connection, table).await?;
            table.clone()
        }
    };
    inspect(dialect, connection, &table).await.map(AccountsSource::foreign)
}

fn noted_table(mapping: &str) -> Result<AccountsTable, Unbound> {
    let table: AccountsTable = serde_json::from_str(mapping)
        .map_err(|error| Unbound::Refused(OpenError::Schema(error.into())))?;
    Ok(table)
}

async fn note(connection: &mut AnyConnection, table: &AccountsTable) -> Result<(), Unbound> {
    let mapping = serde_json::to_string(table)
        .map_err(|error| Unbound::Refused(OpenError::Schema(error.into())))?;
    let note = query(
        "INSERT INTO accounts_table (id, mapping) VALUES (1, $1)
         ON CONFLICT (id) DO UPDATE SET mapping = excluded.mapping",
    );
    note.bind(mapping).execute(connection).await?;
    Ok(())
}

/// An SQLite file has one set of names for all. A table of an application's that is called as one of
/// ours must not be taken for it.
async fn refuse_own_names(
    connection: &mut AnyConnection,
    table: &AccountsTable,
) -> Result<(), Unbound> {
    let name = &table.table.table;
    if table.table.schema.is_some() {
        let reason = "SQLite has no schemas".to_owned();
        return Err(misfit(table, vec![problem("table", &table.table, reason)]));
    }
    if OWN_TABLES.iter().any(|own| name.is(own)) {
        let reason = "repass has a table of that name itself; give it a view of another name";
        return Err(misfit(table, vec![problem("table", name, reason.to_owned())]));
    }
    let tables = query("SELECT CAST(name AS TEXT) AS name FROM sqlite_master");
    let tables = tables.fetch_all(connection).await?;
    let names = tables.iter().map(|row| row.try_get::<String, _>("name"));
    let names = names.collect::<Result<Vec<_>, _>>()?;
    let taken = |own: &&str| names.iter().any(|name| name.eq_ignore_ascii_case(own));
    // Both of them are there only where a migration of ours was.
    if ["attempts", "password_history"].iter().all(taken) {
        return Ok(());
    }
    let taken: Vec<&str> = OWN_TABLES.iter().copied().filter(|own| taken(own)).collect();
    if taken.is_empty() {
        Ok(())
    } else {
        Err(Unbound::Refused(OpenError::NamesTaken(taken.join(", "))))
    }
}

fn misfit(table: &AccountsTable, problems: Vec<ColumnProblem>) -> Unbound {
    Unbound::Refused(OpenError::AccountsTable { table: table.table.to_string(), problems })
}

fn problem(member: &'static str, name: impl fmt::Display, reason: String) -> ColumnProblem {
    ColumnProblem { member, name: name.to_string(), reason }
}

/// What a database says of a column.
struct Column {
    name: String,
    /// The type, as the database calls it.
    declared: String,
    /// Most characters it can hold, where that is bounded.
    longest: Option<i64>,
}

/// What a column can be used as.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Boolean,
    Integer,
    Uuid,
    Text,
    Other,
}

impl Column {
    fn kind(&self, dialect: Dialect) -> Kind {
        match dialect {
            Dialect::Postgres => match self.declared.as_str() {
                "bool" => Kind::Boolean,
                "int2" | "int4" | "int8" => Kind::Integer,
                "uuid" => Kind::Uuid,
                "text" | "varchar" | "citext" => Kind::Text,
                _ => Kind::Other,
            },
            // By the rules of column affinity: sqlite.org/datatype3.html, 3.1.
            Dialect::Sqlite => {
                let declared = self.declared.to_ascii_uppercase();
                let has = |words: &[&str]| words.iter().any(|word| declared.contains(word));
                if has(&["INT"]) || declared.starts_with("BOOL") {
                    Kind::Integer
                } else if has(&["CHAR", "CLOB", "TEXT"]) {
                    Kind::Text
                } else if declared.is_empty() || has(&["BLOB", "REAL", "FLOA", "DOUB"]) {
                    Kind::Other
                } else {
                    // Numbers are kept as numbers, everything else as the text it is.
                    Kind::Text
                }
            }
        }
    }
}

/// Everything that is wrong is told at once.
async fn inspect(
    dialect: Dialect,
    connection: &mut AnyConnection,
    table: &AccountsTable,
) -> Result<ForeignTable, Unbound> {
    if let Err(invalid) = table.check() {
        let reason = invalid.to_string();
        return Err(misfit(table, vec![problem(invalid.member, &invalid.column, reason)]));
    }
    let columns = columns_of(dialect, connection, table).await?;
    if columns.is_empty() {
        let reason = "there is no such table, or this user may not see it".to_owned();
        return Err(misfit(table, vec![problem("table", &table.table, reason)]));
    }
    let mut fitting = ForeignTable {
        dialect,
        mapping: table.clone(),
        id: KeyType::Text,
        user_id: KeyType::Text,
        active_is_boolean: false,
    };
    let mut problems = Vec::new();
    for (member, name) in table.columns() {
        let own = columns.iter().find(|column| match dialect {
            Dialect::Sqlite => name.is(&column.name),
            Dialect::Postgres => column.name == name.as_str(),
        });
        let Some(column) = own else {
            let all: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
            let reason = format!(
                "there is no such column, or this user may not see it; the columns are {}",
                all.join(", ")
            );
            problems.push(problem(member, name, reason));
            continue;
        };
        let kind = column.kind(dialect);
        let key = match kind {
            Kind::Integer => Some(KeyType::Integer),
            Kind::Uuid => Some(KeyType::Uuid),
            Kind::Text => Some(KeyType::Text),
            Kind::Boolean | Kind::Other => None,
        };
        let wrong = match (member, key) {
            ("id" | "user_id", None) => Some("must be an integer, a UUID or a text"),
            ("hash" | "realm_column", _) if kind != Kind::Text => Some("must be a text"),
            ("hash", _) if column.longest.is_some_and(|longest| longest < LONGEST_HASH) => {
                Some("is too short: a hash takes up to 128 characters")
            }
            ("active", _) if !matches!(kind, Kind::Boolean | Kind::Integer) => {
                Some("must be a truth value or an integer")
            }
            _ => None,
        };
        match (wrong, member, key) {
            (Some(wrong), ..) => {
                let reason = format!("{wrong}, but is {:?}", column.declared);
                problems.push(problem(member, name, reason));
            }
            (None, "id", Some(key)) => fitting.id = key,
            (None, "user_id", Some(key)) => fitting.user_id = key,
            (None, "active", _) => fitting.active_is_boolean = kind == Kind::Boolean,
            _ => {}
        }
    }
    if problems.is_empty() {
        problems = unwritable(dialect, connection, &fitting).await?;
    }
    if problems.is_empty() { Ok(fitting) } else { Err(misfit(table, problems)) }
}

async fn columns_of(
    dialect: Dialect,
    connection: &mut AnyConnection,
    table: &AccountsTable,
) -> Result<Vec<Column>, Unbound> {
    let name = table.table.table.as_str().to_owned();
    let columns = match dialect {
        Dialect::Sqlite => query(
            "SELECT CAST(name AS TEXT) AS name, CAST(type AS TEXT) AS declared,
                    CAST(NULL AS BIGINT) AS longest
             FROM pragma_table_info($1)",
        )
        .bind(name),
        Dialect::Postgres => query(
            "SELECT CAST(column_name AS TEXT) AS name, CAST(udt_name AS TEXT) AS declared,
                    CAST(character_maximum_length AS BIGINT) AS longest
             FROM information_schema.columns WHERE table_name = $1 AND table_schema = $2",
        )
        .bind(name)
        .bind(String::from(dialect.schema_of(&table.table))),
    };
    let rows = columns.fetch_all(connection).await?;
    let column = |row: &sqlx::any::AnyRow| {
        Ok(Column {
            name: row.try_get("name")?,
            declared: row.try_get("declared")?,
            longest: row.try_get("longest")?,
        })
    };
    rows.iter().map(column).collect::<Result<_, sqlx::Error>>().map_err(Unbound::Sql)
}

/// The columns that this user may not write, although that is what they are there for.
async fn unwritable(
    dialect: Dialect,
    connection: &mut AnyConnection,
    table: &ForeignTable,
) -> Result<Vec<ColumnProblem>, Unbound> {
    let mut problems = Vec::new();
    if dialect == Dialect::Sqlite {
        return Ok(problems);
    }
    let written = [("hash", Some(&table.mapping.hash)), ("active", table.mapping.active.as_ref())];
    for (member, name) in written {
        let Some(name) = name else { continue };
        let allowed = query("SELECT has_column_privilege($1, $2, 'UPDATE') AS allowed")
            .bind(table.name())
            .bind(name.as_str().to_owned());
        let allowed = allowed.fetch_one(&mut *connection).await?;
        if !allowed.try_get::<bool, _>("allowed")? {
            problems.push(problem(member, name, "this user may not update it".to_owned()));
        }
    }
    Ok(problems)
}

/// The schemas in which tables of repass's stand, but for the present one.
pub(super) async fn other_schemas(
    connection: &mut AnyConnection,
) -> Result<Vec<String>, sqlx::Error> {
    let schemas = query(
        "SELECT DISTINCT CAST(table_schema AS TEXT) AS name FROM information_schema.tables
         WHERE table_name = 'repass_schema_lock' AND table_schema <> current_schema()
         ORDER BY 1",
    );
    let schemas = schemas.fetch_all(connection).await?;
    schemas.iter().map(|row| row.try_get("name")).collect()
}

/// Makes a schema that is not there yet.
pub(super) async fn make_schema(
    connection: &mut AnyConnection,
    schema: &SqlName,
) -> Result<(), sqlx::Error> {
    // Looked at first: whoever may not make one need not, where there is one.
    let there = query("SELECT 1 FROM information_schema.schemata WHERE schema_name = $1");
    let there = there.bind(schema.as_str().to_owned()).fetch_optional(&mut *connection).await?;
    if there.is_none() {
        let make = format!("CREATE SCHEMA IF NOT EXISTS {}", schema.quoted());
        query(AssertSqlSafe(make)).execute(connection).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(dialect: Dialect, declared: &str) -> Kind {
        Column { name: String::new(), declared: declared.to_owned(), longest: None }.kind(dialect)
    }

    #[test]
    fn sqlite_columns_are_told_by_their_affinity() {
        for (declared, expected) in [
            ("INTEGER", Kind::Integer),
            ("bigint unsigned", Kind::Integer),
            ("BOOLEAN", Kind::Integer),
            ("varchar(255)", Kind::Text),
            ("UUID", Kind::Text),
            ("NUMERIC", Kind::Text),
            ("BLOB", Kind::Other),
            ("", Kind::Other),
            ("DOUBLE PRECISION", Kind::Other),
        ] {
            assert!(kind(Dialect::Sqlite, declared) == expected, "{declared}");
        }
    }

    #[test]
    fn every_table_of_a_migration_is_known_to_be_ours() {
        let sql: String = Dialect::Sqlite
            .migrations()
            .iter()
            .map(|migration| migration.sql.as_str().to_owned())
            .collect();
        let made = sql.match_indices("CREATE TABLE ").map(|(at, word)| {
            let rest = &sql[at + word.len()..];
            rest.split_whitespace().next().unwrap()
        });
        for name in made.filter(|name| *name != "credentials_0004") {
            assert!(OWN_TABLES.contains(&name), "{name}");
        }
    }
}
