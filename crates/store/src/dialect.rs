use std::borrow::Cow;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{SqlSafeStr, SqlStr};

/// What the databases spell differently. Everything else is written once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
}

/// What kind of failure a database's error code tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Somebody else holds what is needed, for now.
    Locked,
    Unavailable,
    Damaged,
    Other,
}

impl Dialect {
    /// Opens a transaction that will write.
    pub(crate) const fn begin_write(self) -> &'static str {
        match self {
            // Takes the write lock at once. A transaction that reads first and asks for the lock
            // later fails without waiting when somebody else wrote in between.
            Self::Sqlite => "BEGIN IMMEDIATE",
        }
    }

    /// A `SELECT` whose rows nobody else may change before the transaction ends.
    pub(crate) fn locking(self, select: &'static str) -> SqlStr {
        match self {
            // The write transaction holds the whole database.
            Self::Sqlite => select.into_sql_str(),
        }
    }

    /// A `SELECT` whose rows nobody else may change before the transaction ends, without those that
    /// somebody else holds already.
    pub(crate) fn claiming(self, select: &'static str) -> SqlStr {
        match self {
            // The write transaction holds the whole database.
            Self::Sqlite => select.into_sql_str(),
        }
    }

    /// The versions of the schema, oldest first.
    pub(crate) fn migrations(self) -> Migrator {
        let files: &[(i64, &str, &'static str)] = match self {
            Self::Sqlite => &[
                (1, "initial", include_str!("../migrations/sqlite/0001_initial.sql")),
                (
                    2,
                    "outbox delivery",
                    include_str!("../migrations/sqlite/0002_outbox_delivery.sql"),
                ),
            ],
        };
        let migration = |(version, name, sql): &(i64, &'static str, &'static str)| {
            let sql = sql.into_sql_str();
            Migration::new(*version, Cow::Borrowed(*name), MigrationType::Simple, sql, false)
        };
        Migrator::with_migrations(files.iter().map(migration).collect())
    }

    /// What a database's own error code means to whoever waits for an answer.
    pub(crate) fn fault(self, code: &str) -> Fault {
        match self {
            // The low byte of SQLite's extended codes; see sqlite.org/rescode.html.
            Self::Sqlite => match code.parse::<i32>().map(|code| code & 0xff) {
                // BUSY, LOCKED, PROTOCOL
                Ok(5 | 6 | 15) => Fault::Locked,
                // NOMEM, IOERR, FULL, CANTOPEN
                Ok(7 | 10 | 13 | 14) => Fault::Unavailable,
                // CORRUPT, NOTADB
                Ok(11 | 26) => Fault::Damaged,
                _ => Fault::Other,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_codes_are_told_by_their_low_byte() {
        // SQLITE_BUSY, SQLITE_BUSY_SNAPSHOT, SQLITE_LOCKED_SHAREDCACHE
        for code in ["5", "517", "262"] {
            assert_eq!(Dialect::Sqlite.fault(code), Fault::Locked, "{code}");
        }
        // SQLITE_IOERR_FSYNC, SQLITE_FULL
        for code in ["1034", "13"] {
            assert_eq!(Dialect::Sqlite.fault(code), Fault::Unavailable, "{code}");
        }
        assert_eq!(Dialect::Sqlite.fault("11"), Fault::Damaged);
        // SQLITE_CONSTRAINT_UNIQUE, SQLITE_ERROR, not a code at all
        for code in ["2067", "1", "40001x"] {
            assert_eq!(Dialect::Sqlite.fault(code), Fault::Other, "{code}");
        }
    }
}
