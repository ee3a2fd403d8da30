//! The queue of waiting jobs.

mod lane;

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use self::lane::Lane;
use crate::hash::status::{HasherStatus, JobCounts};
use crate::hash::{HashError, HasherOptions};

/// The memory that a job needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::hash) enum JobSize {
    /// At most the thread's arena, or a negligible amount of separate memory.
    Fits,
    /// Separate memory. Only one such job runs at a time.
    Large,
}

/// What jobs are counted by.
#[derive(Debug, Clone, Copy)]
pub(in crate::hash) struct JobKind {
    pub(in crate::hash) size: JobSize,
    /// See [`HashedPassword::family`](crate::HashedPassword::family).
    pub(in crate::hash) family: &'static str,
}

/// The error of a job that is not run in time.
pub(super) const BUSY: HashError = HashError::Busy { retry_after: Duration::from_secs(1) };

/// Why a waiting job is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cancellation {
    /// Its future was dropped.
    Abandoned,
    /// It has not started before its deadline.
    Late,
}

/// The place of a job in the queue.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    number: u64,
    size: JobSize,
}

/// A job with its properties.
pub(super) struct QueuedJob<J> {
    pub(super) job: J,
    queued_at: Instant,
    pub(super) start_before: Option<Instant>,
    pub(super) kind: JobKind,
}

/// The limits of a queue.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    threads: usize,
    slots: usize,
    deadline: Duration,
}

impl From<&HasherOptions> for Limits {
    fn from(options: &HasherOptions) -> Self {
        let (threads, slots) = (options.threads.get(), options.queue.get());
        Self { threads, slots, deadline: options.deadline }
    }
}

/// Jobs in the order of arrival. Large jobs are skipped while another large job runs. Each call
/// takes microseconds, independent of the number of waiting jobs.
pub(super) struct Queue<J> {
    limits: Limits,
    state: Mutex<State<J>>,
    changed: Condvar,
}

struct State<J> {
    waiting: Lane<J>,
    next_number: u64,
    running: usize,
    large_runs: bool,
    stopped: bool,
    /// By class and family, as in [`HasherStatus`].
    counts: BTreeMap<(&'static str, &'static str), JobCounts>,
}

impl<J> Queue<J> {
    pub(super) fn new(limits: Limits) -> Self {
        let state = State {
            waiting: Lane::new(),
            next_number: 0,
            running: 0,
            large_runs: false,
            stopped: false,
            counts: BTreeMap::new(),
        };
        Self { limits, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Adds a job, if there is a free slot.
    pub(super) fn push(
        &self,
        kind: JobKind,
        start_before: Option<Instant>,
        job: J,
    ) -> Result<Slot, HashError> {
        let mut state = self.lock();
        if state.stopped {
            return Err(HashError::Stopped);
        }
        if !state.has_room(kind.size, &self.limits) {
            state.counts(kind).refused += 1;
            return Err(BUSY);
        }
        let number = state.next_number;
        state.next_number += 1;
        let queued_at = Instant::now();
        state.waiting.push(number, QueuedJob { job, queued_at, start_before, kind });
        drop(state);
        self.changed.notify_one();
        Ok(Slot { number, size: kind.size })
    }

    /// Removes a waiting job; returns `None` if it no longer waits.
    pub(super) fn cancel(&self, slot: Slot, why: Cancellation) -> Option<J> {
        let mut state = self.lock();
        let queued = state.waiting.remove(slot.number, slot.size)?;
        let counts = state.counts(queued.kind);
        match why {
            Cancellation::Abandoned => counts.abandoned += 1,
            Cancellation::Late => counts.late += 1,
        }
        Some(queued.job)
    }

    /// Waits for the next job; returns `None` if the queue is stopped. Calls `on_idle` before it
    /// waits.
    pub(super) fn next(&self, on_idle: impl FnOnce()) -> Option<QueuedJob<J>> {
        let mut on_idle = Some(on_idle);
        let mut state = self.lock();
        loop {
            if state.stopped {
                return None;
            }
            if let Some(next) = state.next() {
                return Some(next);
            }
            state = match on_idle.take() {
                Some(on_idle) => {
                    drop(state);
                    on_idle();
                    self.lock()
                }
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Records that a job has run.
    pub(super) fn completed(&self, kind: JobKind, took: Duration) {
        let mut state = self.lock();
        let counts = state.counts(kind);
        counts.completed += 1;
        counts.run_time += took;
        self.release(state, kind.size);
    }

    /// Records that a job was taken after its deadline and not run.
    pub(super) fn expired(&self, kind: JobKind) {
        let mut state = self.lock();
        state.counts(kind).late += 1;
        self.release(state, kind.size);
    }

    fn release(&self, mut state: MutexGuard<'_, State<J>>, size: JobSize) {
        state.running -= 1;
        if size == JobSize::Large {
            state.large_runs = false;
            drop(state);
            // An idle thread may have skipped a waiting large job.
            self.changed.notify_one();
        }
    }

    /// Returns the longest wait of a job.
    pub(super) const fn deadline(&self) -> Duration {
        self.limits.deadline
    }

    /// Stops the queue, and returns the waiting jobs.
    pub(super) fn stop(&self) -> Vec<J> {
        let mut state = self.lock();
        state.stopped = true;
        let waiting = state.waiting.drain().collect();
        drop(state);
        self.changed.notify_all();
        waiting
    }

    pub(super) fn status(&self) -> HasherStatus {
        let state = self.lock();
        HasherStatus {
            threads: self.limits.threads,
            running: state.running,
            waiting: state.waiting.len(),
            jobs: state.counts.clone(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<J>> {
        // No method panics between two writes, so a poisoned state is consistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J> State<J> {
    /// Returns whether there is a free slot. A job that an idle thread takes at once needs none.
    /// Large jobs have separate slots, so that they do not block other jobs while they wait for
    /// each other.
    fn has_room(&self, size: JobSize, limits: &Limits) -> bool {
        let idle = limits.threads.saturating_sub(self.running);
        let at_once = match size {
            JobSize::Fits => idle,
            JobSize::Large => usize::from(idle > 0 && !self.large_runs),
        };
        self.waiting.waiting(size) < limits.slots.saturating_add(at_once)
    }

    /// Takes the next runnable job.
    fn next(&mut self) -> Option<QueuedJob<J>> {
        let next = self.waiting.pop(!self.large_runs)?;
        self.counts(next.kind).wait_time += next.queued_at.elapsed();
        self.running += 1;
        self.large_runs |= next.kind.size == JobSize::Large;
        Some(next)
    }

    fn counts(&mut self, kind: JobKind) -> &mut JobCounts {
        let class = match kind.size {
            JobSize::Fits => "normal",
            JobSize::Large => "large",
        };
        self.counts.entry((class, kind.family)).or_default()
    }
}

#[cfg(test)]
mod tests;
