//! The writer thread.
//!
//! It takes all waiting jobs, runs each in a savepoint of one transaction, commits the transaction,
//! and answers all callers. A job that fails is rolled back alone. If the commit fails, all jobs
//! fail.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::connection::Db;
use crate::failure::{Failure, Result};
use crate::file::OpenedFile;
use crate::queue::Queue;

/// The maximum number of jobs in one transaction, which bounds the wait of the first one.
const MAX_GROUP: usize = 128;

/// The result of a job that succeeded, and whether to keep its writes.
pub(crate) enum Outcome<T> {
    /// The writes are committed.
    Commit(T),
    /// The writes are rolled back.
    Rollback(T),
}

impl<T> Outcome<T> {
    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Outcome<U> {
        match self {
            Self::Commit(value) => Outcome::Commit(change(value)),
            Self::Rollback(value) => Outcome::Rollback(change(value)),
        }
    }
}

/// The durability of a transaction when its caller is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// Survives the end of the process, but may be lost in a power failure.
    Eventual,
    /// Survives a power failure.
    Immediate,
}

/// A call that writes.
pub(crate) struct Job {
    durability: Durability,
    /// Runs the job on the connection, or fails it with the given failure.
    #[expect(clippy::type_complexity, reason = "it is the only one of its kind")]
    run: Box<dyn FnOnce(Result<&Connection>) -> Option<CompletedJob> + Send>,
}

/// A job that ran, and whose caller is not yet answered.
struct CompletedJob {
    /// Whether to commit its writes.
    commit: bool,
    /// Answers the caller with the result of the job, or the failure of the transaction.
    answer: Answer,
}

type Answer = Box<dyn FnOnce(&Result<()>)>;

impl Job {
    /// Creates a job and the receiver of its result. A job whose receiver was dropped is not run.
    pub(crate) fn new<T: Send + 'static>(
        durability: Durability,
        work: impl FnOnce(Db<'_>) -> Result<Outcome<T>> + Send + 'static,
    ) -> (Self, oneshot::Receiver<Result<T>>) {
        let (caller, answer) = oneshot::channel();
        let run = move |connection: Result<&Connection>| -> Option<CompletedJob> {
            if caller.is_closed() {
                return None;
            }
            let outcome = match connection {
                Ok(connection) => work(Db(connection)),
                Err(failure) => {
                    let _ = caller.send(Err(failure));
                    return None;
                }
            };
            let (commit, result) = match outcome {
                Ok(Outcome::Commit(value)) => (true, Ok(value)),
                Ok(Outcome::Rollback(value)) => (false, Ok(value)),
                Err(failure) => (false, Err(failure)),
            };
            let answer = move |committed: &Result<()>| {
                // The failure of the job is more specific than that of the transaction.
                let _ = caller.send(match committed {
                    Ok(()) => result,
                    Err(failure) => result.and(Err(failure.clone())),
                });
            };
            Some(CompletedJob { commit, answer: Box::new(answer) })
        };
        (Self { durability, run: Box::new(run) }, answer)
    }
}

/// The state of the writer thread.
pub(crate) struct Writer {
    connection: Connection,
    file: OpenedFile,
    jobs: Arc<Queue<Job>>,
    /// The current setting of the connection.
    durability: Durability,
}

impl Writer {
    /// Creates a writer with a connection that syncs each commit.
    pub(crate) fn new(
        connection: Connection,
        file: OpenedFile,
        jobs: Arc<Queue<Job>>,
    ) -> Result<Self> {
        // 16 MiB. A larger cache costs more than it saves, since SQLite may scan all of it at each
        // commit.
        connection.execute_batch("PRAGMA cache_size = -16384")?;
        Ok(Self { connection, file, jobs, durability: Durability::Immediate })
    }

    /// Runs jobs until the queue is closed, then checkpoints the write-ahead log.
    pub(crate) fn run(mut self) -> Result<()> {
        let jobs = Arc::clone(&self.jobs);
        let _guard = jobs.close_on_drop();
        loop {
            let group = jobs.take(MAX_GROUP);
            if group.is_empty() {
                break;
            }
            self.run_group(group);
            // Lets the answered callers queue their next jobs, which then share a commit.
            thread::yield_now();
        }
        let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
        Ok(self.connection.query_row(checkpoint, [], |_| Ok(()))?)
    }

    fn run_group(&mut self, group: Vec<Job>) {
        let durable = group.iter().any(|job| job.durability == Durability::Immediate);
        let durability = if durable { Durability::Immediate } else { Durability::Eventual };
        if let Err(failure) = self.begin(durability) {
            // Jobs that were queued meanwhile also waited for the lock.
            for job in group.into_iter().chain(self.jobs.take_waiting()) {
                (job.run)(Err(failure.clone()));
            }
            return;
        }
        let mut answers = Vec::with_capacity(group.len());
        let mut rolled_back = false;
        for job in group {
            if rolled_back {
                (job.run)(Err(Failure::RolledBack));
                continue;
            }
            // A job that panics drops its caller.
            let ran = catch_unwind(AssertUnwindSafe(|| self.run_job(job, &mut answers)));
            rolled_back = !matches!(ran, Ok(Ok(())));
        }
        let ended = if rolled_back { Err(Failure::RolledBack) } else { self.commit() };
        if ended.is_err() && !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        for answer in answers {
            answer(&ended);
        }
    }

    /// Runs a job in a savepoint. Fails if the savepoint can be neither released nor rolled back:
    /// some errors, such as a full disk, make SQLite roll back the whole transaction.
    fn run_job(&self, job: Job, answers: &mut Vec<Answer>) -> Result<()> {
        let db = Db(&self.connection);
        if let Err(failure) = db.execute("SAVEPOINT job", []) {
            (job.run)(Err(failure.clone()));
            return Err(failure);
        }
        if let Some(CompletedJob { commit, answer }) = (job.run)(Ok(db.0)) {
            answers.push(answer);
            if !commit {
                db.execute("ROLLBACK TO job", [])?;
            }
        }
        db.execute("RELEASE job", []).map(drop)
    }

    fn begin(&mut self, durability: Durability) -> Result<()> {
        // SQLite does not allow this within a transaction.
        if self.durability != durability {
            self.connection.execute_batch(match durability {
                Durability::Eventual => "PRAGMA synchronous = NORMAL",
                Durability::Immediate => "PRAGMA synchronous = FULL",
            })?;
            self.durability = durability;
        }
        // Takes the write lock immediately: a transaction that takes it after reading fails without
        // waiting if another process wrote in between.
        Db(&self.connection).execute("BEGIN IMMEDIATE", []).map(drop)
    }

    fn commit(&self) -> Result<()> {
        self.file.verify().map_err(Failure::File)?;
        Db(&self.connection).execute("COMMIT", [])?;
        // A commit to a file that was deleted or replaced is lost. A file that is read-only by now
        // has it.
        self.file.verify_identity().map_err(Failure::File)
    }
}

#[cfg(test)]
mod tests;
