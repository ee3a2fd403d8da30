//! Worker threads with a bounded queue in front of them.

mod queue;

use std::fmt;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::{oneshot, watch};
use tokio::time::timeout_at;

use self::queue::{Cancellation, Limits, Queue, Slot};
pub(super) use self::queue::{JobSize, Priority};
use super::status::HasherStatus;
use super::worker::Worker;
use super::{HashError, HasherOptions};

/// Computes with a worker, or is told why it will not be run. Returns what tells the caller.
type Job = Box<dyn FnOnce(Result<&mut Worker, HashError>) -> Box<dyn FnOnce()> + Send>;

/// Threads, each with a worker, and the queue that they take jobs from.
pub(super) struct Pool {
    queue: Arc<Queue<Job>>,
    threads: Vec<JoinHandle<()>>,
    /// Each thread holds a receiver for as long as it has its memory.
    alive: watch::Sender<()>,
}

impl Pool {
    /// Starts the threads, and returns when each has its memory.
    pub(super) fn start(options: &HasherOptions) -> Result<Self, HashError> {
        // If a thread cannot be started, dropping the pool ends the others.
        let mut pool = Self {
            queue: Arc::new(Queue::new(Limits::from(options))),
            threads: Vec::with_capacity(options.threads.get()),
            alive: watch::Sender::new(()),
        };
        let (kernel, blocks) = (options.kernel, options.arena_kib() as usize);
        let (tell, started) = mpsc::channel();
        for number in 0..options.threads.get() {
            let (queue, tell) = (Arc::clone(&pool.queue), tell.clone());
            let alive = pool.alive.subscribe();
            // The thread that will use the memory is the first to write it, so that it lies near the
            // thread's core.
            let body = move || {
                match Worker::new(kernel, blocks) {
                    Err(error) => drop(tell.send(Err(error))),
                    Ok(mut worker) => {
                        drop(tell.send(Ok(())));
                        drop(tell);
                        run_jobs(&queue, &mut worker);
                    }
                }
                drop(alive);
            };
            let thread =
                std::thread::Builder::new().name(format!("repass-hash-{number}")).spawn(body);
            pool.threads.push(thread.map_err(HashError::Thread)?);
        }
        drop(tell);
        started.into_iter().collect::<Result<(), _>>()?;
        Ok(pool)
    }

    /// Runs `compute` on a worker and returns its result.
    ///
    /// When this future is dropped, a waiting job is cancelled and its slot is free at once; a running
    /// one runs to its end.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        priority: Priority,
        size: JobSize,
        compute: impl FnOnce(&mut Worker) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        // A deadline past the end of time is none.
        let deadline = tokio::time::Instant::now().checked_add(self.queue.deadline(priority));
        let start_before = deadline.map(tokio::time::Instant::into_std);
        let (sender, mut result) = oneshot::channel();
        let job = move |worker: Result<&mut Worker, HashError>| -> Box<dyn FnOnce()> {
            let result = worker.and_then(|worker| worker.run(compute));
            // If the caller has gone meanwhile, nobody needs the result.
            Box::new(move || drop(sender.send(result)))
        };
        let slot = self.queue.push(priority, size, start_before, Box::new(job))?;
        let waiting = Waiting { queue: &self.queue, slot };
        let received = match deadline {
            None => result.await,
            Some(deadline) => match timeout_at(deadline, &mut result).await {
                Ok(received) => received,
                Err(_) if waiting.cancel(Cancellation::Late) => {
                    return Err(self.queue.busy(priority));
                }
                // It began in time, so it is finished.
                Err(_) => result.await,
            },
        };
        received.unwrap_or(Err(HashError::Stopped))
    }

    /// Refuses all waiting and future jobs, and returns when the threads have finished what runs and
    /// freed their memory.
    pub(super) async fn shutdown(&self) {
        self.stop();
        self.alive.closed().await;
    }

    /// Returns a retry delay when the queue is too full for new requests.
    pub(super) fn overloaded(&self, priority: Priority) -> Option<Duration> {
        self.queue.overloaded(priority)
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
            // A panic was printed by the thread; there is nothing more to do about it.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("status", &self.status()).finish_non_exhaustive()
    }
}

/// Cancels a job whose caller has gone.
struct Waiting<'a> {
    queue: &'a Queue<Job>,
    slot: Slot,
}

impl Waiting<'_> {
    /// Returns whether the job was still waiting.
    fn cancel(&self, why: Cancellation) -> bool {
        self.queue.cancel(self.slot, why).is_some()
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.cancel(Cancellation::Abandoned);
    }
}

/// The loop of a worker thread, which ends when the queue is stopped.
fn run_jobs(queue: &Queue<Job>, worker: &mut Worker) {
    while let Some(next) = queue.next(|| worker.wipe()) {
        let begun = Instant::now();
        if next.start_before.is_some_and(|at| begun > at) {
            // The caller has a timer of its own; this is for when that is late.
            queue.expired(next.size);
            (next.job)(Err(queue.busy(next.priority)))();
            continue;
        }
        let tell = (next.job)(Ok(worker));
        // Before the caller is told, so that its next job finds the thread free.
        queue.completed(next.size, begun.elapsed());
        tell();
    }
}

#[cfg(test)]
mod tests;
