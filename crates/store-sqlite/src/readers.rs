//! The reader threads.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::connection::Db;
use crate::failure::Result;
use crate::queue::Queue;

/// A call that reads.
pub(crate) struct Job(Box<dyn FnOnce(&Connection) + Send>);

impl Job {
    /// Creates a job and the receiver of its result. A job whose receiver was dropped is not run.
    pub(crate) fn new<T: Send + 'static>(
        work: impl FnOnce(Db<'_>) -> Result<T> + Send + 'static,
    ) -> (Self, oneshot::Receiver<Result<T>>) {
        let (caller, answer) = oneshot::channel();
        let run = move |connection: &Connection| {
            if !caller.is_closed() {
                let _ = caller.send(in_snapshot(connection, work));
            }
        };
        (Self(Box::new(run)), answer)
    }
}

/// Runs a job in one read transaction, so that all its statements see the same snapshot.
fn in_snapshot<T>(connection: &Connection, work: impl FnOnce(Db<'_>) -> Result<T>) -> Result<T> {
    let db = Db(connection);
    db.execute("BEGIN", [])?;
    let result = work(db);
    let ended = db.execute("COMMIT", []);
    let value = result?;
    ended.map(|_| value)
}

/// Runs jobs until the queue is closed.
pub(crate) fn run(connection: &Connection, jobs: &Queue<Job>) {
    let _guard = jobs.close_on_drop();
    loop {
        let taken = jobs.take(1);
        if taken.is_empty() {
            return;
        }
        for job in taken {
            // A job that panics drops its caller.
            let _ = catch_unwind(AssertUnwindSafe(|| job.0(connection)));
            if !connection.is_autocommit() {
                let _ = connection.execute_batch("ROLLBACK");
            }
        }
    }
}
