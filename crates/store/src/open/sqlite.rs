//! A SQLite file, its connections, its write-ahead log.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, percent_encode};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions, install_default_drivers};
use sqlx::{ConnectOptions, Connection, Executor};

use super::accounts::{self, Unbound};
use super::{Accounts, LONGEST_WAIT, OpenError, migrate, schema_error};
use crate::connections::{Connections, Kept};
use crate::dialect::{Dialect, Fault};
use crate::store::SqlStore;

/// Connections for reading.
const READERS: u32 = 4;

/// How long to wait between looking whether a locked database is free, where SQLite itself does not
/// wait.
const PAUSE: Duration = Duration::from_millis(10);

/// Every connection must have these. `secure_delete` overwrites pruned hashes with zeros.
const CONNECTION: &str = "PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON; \
                          PRAGMA synchronous = FULL; PRAGMA secure_delete = ON";

/// As [`CONNECTION`], and a slip that writes past the one writer fails.
const READER_CONNECTION: &str = "PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON; \
                                 PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; \
                                 PRAGMA query_only = ON";

pub(super) async fn open(
    path: &Path,
    create: bool,
    wanted: &Accounts,
) -> Result<SqlStore, OpenError> {
    let path = existing_file(path, create)?;
    let options = connect_options(&path)?;
    install_default_drivers();

    // Before any pool, so that no pooled connection meets a file without log and schema.
    let mut connection = options.connect().await.map_err(|error| opening(error, &path))?;
    write_ahead(&mut connection).await.map_err(|failure| match failure {
        Journal::Failed(error) => opening(error, &path),
        Journal::Refused(mode) => OpenError::NoWriteAheadLog(mode),
    })?;
    connection.execute(CONNECTION).await.map_err(|error| opening(error, &path))?;
    let unbound = |unbound| match unbound {
        Unbound::Sql(error) => opening(error, &path),
        Unbound::Refused(error) => error,
    };
    accounts::check(Dialect::Sqlite, &mut connection, wanted).await.map_err(unbound)?;
    let migrated = migrate(Dialect::Sqlite, &mut connection).await;
    migrated.map_err(|error| schema_error(Dialect::Sqlite, error))?;

    let source = accounts::bind(Dialect::Sqlite, &mut connection, wanted).await.map_err(unbound)?;

    let connections = |size: u32, pragmas: &'static str| {
        let pool = AnyPoolOptions::new()
            .max_connections(size)
            .acquire_timeout(LONGEST_WAIT)
            // A connection to a file does not go stale.
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
            .after_connect(move |connection, _| {
                Box::pin(async move { connection.execute(pragmas).await.map(drop) })
            })
            .connect_lazy_with(options.clone());
        Connections::Kept(Arc::new(Kept::new(pool, LONGEST_WAIT)))
    };
    let store = SqlStore {
        dialect: Dialect::Sqlite,
        writer: connections(1, CONNECTION),
        readers: connections(READERS, READER_CONNECTION),
        accounts: Arc::new(source),
    };
    // The last connection of a process deletes the log when it goes; let the writer be there first.
    store.writer.lend().await.map_err(|error| opening(error, &path))?.give_back();
    connection.close().await.map_err(|error| opening(error, &path))?;
    Ok(store)
}

/// The full path of the database file, which is there afterwards.
fn existing_file(path: &Path, create: bool) -> Result<PathBuf, OpenError> {
    let name = path.file_name().ok_or(OpenError::InvalidPath)?;
    let folder = folder_of(path);
    let full = match fs::canonicalize(folder) {
        Ok(folder) => folder.join(name),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(OpenError::MissingFolder(folder.to_owned()));
        }
        Err(source) => return Err(OpenError::File { path: folder.to_owned(), source }),
    };

    // A file that is there is not opened: closing it again would take away the locks that SQLite
    // holds on it elsewhere in this process.
    match fs::metadata(&full) {
        Ok(found) if found.is_dir() => {
            Err(OpenError::File { path: full, source: io::ErrorKind::IsADirectory.into() })
        }
        Ok(_) => Ok(full),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if !create {
                return Err(OpenError::MissingFile(full));
            }
            match new_file(&full) {
                Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
                    Err(OpenError::File { path: full, source })
                }
                // Somebody else may have made it meanwhile.
                _ => Ok(full),
            }
        }
        Err(source) => Err(OpenError::File { path: full, source }),
    }
}

pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn new_file(path: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

fn connect_options(path: &Path) -> Result<AnyConnectOptions, OpenError> {
    let options = AnyConnectOptions::from_str(&format!("sqlite:{}?mode=rw", encoded(path)?))
        .map_err(|error| OpenError::Database(error.into()))?;
    // Not even on a debug level: statements say which account does what.
    Ok(options.disable_statement_logging())
}

pub(super) fn encoded(path: &Path) -> Result<PercentEncode<'_>, OpenError> {
    /// What stands for itself, so that a URL can be read by people.
    const SET: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'_').remove(b'-');
    let path = path.to_str().ok_or(OpenError::InvalidPath)?;
    Ok(percent_encode(path.as_bytes(), SET))
}

enum Journal {
    Refused(String),
    Failed(sqlx::Error),
}

/// Switches the write-ahead log on. The file remembers it.
async fn write_ahead(connection: &mut sqlx::AnyConnection) -> Result<(), Journal> {
    let mut waited = Duration::ZERO;
    loop {
        let switch = sqlx::query_scalar("PRAGMA journal_mode = WAL");
        match switch.fetch_one(&mut *connection).await {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(mode) => return Err(Journal::Refused(mode)),
            // SQLite refuses at once when another process is just doing the same.
            Err(error) if fault(&error) == Fault::Locked && waited < LONGEST_WAIT => {
                tokio::time::sleep(PAUSE).await;
                waited += PAUSE;
            }
            Err(error) => return Err(Journal::Failed(error)),
        }
    }
}

fn fault(error: &sqlx::Error) -> Fault {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.map_or(Fault::Other, |code| Dialect::Sqlite.fault(&code))
}

fn opening(error: sqlx::Error, path: &Path) -> OpenError {
    match fault(&error) {
        Fault::Damaged => OpenError::NoDatabase(path.to_owned()),
        _ => OpenError::Database(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::connections::Lent;

    async fn setting(connections: &Connections, size: u32, name: &'static str) -> Vec<String> {
        let mut lent = Vec::new();
        for _ in 0..size {
            lent.push(connections.lend().await.unwrap());
        }
        let mut values = Vec::new();
        for connection in &mut lent {
            // As text, since some settings are texts and some numbers.
            let select = format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}");
            let select = sqlx::query_scalar(sqlx::AssertSqlSafe(select));
            values.push(select.fetch_one(&mut **connection).await.unwrap());
        }
        assert!(connections.lend().now_or_never().is_none(), "no more than {size}");
        lent.into_iter().for_each(Lent::give_back);
        values.dedup();
        values
    }

    #[tokio::test]
    async fn every_connection_is_durable_and_strict() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("repass.db").display());
        let store = SqlStore::open(&url).await.unwrap();
        for (connections, size) in [(&store.writer, 1), (&store.readers, READERS)] {
            for (name, value) in [
                ("journal_mode", "wal"),
                ("synchronous", "2"),
                ("foreign_keys", "1"),
                ("secure_delete", "1"),
            ] {
                assert_eq!(setting(connections, size, name).await, [value], "{name}");
            }
        }
        let mut reader = store.readers.lend().await.unwrap();
        let slip = reader.execute("DELETE FROM accounts").await;
        assert!(slip.is_err(), "readers only read");
    }
}
