//! The queue of waiting jobs.

mod lane;

use std::num::NonZeroUsize;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use self::lane::Lane;
use crate::hash::status::HasherStatus;
use crate::hash::{HashError, HasherOptions};

/// How urgent a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::hash) enum Priority {
    /// A user waits for it.
    Interactive,
    /// Background work, such as an import.
    Bulk,
}

/// The memory that a job needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::hash) enum JobSize {
    /// At most the thread's arena, or a negligible amount of separate memory.
    Fits,
    /// Separate memory. Only one such job runs at a time.
    Large,
}

/// While jobs of both priorities wait, every sixteenth job is a bulk job, so that imports progress
/// on a busy server.
const BULK_SHARE: u32 = 16;

/// The bounds of the retry delay.
const RETRY_AFTER: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

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
    priority: Priority,
    size: JobSize,
}

/// A job with its properties.
pub(super) struct QueuedJob<J> {
    pub(super) job: J,
    queued_at: Instant,
    pub(super) start_before: Option<Instant>,
    pub(super) priority: Priority,
    pub(super) size: JobSize,
}

/// The limits of a queue.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    threads: usize,
    interactive: LaneLimits,
    bulk: LaneLimits,
}

#[derive(Debug, Clone, Copy)]
struct LaneLimits {
    slots: usize,
    deadline: Duration,
}

impl From<&HasherOptions> for Limits {
    fn from(options: &HasherOptions) -> Self {
        let limits = |slots: NonZeroUsize, deadline| LaneLimits { slots: slots.get(), deadline };
        Self {
            threads: options.threads.get(),
            interactive: limits(options.queue, options.deadline),
            bulk: limits(options.bulk_queue, options.bulk_deadline),
        }
    }
}

impl Limits {
    const fn lane(&self, priority: Priority) -> LaneLimits {
        match priority {
            Priority::Interactive => self.interactive,
            Priority::Bulk => self.bulk,
        }
    }
}

/// Two lanes of jobs, each in the order of arrival. Large jobs are skipped while another large job
/// runs. Each call takes microseconds, independent of the number of waiting jobs.
pub(super) struct Queue<J> {
    limits: Limits,
    state: Mutex<State<J>>,
    changed: Condvar,
}

struct State<J> {
    interactive: Lane<J>,
    bulk: Lane<J>,
    next_number: u64,
    running: usize,
    large_runs: bool,
    /// The number of interactive jobs since the last bulk job that ran while a bulk job waited.
    bulk_skipped: u32,
    stopped: bool,
    /// Moving average of the duration of a job.
    mean: Option<Duration>,
    run_time: Duration,
    wait_time: Duration,
    completed: u64,
    refused: u64,
    late: u64,
    abandoned: u64,
}

