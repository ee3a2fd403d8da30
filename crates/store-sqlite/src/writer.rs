//! The one thread that writes.
//!
//! It takes all jobs that are waiting, runs each in a savepoint of one transaction, commits the
//! transaction, and answers all callers. A job that fails is rolled back alone; when the commit fails,
//! all of them have failed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

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
    run: Box<dyn FnOnce(Result<&Connection>) -> Option<Answer> + Send>,
}

/// Answers a caller once it is known how the transaction ended.
type Answer = Box<dyn FnOnce(&Result<()>)>;

impl Job {
    /// A job, and what its caller waits for. A job whose caller has gone is not run.
    pub(crate) fn new<T: Send + 'static>(
        durability: Durability,
        work: impl FnOnce(Db<'_>) -> Result<Outcome<T>> + Send + 'static,
    ) -> (Self, oneshot::Receiver<Result<T>>) {
        let (caller, answer) = oneshot::channel();
        let run = move |connection: Result<&Connection>| -> Option<Answer> {
            if caller.is_closed() {
                return None;
            }
            match connection {
                Ok(connection) => {
                    let result = in_savepoint(connection, work);
                    Some(Box::new(move |committed| {
                        // Its own failure tells more than that of the transaction.
                        let _ = caller.send(match committed {
                            Ok(()) => result,
                            Err(failure) => result.and(Err(failure.clone())),
                        });
                    }))
                }
                Err(failure) => {
                    let _ = caller.send(Err(failure));
                    None
                }
            }
        };
        (Self { durability, run: Box::new(run) }, answer)
    }
}

fn in_savepoint<T>(
    connection: &Connection,
    work: impl FnOnce(Db<'_>) -> Result<Outcome<T>>,
) -> Result<T> {
    let db = Db(connection);
    db.execute("SAVEPOINT job", [])?;
    match work(db) {
        Ok(Outcome::Keep(value)) => {
            db.execute("RELEASE job", [])?;
            Ok(value)
        }
        Ok(Outcome::Undo(value)) => {
            undo(db)?;
            Ok(value)
        }
        Err(failure) => {
            // Where that fails, the whole transaction is gone already.
            let _ = undo(db);
            Err(failure)
        }
    }
}

fn undo(db: Db<'_>) -> Result<()> {
    db.execute("ROLLBACK TO job", [])?;
    db.execute("RELEASE job", []).map(drop)
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
    pub(crate) const fn new(
        connection: Connection,
        watch: FileWatch,
        jobs: Arc<Queue<Job>>,
    ) -> Self {
        Self { connection, watch, jobs, durability: Durability::Power }
    }

    /// Runs jobs until the queue is closed. Then moves the write-ahead log into the file.
    pub(crate) fn run(mut self) -> Result<()> {
        // 64 MiB at most. What this thread writes stays in its cache; readers have to read it again.
        self.connection.execute_batch("PRAGMA cache_size = -65536")?;
        loop {
            let group = self.jobs.take(MAX_GROUP);
            if group.is_empty() {
                break;
            }
            self.run_group(group);
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
            let connection = &self.connection;
            // A job that panics drops its caller; its savepoint is rolled back with the transaction.
            match catch_unwind(AssertUnwindSafe(|| (job.run)(Ok(connection)))) {
                Ok(answer) => answers.extend(answer),
                Err(_) => lost = true,
            }
            // Some errors, such as a full disk, make SQLite roll back the whole transaction.
            lost |= self.connection.is_autocommit();
        }
        let ended = if lost { Err(Failure::RolledBack) } else { self.commit(durability) };
        if ended.is_err() && !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        for answer in answers {
            answer(&ended);
        }
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

    fn commit(&self, durability: Durability) -> Result<()> {
        Db(&self.connection).execute("COMMIT", [])?;
        match durability {
            Durability::Process => Ok(()),
            // What was committed to a file that nobody will see again is lost.
            Durability::Power => self.watch.verify().map_err(Failure::File),
        }
    }
}

#[cfg(test)]
mod tests;
