use std::borrow::Cow;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use crate::accounts_table::{SqlName, TableName};

/// What the databases spell differently. Everything else is written once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    /// PostgreSQL and what speaks like it. Nothing is used here that the distributed ones lack:
    /// no advisory locks, no `LISTEN`, no `LOCK TABLE`.
    Postgres,
}

/// What kind of failure a database's error code tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Two transactions met, and this one was undone.
    Conflict,
    /// The server gave up the connection, and with it what was under way on it.
    Disconnected,
    /// Somebody else holds what is needed, for now.
    Locked,
    Unavailable,
    Damaged,
    /// The server knows no such user, password or database, or does not let that user in.
    Login,
    Other,
}

impl Dialect {
    /// Opens a transaction that will write.
    pub(crate) const fn begin_write(self) -> &'static str {
        match self {
            // Takes the write lock at once. A transaction that reads first and asks for the lock
            // later fails without waiting when somebody else wrote in between.
            Self::Sqlite => "BEGIN IMMEDIATE",
            // Whatever is read to be changed is locked first, and every statement sees what was
            // committed before it. Engines with nothing but stricter levels may use those.
            Self::Postgres => "BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE",
        }
    }

    /// A `SELECT` whose rows nobody else may change before the transaction ends.
    pub(crate) fn locking(self, select: &str) -> SqlStr {
        match self {
            // The write transaction holds the whole database.
            Self::Sqlite => AssertSqlSafe(select.to_owned()).into_sql_str(),
            // As an update does. Rows that refer to these may be written meanwhile.
            Self::Postgres => AssertSqlSafe(format!("{select} FOR NO KEY UPDATE")).into_sql_str(),
        }
    }

    /// A `SELECT` whose rows nobody else may change before the transaction ends, without those that
    /// somebody else holds already.
    pub(crate) fn claiming(self, select: &str) -> SqlStr {
        match self {
            // The write transaction holds the whole database.
            Self::Sqlite => AssertSqlSafe(select.to_owned()).into_sql_str(),
            Self::Postgres => {
                AssertSqlSafe(format!("{select} FOR UPDATE SKIP LOCKED")).into_sql_str()
            }
        }
    }

    /// The collation that compares texts by their bytes.
    pub(crate) const fn bytewise(self) -> &'static str {
        match self {
            Self::Sqlite => "BINARY",
            Self::Postgres => "\"C\"",
        }
    }

    /// The schema that a mapped table stands in.
    pub(crate) fn schema_of(self, table: &TableName) -> SqlName {
        match (self, &table.schema) {
            (Self::Sqlite, _) => SqlName::known("main"),
            (Self::Postgres, None) => SqlName::known("public"),
            (Self::Postgres, Some(schema)) => schema.clone(),
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
                (3, "valid after", include_str!("../migrations/sqlite/0003_valid_after.sql")),
                (4, "accounts table", include_str!("../migrations/sqlite/0004_accounts_table.sql")),
                (
                    5,
                    "normalisation and pepper",
                    include_str!("../migrations/sqlite/0005_normalisation_and_pepper.sql"),
                ),
            ],
            Self::Postgres => &[
                (1, "initial", include_str!("../migrations/postgres/0001_initial.sql")),
                (
                    2,
                    "outbox delivery",
                    include_str!("../migrations/postgres/0002_outbox_delivery.sql"),
                ),
                (3, "valid after", include_str!("../migrations/postgres/0003_valid_after.sql")),
                (
                    4,
                    "accounts table",
                    include_str!("../migrations/postgres/0004_accounts_table.sql"),
                ),
                (
                    5,
                    "normalisation and pepper",
                    include_str!("../migrations/postgres/0005_normalisation_and_pepper.sql"),
                ),
            ],
        };
        let migration = |(version, name, sql): &(i64, &'static str, &'static str)| {
            let sql = sql.into_sql_str();
            Migration::new(*version, Cow::Borrowed(*name), MigrationType::Simple, sql, false)
        };
        let mut migrator = Migrator::with_migrations(files.iter().map(migration).collect());
        // sqlx would take an advisory lock on PostgreSQL, and none on SQLite.
        migrator.set_locking(false);
        migrator
    }

    /// The last version of the schema that is known.
    pub(crate) fn newest_version(self) -> i64 {
        self.migrations().iter().map(|migration| migration.version).max().unwrap_or_default()
    }

    /// What makes everybody else wait who is about to change the schema, until the transaction ends.
    pub(crate) const fn lock_schema(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("SELECT id FROM repass_schema_lock WHERE id = 1 FOR UPDATE"),
        }
    }

    /// What a database's own error code means to whoever waits for an answer.
    pub(crate) fn fault(self, code: &str) -> Fault {
        match self {
            Self::Sqlite => sqlite_fault(code),
            Self::Postgres => postgres_fault(code),
        }
    }
}

