//! Schema versions and migrations.

use rusqlite::Connection;

use crate::connection::Db;
use crate::failure::Result;

/// The name and the statements of each version, oldest first.
const MIGRATIONS: &[(&str, &str)] = &[("initial", include_str!("../migrations/0001_initial.sql"))];

/// The newest schema version known.
pub(crate) const KNOWN: i64 = 1;

/// Returns the schema version of the file; 0 without a schema.
pub(crate) fn version(db: Db<'_>) -> Result<i64> {
    let table =
        "SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = 'repass_migrations'";
    if !db.exists(table, [])? {
        return Ok(0);
    }
    let newest = "SELECT COALESCE(MAX(version), 0) FROM repass_migrations";
    Ok(db.row(newest, [], |row| Ok(row.get(0)?))?.unwrap_or_default())
}

/// Applies all missing versions in one transaction, so that concurrent programs do not apply them
/// twice and a failure leaves the schema unchanged.
pub(crate) fn migrate(connection: &Connection) -> Result<()> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let applied = apply(connection);
    connection.execute_batch(if applied.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    applied
}

fn apply(connection: &Connection) -> Result<()> {
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS repass_migrations (
             version    INTEGER NOT NULL PRIMARY KEY,
             name       TEXT    NOT NULL,
             applied_at INTEGER NOT NULL -- microseconds since the Unix epoch
         ) STRICT",
    )?;
    let db = Db(connection);
    let found = version(db)?;
    for (version, (name, statements)) in (1..).zip(MIGRATIONS) {
        if version > found {
            connection.execute_batch(statements)?;
            let insert = "INSERT INTO repass_migrations (version, name, applied_at)
                          VALUES (?1, ?2, CAST(unixepoch('subsec') * 1000000 AS INTEGER))";
            db.execute(insert, (version, name))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_migration_file_is_applied() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        assert_eq!(fs::read_dir(folder).unwrap().count(), MIGRATIONS.len());
        assert_eq!(i64::try_from(MIGRATIONS.len()), Ok(KNOWN));
    }

    /// Proves E2.
    #[test]
    fn e2_every_table_and_index_has_our_prefix() {
        let connection = Connection::open_in_memory().unwrap();
        migrate(&connection).unwrap();
        let names = "SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
        let names = Db(&connection).rows(names, [], |row| Ok(row.get::<_, String>(0)?)).unwrap();
        assert!(names.len() > 20);
        assert!(names.iter().all(|name| name.starts_with("repass_")), "{names:?}");
    }
}
