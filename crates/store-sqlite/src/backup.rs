use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{io, thread};

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use tokio::sync::oneshot;

use crate::connection;
use crate::failure::Failure;
use crate::file::{parent_folder, sync_folder};
use crate::store::SqliteStore;

/// Pages copied per step, about 4 MiB.
const STEP: i32 = 1000;

/// A backup failed. No backup file was created.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The file exists. It is never overwritten.
    #[error("{} exists already; choose another name", .0.display())]
    Exists(PathBuf),
    /// The file cannot be written.
    #[error("the backup {} cannot be written", .path.display())]
    File {
        /// The backup file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The database cannot be read.
    #[error("the database {} cannot be copied", .path.display())]
    Database {
        /// The database file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl SqliteStore {
    /// Copies a snapshot of the database to a new file while the database is in use. The file gets
    /// its name when it is complete and synced. It is readable and writable by its owner only (mode
    /// 0600).
    ///
    /// # Errors
    /// When the file exists, or cannot be written, or the database cannot be read.
    pub async fn backup(&self, to: impl AsRef<Path>) -> Result<(), BackupError> {
        let (from, to) = (self.path().to_owned(), to.as_ref().to_owned());
        let (copied, answer) = oneshot::channel();
        let spawned = thread::Builder::new().name("repass-sqlite-copy".to_owned()).spawn({
            let (from, to) = (from.clone(), to);
            move || {
                let _ = copied.send(copy(&from, &to));
            }
        });
        let failed = |source| Err(BackupError::Database { path: from, source });
        match spawned {
            Err(error) => failed(error.into()),
            Ok(_) => match answer.await {
                Ok(copied) => copied,
                Err(error) => failed(error.into()),
            },
        }
    }
}

fn copy(from: &Path, to: &Path) -> Result<(), BackupError> {
    let unwritable = |source| BackupError::File { path: to.to_owned(), source };
    let unreadable = |failure: Failure| BackupError::Database {
        path: from.to_owned(),
        source: failure.into_store_error(from).into(),
    };
    // An early check; persist_noclobber also handles a file that is created meanwhile.
    if to.symlink_metadata().is_ok() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let folder = parent_folder(to);
    let temporary = tempfile::Builder::new().prefix(".repass-backup-").tempfile_in(folder);
    let temporary = temporary.map_err(unwritable)?;
    let source = connection::open(from).map_err(unreadable)?;
    let mut target =
        Connection::open(temporary.path()).map_err(|error| unreadable(error.into()))?;
    copy_pages(&source, &mut target).map_err(unreadable)?;
    drop(target);

    temporary.as_file().sync_all().map_err(unwritable)?;
    match temporary.persist_noclobber(to) {
        Ok(_) => sync_folder(folder).map_err(unwritable),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            Err(BackupError::Exists(to.to_owned()))
        }
        Err(error) => Err(unwritable(error.error)),
    }
}

fn copy_pages(source: &Connection, target: &mut Connection) -> Result<(), Failure> {
    // One read transaction for the whole copy: otherwise each commit of another connection restarts
    // it.
    source.execute_batch("BEGIN; SELECT 1 FROM main.sqlite_schema LIMIT 1")?;
    let backup = Backup::new(source, target)?;
    loop {
        match backup.step(STEP)? {
            StepResult::Done => break,
            StepResult::More => {}
            _ => thread::sleep(Duration::from_millis(1)),
        }
    }
    drop(backup);
    Ok(source.execute_batch("COMMIT")?)
}
