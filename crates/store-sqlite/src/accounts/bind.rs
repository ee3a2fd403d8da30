//! Determines the table of the accounts and checks a mapped table.

use repass_accounts_table::{
    Accounts, AccountsMismatch, AccountsTable, Column, ColumnKind, ColumnProblem, ColumnTypes,
    SqlName,
};
use rusqlite::Connection;

use super::AccountsSource;
use super::mapped::MappedAccounts;
use crate::connection::Db;
use crate::failure::{Failure, Result, damaged};
use crate::open::OpenFailure;
use crate::row::Columns;

/// Checks a requested mapping before anything is written.
pub(crate) fn check(db: Db<'_>, requested: &Accounts) -> std::result::Result<(), OpenFailure> {
    match requested {
        Accounts::Mapped(table) => inspect(db, table).map(drop),
        Accounts::AsRecorded | Accounts::Own => Ok(()),
    }
}

/// Returns the table of the accounts. A requested mapping is recorded, so that every other program
/// that opens the database uses the same accounts.
pub(crate) fn bind(
    connection: &Connection,
    requested: &Accounts,
) -> std::result::Result<AccountsSource, OpenFailure> {
    let transaction =
        rusqlite::Transaction::new_unchecked(connection, rusqlite::TransactionBehavior::Immediate);
    let transaction = transaction.map_err(Failure::from)?;
    let source = bind_within(Db(&transaction), requested)?;
    transaction.commit().map_err(Failure::from)?;
    Ok(source)
}

fn bind_within(
    db: Db<'_>,
    requested: &Accounts,
) -> std::result::Result<AccountsSource, OpenFailure> {
    let recorded = recorded_mapping(db)?;
    let Some(table) = requested.resolve(recorded.as_ref())? else { return Ok(AccountsSource::Own) };
    let types = inspect(db, &table)?;
    if recorded.is_none() && db.exists("SELECT 1 FROM repass_accounts LIMIT 1", [])? {
        return Err(AccountsMismatch::HasOwnAccounts.into());
    }
    if recorded.as_ref() != Some(&table) {
        record_mapping(db, &table)?;
    }
    Ok(AccountsSource::Mapped(Box::new(MappedAccounts::new(table, types))))
}

fn recorded_mapping(db: Db<'_>) -> Result<Option<AccountsTable>> {
    let recorded = "SELECT mapping FROM repass_accounts_table WHERE id = 1";
    db.row(recorded, [], |row| Columns(row).json("mapping"))
}

fn record_mapping(db: Db<'_>, table: &AccountsTable) -> Result<()> {
    let mapping = serde_json::to_string(table).map_err(|_| damaged("mapping"))?;
    db.execute(
        "INSERT INTO repass_accounts_table (id, mapping) VALUES (1, ?1)
         ON CONFLICT (id) DO UPDATE SET mapping = excluded.mapping",
        [mapping],
    )
    .map(drop)
}

fn inspect(db: Db<'_>, table: &AccountsTable) -> std::result::Result<ColumnTypes, OpenFailure> {
    let mismatch = |problems| {
        let table = table.table.to_string();
        OpenFailure::from(AccountsMismatch::InvalidMapping { table, problems })
    };
    let name = table.table.table();
    if table.table.schema().is_some() {
        let reason = "SQLite has no schemas";
        return Err(mismatch(vec![ColumnProblem::new("table", &table.table, reason)]));
    }
    if name.as_str().to_ascii_lowercase().starts_with("repass_") {
        let reason = "the prefix repass_ is reserved; create a view with another name";
        return Err(mismatch(vec![ColumnProblem::new("table", name, reason)]));
    }
    let columns =
        db.rows("SELECT name, type FROM pragma_table_info(?1, 'main')", [name.as_str()], |row| {
            let (name, declared): (String, String) = (row.get(0)?, row.get(1)?);
            Ok(Column { kind: kind(&declared), name, declared, max_length: None })
        })?;
    let is_named = |name: &SqlName, column: &Column| name.eq_ignore_case(&column.name);
    table.check_columns(&columns, is_named).map_err(mismatch)
}

/// Applies the rules of column affinity (sqlite.org/datatype3.html, 3.1).
fn kind(declared: &str) -> ColumnKind {
    let declared = declared.to_ascii_uppercase();
    let has = |words: &[&str]| words.iter().any(|word| declared.contains(word));
    if has(&["INT"]) || declared.starts_with("BOOL") {
        ColumnKind::Integer
    } else if has(&["CHAR", "CLOB", "TEXT"]) {
        ColumnKind::Text
    } else if declared.is_empty() || has(&["BLOB", "REAL", "FLOA", "DOUB"]) {
        ColumnKind::Other
    } else {
        // NUMERIC affinity stores text that is not a number unchanged.
        ColumnKind::Text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_types_have_the_kind_of_their_affinity() {
        for (declared, expected) in [
            ("INTEGER", ColumnKind::Integer),
            ("bigint unsigned", ColumnKind::Integer),
            ("BOOLEAN", ColumnKind::Integer),
            ("varchar(255)", ColumnKind::Text),
            ("UUID", ColumnKind::Text),
            ("NUMERIC", ColumnKind::Text),
            ("BLOB", ColumnKind::Other),
            ("", ColumnKind::Other),
            ("DOUBLE PRECISION", ColumnKind::Other),
        ] {
            assert_eq!(kind(declared), expected, "{declared}");
        }
    }
}