/// By the low byte of SQLite's extended codes; see sqlite.org/rescode.html.
fn sqlite_fault(code: &str) -> Fault {
    match code.parse::<i32>().map(|code| code & 0xff) {
        // BUSY, LOCKED, PROTOCOL
        Ok(5 | 6 | 15) => Fault::Locked,
        // NOMEM, IOERR, FULL, CANTOPEN
        Ok(7 | 10 | 13 | 14) => Fault::Unavailable,
        // CORRUPT, NOTADB
        Ok(11 | 26) => Fault::Damaged,
        _ => Fault::Other,
    }
}

/// By the SQLSTATE; see appendix A, "PostgreSQL Error Codes", of its manual.
fn postgres_fault(code: &str) -> Fault {
    match code {
        // serialization_failure, deadlock_detected
        "40001" | "40P01" => Fault::Conflict,
        // admin_shutdown, crash_shutdown, idle_session_timeout,
        // idle_in_transaction_session_timeout, statement_completion_unknown
        "57P01" | "57P02" | "57P05" | "25P03" | "40003" => Fault::Disconnected,
        // lock_not_available
        "55P03" => Fault::Locked,
        // cannot_connect_now, query_canceled by a time-out, read_only_sql_transaction (a standby
        // that is about to take over), io_error
        "57P03" | "57014" | "25006" | "58030" => Fault::Unavailable,
        // data_corrupted, index_corrupted
        "XX001" | "XX002" => Fault::Damaged,
        // invalid_catalog_name
        "3D000" => Fault::Login,
        // connection exceptions; insufficient resources, such as too_many_connections and
        // disk_full; invalid authorization
        _ => match code.get(..2) {
            Some("08") => Fault::Disconnected,
            Some("53") => Fault::Unavailable,
            Some("28") => Fault::Login,
            _ => Fault::Other,
        },
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

    #[test]
    fn postgres_codes_are_told_by_code_or_class() {
        for (code, fault) in [
            ("40001", Fault::Conflict),
            ("40P01", Fault::Conflict),
            ("57P01", Fault::Disconnected),
            ("08006", Fault::Disconnected),
            ("55P03", Fault::Locked),
            ("57P03", Fault::Unavailable),
            ("53300", Fault::Unavailable),
            ("53100", Fault::Unavailable),
            ("XX001", Fault::Damaged),
            ("28P01", Fault::Login),
            ("3D000", Fault::Login),
            // unique_violation, undefined_table, nothing, not a code at all
            ("23505", Fault::Other),
            ("42P01", Fault::Other),
            ("", Fault::Other),
            ("é", Fault::Other),
        ] {
            assert_eq!(Dialect::Postgres.fault(code), fault, "{code}");
        }
    }

    #[test]
    fn the_schemas_of_both_have_the_same_versions() {
        let versions = |dialect: Dialect| {
            let migrations = dialect.migrations();
            let named = |migration: &Migration| (migration.version, migration.description.clone());
            migrations.iter().map(named).collect::<Vec<_>>()
        };
        assert_eq!(versions(Dialect::Sqlite), versions(Dialect::Postgres));
    }
}
