//! Worker threads with a bounded queue.

mod queue;

use std::fmt;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Instant;

use tokio::sync::{oneshot, watch};
use tokio::time::timeout_at;

use self::queue::{BUSY, Cancellation, Limits, Queue, Slot};
pub(super) use self::queue::{JobKind, JobSize};
use super::status::HasherStatus;
use super::worker::Worker;
use super::{HashError, HasherOptions};

/// A job: receives a worker, or the error because of which it is not run, and returns a closure
/// that sends the result to the caller.
type Job = Box<dyn FnOnce(Result<&mut Worker, HashError>) -> Box<dyn FnOnce()> + Send>;

/// Threads with one worker each, and their queue.
pub(super) struct Pool {
    queue: Arc<Queue<Job>>,
    threads: Vec<JoinHandle<()>>,
    /// Each thread holds a receiver until it has freed its memory.
    alive: watch::Sender<()>,
}

impl Pool {
    /// Starts the threads, and returns when each has allocated its memory.
    pub(super) fn start(options: &HasherOptions) -> Result<Self, HashError> {
        // If a thread cannot be started, dropping the pool ends the others.
        let mut pool = Self {
            queue: Arc::new(Queue::new(Limits::from(options))),
            threads: Vec::with_capacity(options.threads.get()),
            alive: watch::Sender::new(()),
        };
        let (kernel, blocks) = (options.kernel, options.arena_kib() as usize);
        let (report, started) = mpsc::channel();
        for number in 0..options.threads.get() {
            let (queue, report) = (Arc::clone(&pool.queue), report.clone());
            let alive = pool.alive.subscribe();
            // Allocated by the thread that uses it, so that the memory is local to its NUMA node.
            let body = move || {
                match Worker::new(kernel, blocks) {
                    Err(error) => drop(report.send(Err(error))),
                    Ok(mut worker) => {
                        drop(report.send(Ok(())));
                        drop(report);
                        run_jobs(&queue, &mut worker);
                    }
                }
                drop(alive);
            };
            let thread =
                std::thread::Builder::new().name(format!("repass-hash-{number}")).spawn(body);
            pool.threads.push(thread.map_err(HashError::Thread)?);
        }
        drop(report);
        started.into_iter().collect::<Result<(), _>>()?;
        Ok(pool)
    }

    /// Runs `compute` on a worker and returns its result.
    ///
    /// If this future is dropped, a waiting job is canceled and its slot is freed; a running job
    /// finishes.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        kind: JobKind,
        compute: impl FnOnce(&mut Worker) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        // `None` if the deadline overflows: then there is none.
        let deadline = tokio::time::Instant::now().checked_add(self.queue.deadline());
        let start_before = deadline.map(tokio::time::Instant::into_std);
        let (sender, mut result) = oneshot::channel();
        let job = move |worker: Result<&mut Worker, HashError>| -> Box<dyn FnOnce()> {
            let result = worker.and_then(|worker| worker.run(compute));
            // The send fails if the caller has dropped its future.
            Box::new(move || drop(sender.send(result)))
        };
        let slot = self.queue.push(kind, start_before, Box::new(job))?;
        let waiting = Waiting { queue: &self.queue, slot };
        let received = match deadline {
            None => result.await,
            Some(deadline) => match timeout_at(deadline, &mut result).await {
                Ok(received) => received,
                Err(_) if waiting.cancel(Cancellation::Late) => return Err(BUSY),
                // The job started in time, so wait for its result.
                Err(_) => result.await,
            },
        };
        received.unwrap_or(Err(HashError::Stopped))
    }

    /// Refuses all waiting and later jobs. Returns when the threads have finished their jobs and
    /// freed their memory.
    pub(super) async fn shutdown(&self) {
        self.stop();
        self.alive.closed().await;
    }

    pub(super) fn status(&self) -> HasherStatus {
        self.queue.status()
    }

    fn stop(&self) {
        for job in self.queue.stop() {
            job(Err(HashError::Stopped))();
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.stop();
        for thread in self.threads.drain(..) {
            // A panic of the thread was printed already.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("status", &self.status()).finish_non_exhaustive()
    }
}

/// Cancels a waiting job when its future is dropped.
struct Waiting<'a> {
    queue: &'a Queue<Job>,
    slot: Slot,
}

impl Waiting<'_> {
    /// Cancels the job. Returns whether it was still waiting.
    fn cancel(&self, why: Cancellation) -> bool {
        self.queue.cancel(self.slot, why).is_some()
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.cancel(Cancellation::Abandoned);
    }
}

/// Runs jobs on a worker thread until the queue is stopped.
fn run_jobs(queue: &Queue<Job>, worker: &mut Worker) {
    while let Some(next) = queue.next(|| worker.wipe()) {
        let started = Instant::now();
        if next.start_before.is_some_and(|at| started > at) {
            // The caller's timer may be late.
            queue.expired(next.kind);
            (next.job)(Err(BUSY))();
            continue;
        }
        let send = (next.job)(Ok(worker));
        // Before the result is sent, so that the caller's next job finds this thread idle.
        queue.completed(next.kind, started.elapsed());
        send();
    }
}

#[cfg(test)]
mod tests;
