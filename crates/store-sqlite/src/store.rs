use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::{fmt, mem, thread};

use repass_core::{OperationMeter, StoreError, StoreStatus};
use rusqlite::Connection;
use tokio::sync::oneshot;
use tracing::Instrument;

use crate::accounts::AccountsSource;
use crate::connection::{self, Db};
use crate::failure::{Failure, Result};
use crate::file::OpenedFile;
use crate::queue::Queue;
use crate::readiness::Readiness;
use crate::writer::{Durability, Outcome, Writer};
use crate::{readers, writer};

/// The number of reader threads, each with a connection.
const READERS: usize = 4;

/// A store in a SQLite file, which implements all ports of the engine.
///
/// Clones share their threads and connections, which are closed when the last clone is dropped.
#[derive(Clone)]
pub struct SqliteStore {
    inner: Arc<Inner>,
}

struct Inner {
    file: OpenedFile,
    accounts: Arc<AccountsSource>,
    schema_ahead: bool,
    writes: Arc<Queue<writer::Job>>,
    reads: Arc<Queue<readers::Job>>,
    readiness: Readiness,
    read_meter: OperationMeter,
    write_meter: OperationMeter,
    /// The end of each thread, the writer's last. Taken by [`close`](SqliteStore::close).
    ends: Mutex<Vec<oneshot::Receiver<Result<()>>>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.reads.close();
        self.writes.close();
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.path()).finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// Starts the threads for a file with a supported schema.
    pub(crate) fn start(
        connection: Connection,
        file: OpenedFile,
        accounts: Arc<AccountsSource>,
        schema_ahead: bool,
    ) -> Result<Self> {
        let (writes, reads) = (Arc::new(Queue::new()), Arc::new(Queue::new()));
        let path = file.path().to_owned();
        let mut inner = Inner {
            file: file.clone(),
            accounts,
            schema_ahead,
            writes: Arc::clone(&writes),
            reads: Arc::clone(&reads),
            readiness: Readiness::default(),
            read_meter: OperationMeter::default(),
            write_meter: OperationMeter::default(),
            ends: Mutex::default(),
        };
        let mut ends = Vec::new();
        for _ in 0..READERS {
            let reader = connection::open(&path)?;
            reader.execute_batch("PRAGMA query_only = ON")?;
            let reads = Arc::clone(&reads);
            let read = move || {
                readers::run(&reader, &reads);
                Ok(())
            };
            ends.push(spawn("repass-sqlite-read", read)?);
        }
        let writer = Writer::new(connection, file, writes)?;
        ends.push(spawn("repass-sqlite-write", || writer.run())?);
        inner.ends = Mutex::new(ends);
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Returns the absolute path of the file.
    pub fn path(&self) -> &Path {
        self.inner.file.path()
    }

    /// Returns whether the accounts are in the store's own table, and not in one of another
    /// application ([`AccountsTable`](crate::AccountsTable)).
    pub fn keeps_accounts(&self) -> bool {
        self.inner.accounts.keeps_accounts()
    }

    /// Returns whether the schema is one version newer than this program, which should be upgraded.
    pub fn schema_ahead(&self) -> bool {
        self.inner.schema_ahead
    }

    /// Returns the counts of operations. A write includes its commit.
    pub fn status(&self) -> StoreStatus {
        StoreStatus::new(&self.inner.read_meter, &self.inner.write_meter)
    }

    /// Waits for waiting and running calls, checkpoints the write-ahead log and closes all
    /// connections, including those of clones. Later calls fail with [`StoreError::Unavailable`].
    ///
    /// A store that is not closed loses nothing.
    ///
    /// # Errors
    /// When the checkpoint failed, or the store is already closed.
    pub async fn close(&self) -> std::result::Result<(), StoreError> {
        let mut ends =
            mem::take(&mut *self.inner.ends.lock().unwrap_or_else(PoisonError::into_inner));
        let writer = ends.pop().ok_or_else(|| self.error(Failure::Closed))?;
        self.inner.reads.close();
        for reader in ends {
            let _ = reader.await;
        }
        // The last connection to close removes the log, which a read-only connection cannot.
        self.inner.writes.close();
        let ended = writer.await.unwrap_or(Err(Failure::Closed));
        ended.map_err(|failure| self.error(failure))
    }

    pub(crate) fn accounts(&self) -> Arc<AccountsSource> {
        Arc::clone(&self.inner.accounts)
    }

    pub(crate) fn file(&self) -> &OpenedFile {
        &self.inner.file
    }

    pub(crate) fn readiness(&self) -> &Readiness {
        &self.inner.readiness
    }

    /// Runs a job that reads.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(Db<'_>) -> Result<T> + Send + 'static,
    ) -> std::result::Result<T, StoreError> {
        let (job, answer) = readers::Job::new(work);
        self.inner.reads.push(job);
        let span = tracing::trace_span!(target: "repass::trace", "store.read");
        self.inner.read_meter.measure(self.answered(answer)).instrument(span).await
    }

    /// Runs a job that writes, and returns when its transaction is durable.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(Db<'_>) -> Result<Outcome<T>> + Send + 'static,
    ) -> std::result::Result<T, StoreError> {
        self.write_as(Durability::Immediate, work).await
    }

    /// Runs a job that writes, without waiting for the sync: a power failure may undo its
    /// transaction.
    pub(crate) async fn write_unsynced<T: Send + 'static>(
        &self,
        work: impl FnOnce(Db<'_>) -> Result<Outcome<T>> + Send + 'static,
    ) -> std::result::Result<T, StoreError> {
        self.write_as(Durability::Eventual, work).await
    }

    pub(crate) async fn write_as<T: Send + 'static>(
        &self,
        durability: Durability,
        work: impl FnOnce(Db<'_>) -> Result<Outcome<T>> + Send + 'static,
    ) -> std::result::Result<T, StoreError> {
        let (job, answer) = writer::Job::new(durability, work);
        self.inner.writes.push(job);
        let span = tracing::trace_span!(target: "repass::trace", "store.write");
        self.inner.write_meter.measure(self.answered(answer)).instrument(span).await
    }

    async fn answered<T>(
        &self,
        answer: oneshot::Receiver<Result<T>>,
    ) -> std::result::Result<T, StoreError> {
        let result = answer.await.unwrap_or(Err(Failure::Closed));
        result.map_err(|failure| self.error(failure))
    }

    pub(crate) fn error(&self, failure: Failure) -> StoreError {
        failure.into_store_error(self.path())
    }
}

/// Starts a thread, and returns the receiver of its result.
fn spawn(
    name: &str,
    run: impl FnOnce() -> Result<()> + Send + 'static,
) -> Result<oneshot::Receiver<Result<()>>> {
    let (ended, end) = oneshot::channel();
    let spawned = thread::Builder::new().name(name.to_owned()).spawn(move || {
        let _ = ended.send(run());
    });
    spawned.map(|_| end).map_err(|_| Failure::Unstorable("a thread could not be started"))
}
