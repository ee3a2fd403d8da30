use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags, Params, Row};

use crate::failure::{Failure, Result};

/// The maximum wait for a lock of another process.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(5);

/// The pause between two tries to get a lock. SQLite's own busy handler sleeps up to 100 ms and
/// would miss the short gaps between the transactions of a busy process.
const PAUSE: Duration = Duration::from_millis(1);

/// More than the number of statements.
const CACHED_STATEMENTS: usize = 128;

/// `secure_delete` overwrites deleted hashes with zeros. The write-ahead log is checkpointed every
/// 4,000 pages (16 MiB), and truncated to that size if a long read let it grow.
const PRAGMAS: &str = "PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;
                       PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 16777216;
                       PRAGMA wal_autocheckpoint = 4000";

/// Opens an existing file.
pub(crate) fn open(path: &Path) -> Result<Connection> {
    // Without SQLITE_OPEN_URI, so that a path such as `file:x` is a path.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_handler(Some(|tries| {
        let pauses = MAX_WAIT.as_millis() / PAUSE.as_millis();
        thread::sleep(PAUSE);
        u128::try_from(tries).is_ok_and(|tries| tries < pauses)
    }))?;
    connection.execute_batch(PRAGMAS)?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    Ok(connection)
}

/// Switches the file to write-ahead mode, and returns its journal mode: not `wal` if the log cannot
/// be used.
pub(crate) fn enable_write_ahead_log(connection: &Connection) -> Result<String> {
    let begun = Instant::now();
    loop {
        let switched =
            connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0));
        match switched.map_err(Failure::from) {
            // SQLite fails without waiting while another process does the same.
            Err(Failure::Sqlite(reported))
                if reported.code == rusqlite::ErrorCode::DatabaseBusy
                    && begun.elapsed() < MAX_WAIT =>
            {
                thread::sleep(PAUSE);
            }
            switched => return switched,
        }
    }
}

/// A connection inside a transaction, on the thread that owns it.
#[derive(Clone, Copy)]
pub(crate) struct Db<'c>(pub(crate) &'c Connection);

impl Db<'_> {
    /// Runs a statement and returns the number of changed rows.
    pub(crate) fn execute(self, sql: &str, params: impl Params) -> Result<usize> {
        Ok(self.0.prepare_cached(sql)?.execute(params)?)
    }

    /// Returns the first row of a query.
    pub(crate) fn row<T>(
        self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        let mut statement = self.0.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        rows.next()?.map(read).transpose()
    }

    /// Returns all rows of a query.
    pub(crate) fn rows<T>(
        self,
        sql: &str,
        params: impl Params,
        read: impl Fn(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut statement = self.0.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read(row)?);
        }
        Ok(found)
    }

    /// Returns whether a query returns a row.
    pub(crate) fn exists(self, sql: &str, params: impl Params) -> Result<bool> {
        Ok(self.0.prepare_cached(sql)?.exists(params)?)
    }
}
