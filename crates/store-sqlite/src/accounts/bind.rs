//! Finding out where the accounts are, and whether the table fits that they are said to be in.

use repass_accounts_table::{
    Accounts, AccountsMismatch, AccountsTable, Column, ColumnKind, ColumnProblem, Fit, SqlName,
};
use rusqlite::Connection;

use super::AccountsSource;
use super::mapped::MappedAccounts;
use crate::connection::Db;
use crate::failure::{Failure, Result, damaged};
use crate::open::OpenFailure;
use crate::row::Columns;

/// Checks that a table that is asked for fits, before anything of our own is made.
pub(crate) fn check(db: Db<'_>, wanted: &Accounts) -> std::result::Result<(), OpenFailure> {
    match wanted {
        Accounts::In(table) => inspect(db, table).map(drop),
        Accounts::AsNoted | Accounts::Own => Ok(()),
    }
}

/// Where the accounts are, once the schema is usable. A table that is asked for is noted, so that
/// every other program that opens the database finds the same accounts.
pub(crate) fn bind(
    connection: &Connection,
    wanted: &Accounts,
) -> std::result::Result<AccountsSource, OpenFailure> {
    let transaction =
        rusqlite::Transaction::new_unchecked(connection, rusqlite::TransactionBehavior::Immediate);
    let transaction = transaction.map_err(Failure::from)?;
    let source = bind_within(Db(&transaction), wanted)?;
    transaction.commit().map_err(Failure::from)?;
    Ok(source)
}

fn bind_within(db: Db<'_>, wanted: &Accounts) -> std::result::Result<AccountsSource, OpenFailure> {
    let noted = noted_table(db)?;
    let Some(table) = wanted.resolve(noted.as_ref())? else { return Ok(AccountsSource::Own) };
    let fit = inspect(db, &table)?;
    if noted.is_none() && db.exists("SELECT 1 FROM repass_accounts LIMIT 1", [])? {
        return Err(AccountsMismatch::OwnAccounts.into());
    }
    if noted.as_ref() != Some(&table) {
        note(db, &table)?;
    }
    Ok(AccountsSource::Mapped(Box::new(MappedAccounts::new(table, fit))))
}

fn noted_table(db: Db<'_>) -> Result<Option<AccountsTable>> {
    let noted = "SELECT mapping FROM repass_accounts_table WHERE id = 1";
    db.row(noted, [], |row| Columns(row).json("mapping"))
}

fn note(db: Db<'_>, table: &AccountsTable) -> Result<()> {
    let mapping = serde_json::to_string(table).map_err(|_| damaged("mapping"))?;
    db.execute(
        "INSERT INTO repass_accounts_table (id, mapping) VALUES (1, ?1)
         ON CONFLICT (id) DO UPDATE SET mapping = excluded.mapping",
        [mapping],
    )
    .map(drop)
}

fn inspect(db: Db<'_>, table: &AccountsTable) -> std::result::Result<Fit, OpenFailure> {
    let misfit = |problems| {
        let table = table.table.to_string();
        OpenFailure::from(AccountsMismatch::DoesNotFit { table, problems })
    };
    let name = table.table.table();
    if table.table.schema().is_some() {
        let reason = "SQLite has no schemas";
        return Err(misfit(vec![ColumnProblem::new("table", &table.table, reason)]));
    }
    if name.as_str().to_ascii_lowercase().starts_with("repass_") {
        let reason = "tables of this name are repass's own; give it a view of another name";
        return Err(misfit(vec![ColumnProblem::new("table", name, reason)]));
    }
    let columns =
        db.rows("SELECT name, type FROM pragma_table_info(?1, 'main')", [name.as_str()], |row| {
            let (name, declared): (String, String) = (row.get(0)?, row.get(1)?);
            Ok(Column { kind: kind(&declared), name, declared, max_length: None })
        })?;
    let is_named = |name: &SqlName, column: &Column| name.eq_ignore_case(&column.name);
    table.fit(&columns, is_named).map_err(misfit)
}

/// By the rules of column affinity: sqlite.org/datatype3.html, 3.1.
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
        // Numbers are kept as numbers, everything else as the text it is.
        ColumnKind::Text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_told_by_their_affinity() {
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
