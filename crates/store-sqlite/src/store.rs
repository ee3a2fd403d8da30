use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::{fmt, mem, thread};

use repass_core::StoreError;
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::accounts::AccountsSource;
use crate::connection::{self, Db};
use crate::failure::{Failure, Result};
use crate::file::FileWatch;
use crate::queue::Queue;
use crate::readiness::Readiness;
use crate::writer::{Durability, Outcome, Writer};
use crate::{readers, writer};

/// Connections for reading.
const READERS: usize = 4;

/// Every port of the engine on one SQLite file.
///
/// Clones share their threads and connections, which end with the last clone.
#[derive(Clone)]
pub struct SqliteStore {
    inner: Arc<Inner>,
}

struct Inner {
    watch: FileWatch,
    accounts: Arc<AccountsSource>,
    schema_ahead: bool,
    writes: Arc<Queue<writer::Job>>,
    reads: Arc<Queue<readers::Job>>,
    readiness: Readiness,
    /// By which each thread reports its end, the writer's last; taken by the one that closes.
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
    /// Starts the threads over a file whose schema is usable.
    pub(crate) fn start(
        connection: Connection,
        watch: FileWatch,
        accounts: Arc<AccountsSource>,
        schema_ahead: bool,
    ) -> Result<Self> {
        let (writes, reads) = (Arc::new(Queue::new()), Arc::new(Queue::new()));
        let path = watch.path().to_owned();
        let mut inner = Inner {
            watch: watch.clone(),
            accounts,
            schema_ahead,
            writes: Arc::clone(&writes),
            reads: Arc::clone(&reads),
            readiness: Readiness::default(),
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
        let writer = Writer::new(connection, watch, writes)?;
        ends.push(spawn("repass-sqlite-write", || writer.run())?);
        inner.ends = Mutex::new(ends);
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The full path of the file.
    pub fn path(&self) -> &Path {
        self.inner.watch.path()
    }

    /// Whether the accounts are in the store's own tables, and not in one of another application
    /// ([`AccountsTable`](crate::AccountsTable)), which reads the hashes, too.
    pub fn keeps_accounts(&self) -> bool {
        self.inner.accounts.keeps_accounts()
    }

    /// Whether the schema is one version ahead of this program: it was migrated by the next version,
    /// and this program should be upgraded.
    pub fn schema_ahead(&self) -> bool {
        self.inner.schema_ahead
    }

    /// Waits for the calls that are waiting or under way, moves the write-ahead log into the file and
    /// closes all connections, those of clones, too. Later calls report [`StoreError::Unavailable`].
    ///
    /// Nothing is lost without it.
    ///
    /// # Errors
    /// When the write-ahead log could not be moved, or the store is closed already.
    pub async fn close(&self) -> std::result::Result<(), StoreError> {
        let mut ends =
            mem::take(&mut *self.inner.ends.lock().unwrap_or_else(PoisonError::into_inner));
        let writer = ends.pop().ok_or_else(|| self.error(Failure::Closed))?;
        self.inner.reads.close();
        for reader in ends {
            let _ = reader.await;
        }
        // The last connection removes the log, which only the writer's can.
        self.inner.writes.close();
        let ended = writer.await.unwrap_or(Err(Failure::Closed));
        ended.map_err(|failure| self.error(failure))
    }

    pub(crate) fn accounts(&self) -> Arc<AccountsSource> {
        Arc::clone(&self.inner.accounts)
    }

    pub(crate) fn watch(&self) -> &FileWatch {
        &self.inner.watch
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
        self.answered(answer).await
    }

    /// Runs a job that writes, and returns when it is durable.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(Db<'_>) -> Result<Outcome<T>> + Send + 'static,
    ) -> std::result::Result<T, StoreError> {
        self.write_as(Durability::Power, work).await
    }

    /// Runs a job that writes something which a power failure may undo.
    pub(crate) async fn write_lightly<T: Send + 'static>(
        &self,
        work: impl FnOnce(Db<'_>) -> Result<Outcome<T>> + Send + 'static,
    ) -> std::result::Result<T, StoreError> {
        self.write_as(Durability::Process, work).await
    }

    async fn write_as<T: Send + 'static>(
        &self,
        durability: Durability,
        work: impl FnOnce(Db<'_>) -> Result<Outcome<T>> + Send + 'static,
    ) -> std::result::Result<T, StoreError> {
        let (job, answer) = writer::Job::new(durability, work);
        self.inner.writes.push(job);
        self.answered(answer).await
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

/// Starts a thread, and returns what it reports at its end.
fn spawn(
    name: &str,
    run: impl FnOnce() -> Result<()> + Send + 'static,
) -> Result<oneshot::Receiver<Result<()>>> {
    let (ended, end) = oneshot::channel();
    let spawned = thread::Builder::new().name(name.to_owned()).spawn(move || {
        let _ = ended.send(run());
    });
    spawned.map(|_| end).map_err(|_| Failure::Unstorable("no thread could be started"))
}
