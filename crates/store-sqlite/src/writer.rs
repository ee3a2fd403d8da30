//! The one thread that writes.
//!
//! It takes all jobs that are waiting, runs each in a savepoint of one transaction, commits the
//! transaction, and answers all callers. A job that fails is rolled back alone; when the commit fails,
//! all of them have failed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::connection::Db;
use crate::failure::{Failure, Result};
use crate::file::FileWatch;
use crate::queue::Queue;

/// The most jobs in one transaction, so that the first of them does not wait long.
const MAX_GROUP: usize = 128;

/// What becomes of what a job wrote.
pub(crate) enum Outcome<T> {
    /// It is committed.
    Keep(T),
    /// It is undone, although the job has succeeded.
    Undo(T),
}

/// What a transaction must survive once its caller is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// The end of the process.
    Process,
    /// A power failure, too.
    Power,
}

/// One call that writes.
pub(crate) struct Job {
    durability: Durability,
    /// Runs the job on the connection, or fails it for this reason. A job that ran has an answer.
    #[expect(clippy::type_complexity, reason = "it is the only one of its kind")]
    run: Box<dyn FnOnce(Result<&Connection>) -> Option<Ran> + Send>,
}

/// A job that ran.
struct Ran {
    /// Whether what it wrote is to be kept.
    keep: bool,
    /// Answers its caller once it is known how the transaction ended.
    answer: Answer,
}

type Answer = Box<dyn FnOnce(&Result<()>)>;

impl Job {
    /// A job, and what its caller waits for. A job whose caller has gone is not run.
    pub(crate) fn new<T: Send + 'static>(
        durability: Durability,
        work: impl FnOnce(Db<'_>) -> Result<Outcome<T>> + Send + 'static,
    ) -> (Self, oneshot::Receiver<Result<T>>) {
        let (caller, answer) = oneshot::channel();
        let run = move |connection: Result<&Connection>| -> Option<Ran> {
            if caller.is_closed() {
                return None;
            }
            let worked = match connection {
                Ok(connection) => work(Db(connection)),
                Err(failure) => {
                    let _ = caller.send(Err(failure));
                    return None;
                }
            };
            let (keep, result) = match worked {
                Ok(Outcome::Keep(value)) => (true, Ok(value)),
                Ok(Outcome::Undo(value)) => (false, Ok(value)),
                Err(failure) => (false, Err(failure)),
            };
            let answer = move |committed: &Result<()>| {
                // Its own failure tells more than that of the transaction.
                let _ = caller.send(match committed {
                    Ok(()) => result,
                    Err(failure) => result.and(Err(failure.clone())),
                });
            };
            Some(Ran { keep, answer: Box::new(answer) })
        };
        (Self { durability, run: Box::new(run) }, answer)
    }
}

/// The thread's own state.
pub(crate) struct Writer {
    connection: Connection,
    watch: FileWatch,
    jobs: Arc<Queue<Job>>,
    /// What the connection is set to.
    durability: Durability,
}

impl Writer {
    /// Over a connection that syncs each commit.
    pub(crate) fn new(
        connection: Connection,
        watch: FileWatch,
        jobs: Arc<Queue<Job>>,
    ) -> Result<Self> {
        // 16 MiB. What this thread writes stays in its cache, while readers have to read it again. A
        // larger one costs more than it saves: SQLite may look through all of it at each commit.
        connection.execute_batch("PRAGMA cache_size = -16384")?;
        Ok(Self { connection, watch, jobs, durability: Durability::Power })
    }

    /// Runs jobs until the queue is closed. Then moves the write-ahead log into the file.
    pub(crate) fn run(mut self) -> Result<()> {
        let jobs = Arc::clone(&self.jobs);
        let _closing = jobs.closing();
        loop {
            let group = jobs.take(MAX_GROUP);
            if group.is_empty() {
                break;
            }
            self.run_group(group);
            // Lets those that were just answered hand over their next jobs, which then share a commit.
            thread::yield_now();
        }
        let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
        Ok(self.connection.query_row(checkpoint, [], |_| Ok(()))?)
    }

    fn run_group(&mut self, group: Vec<Job>) {
        let durable = group.iter().any(|job| job.durability == Durability::Power);
        let durability = if durable { Durability::Power } else { Durability::Process };
        if let Err(failure) = self.begin(durability) {
            // Those that came meanwhile have waited, too.
            for job in group.into_iter().chain(self.jobs.take_waiting()) {
                (job.run)(Err(failure.clone()));
            }
            return;
        }
        let mut answers = Vec::with_capacity(group.len());
        let mut lost = false;
        for job in group {
            if lost {
                (job.run)(Err(Failure::RolledBack));
                continue;
            }
            // A job that panics drops its caller.
            let ran = catch_unwind(AssertUnwindSafe(|| self.run_job(job, &mut answers)));
            lost = !matches!(ran, Ok(Ok(())));
        }
        let ended = if lost { Err(Failure::RolledBack) } else { self.commit() };
        if ended.is_err() && !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        for answer in answers {
            answer(&ended);
        }
    }

    /// Runs a job in a savepoint. Fails when what it wrote can be neither kept nor undone alone: some
    /// errors, such as a full disk, make SQLite roll back the whole transaction.
    fn run_job(&self, job: Job, answers: &mut Vec<Answer>) -> Result<()> {
        let db = Db(&self.connection);
        if let Err(failure) = db.execute("SAVEPOINT job", []) {
            (job.run)(Err(failure.clone()));
            return Err(failure);
        }
        if let Some(Ran { keep, answer }) = (job.run)(Ok(db.0)) {
            answers.push(answer);
            if !keep {
                db.execute("ROLLBACK TO job", [])?;
            }
        }
        db.execute("RELEASE job", []).map(drop)
    }

    fn begin(&mut self, durability: Durability) -> Result<()> {
        // Before a transaction: it cannot be set within one.
        if self.durability != durability {
            self.connection.execute_batch(match durability {
                Durability::Process => "PRAGMA synchronous = NORMAL",
                Durability::Power => "PRAGMA synchronous = FULL",
            })?;
            self.durability = durability;
        }
        // Takes the lock at once: a transaction that reads first and asks for it later fails
        // without waiting if another process wrote in between.
        Db(&self.connection).execute("BEGIN IMMEDIATE", []).map(drop)
    }

    fn commit(&self) -> Result<()> {
        self.watch.verify().map_err(Failure::File)?;
        Db(&self.connection).execute("COMMIT", [])?;
        // What was committed to a file that nobody will see again is lost. One that was made read-only
        // meanwhile keeps it.
        self.watch.verify_identity().map_err(Failure::File)
    }
}

#[cfg(test)]
mod tests;