impl<J> Queue<J> {
    pub(super) fn new(limits: Limits) -> Self {
        let state = State {
            interactive: Lane::new(),
            bulk: Lane::new(),
            next_number: 0,
            running: 0,
            large_runs: false,
            bulk_skipped: 0,
            stopped: false,
            mean: None,
            run_time: Duration::ZERO,
            wait_time: Duration::ZERO,
            completed: 0,
            refused: 0,
            late: 0,
            abandoned: 0,
        };
        Self { limits, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Adds a job, if there is a free slot.
    pub(super) fn push(
        &self,
        priority: Priority,
        size: JobSize,
        start_before: Option<Instant>,
        job: J,
    ) -> Result<Slot, HashError> {
        let mut state = self.lock();
        if state.stopped {
            return Err(HashError::Stopped);
        }
        if !state.has_room(priority, size, &self.limits) {
            state.refused += 1;
            return Err(state.busy(priority, &self.limits));
        }
        let number = state.next_number;
        state.next_number += 1;
        state.lane(priority).push(
            number,
            QueuedJob { job, queued_at: Instant::now(), start_before, priority, size },
        );
        drop(state);
        self.changed.notify_one();
        Ok(Slot { number, priority, size })
    }

    /// Removes a waiting job; returns `None` if it no longer waits.
    pub(super) fn cancel(&self, slot: Slot, why: Cancellation) -> Option<J> {
        let mut state = self.lock();
        let queued = state.lane(slot.priority).remove(slot.number, slot.size)?;
        match why {
            Cancellation::Abandoned => state.abandoned += 1,
            Cancellation::Late => state.late += 1,
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
    pub(super) fn completed(&self, size: JobSize, took: Duration) {
        let mut state = self.lock();
        state.completed += 1;
        state.run_time += took;
        state.mean = Some(state.mean.map_or(took, |mean| mean * 7 / 8 + took / 8));
        self.release(state, size);
    }

    /// Records that a job was taken after its deadline and not run.
    pub(super) fn expired(&self, size: JobSize) {
        let mut state = self.lock();
        state.late += 1;
        self.release(state, size);
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

    /// Returns the error of a job that is not run in time.
    pub(super) fn busy(&self, priority: Priority) -> HashError {
        self.lock().busy(priority, &self.limits)
    }

    /// Returns the longest wait of a job of this priority.
    pub(super) const fn deadline(&self, priority: Priority) -> Duration {
        self.limits.lane(priority).deadline
    }

    /// Stops the queue, and returns the waiting jobs.
    pub(super) fn stop(&self) -> Vec<J> {
        let mut state = self.lock();
        state.stopped = true;
        let waiting = state.interactive.drain().chain(state.bulk.drain()).collect();
        drop(state);
        self.changed.notify_all();
        waiting
    }

    pub(super) fn status(&self) -> HasherStatus {
        let state = self.lock();
        HasherStatus {
            threads: self.limits.threads,
            running: state.running,
            waiting: state.interactive.len(),
            waiting_bulk: state.bulk.len(),
            mean: state.mean,
            run_time: state.run_time,
            wait_time: state.wait_time,
            completed: state.completed,
            refused: state.refused,
            late: state.late,
            abandoned: state.abandoned,
            stopped: state.stopped,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<J>> {
        // No method panics between two writes, so a poisoned state is consistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J> State<J> {
    const fn lane(&mut self, priority: Priority) -> &mut Lane<J> {
        match priority {
            Priority::Interactive => &mut self.interactive,
            Priority::Bulk => &mut self.bulk,
        }
    }

    /// Returns whether there is a free slot. A job that an idle thread takes at once needs none.
    /// Large jobs have separate slots, so that they do not block other jobs while they wait for
    /// each other.
    fn has_room(&mut self, priority: Priority, size: JobSize, limits: &Limits) -> bool {
        let mut idle = limits.threads.saturating_sub(self.running);
        if priority == Priority::Bulk {
            idle = idle.saturating_sub(self.interactive.waiting(JobSize::Fits));
        }
        let at_once = match size {
            JobSize::Fits => idle,
            JobSize::Large => usize::from(idle > 0 && !self.large_runs),
        };
        self.lane(priority).waiting(size) < limits.lane(priority).slots.saturating_add(at_once)
    }

    /// Takes the next runnable job.
    fn next(&mut self) -> Option<QueuedJob<J>> {
        let large_may_run = !self.large_runs;
        let order = if self.bulk_skipped >= BULK_SHARE - 1 {
            [Priority::Bulk, Priority::Interactive]
        } else {
            [Priority::Interactive, Priority::Bulk]
        };
        let next = order.into_iter().find_map(|priority| self.lane(priority).pop(large_may_run))?;
        let skips_bulk = next.priority == Priority::Interactive && self.bulk.len() > 0;
        self.bulk_skipped = if skips_bulk { self.bulk_skipped + 1 } else { 0 };
        self.wait_time += next.queued_at.elapsed();
        self.running += 1;
        self.large_runs |= next.size == JobSize::Large;
        Some(next)
    }

    fn busy(&self, priority: Priority, limits: &Limits) -> HashError {
        HashError::Busy { retry_after: self.retry_after(priority, limits) }
    }

    /// Estimates the time that the jobs before a new one take.
    fn retry_after(&self, priority: Priority, limits: &Limits) -> Duration {
        let bulk = if priority == Priority::Bulk { self.bulk.len() } else { 0 };
        let before = self.running + self.interactive.len() + bulk;
        let rounds = u32::try_from(before.div_ceil(limits.threads.max(1))).unwrap_or(u32::MAX);
        let (min, max) = RETRY_AFTER;
        self.mean.unwrap_or_default().saturating_mul(rounds).clamp(min, max)
    }
}

#[cfg(test)]
mod tests;
