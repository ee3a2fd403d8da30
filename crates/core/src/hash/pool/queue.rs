//! The jobs that wait: who may come in, who is next, and what is known of the rest.

mod line;

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use self::line::{Line, Waiting};
use crate::hash::status::HasherStatus;

/// Who waits for a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::hash) enum JobClass {
    /// Somebody, at this moment.
    Interactive,
    /// Nobody in particular: an import goes on when it goes on.
    Bulk,
}

/// What a job takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::hash) enum JobSize {
    /// As much memory and time as a new hash.
    Usual,
    /// No more memory than the thread's arena, or next to none, and any time.
    Fits,
    /// Memory of its own. Of these, one at a time runs over all threads.
    Large,
}

/// While jobs of both classes wait, every sixteenth that runs is a bulk job, so that a busy server
/// delays an import, but does not stop it.
const BULK_SHARE: u32 = 16;

/// While so many jobs wait for each thread, it gives so many answers together. What an answer sets off
/// elsewhere finds the caches full of a hash's blocks, and itself in them only if another did the same
/// just before.
pub(super) const BURST: usize = 4;

/// `Retry-After` is told in whole seconds, so less makes no sense; whoever is told more than half a
/// minute does not come back.
const RETRY_AFTER: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Why a job was not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// No room.
    Full { retry_after: Duration },
    /// Nobody works any more.
    Stopped,
}

/// Why a job leaves before its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Departure {
    /// Whoever waited for it has gone.
    Abandoned,
    /// It cannot begin in time.
    Late,
}

/// A place in the queue.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ticket {
    number: u64,
    class: JobClass,
    size: JobSize,
}

/// A job whose turn it is.
pub(super) struct Turn<J> {
    pub(super) job: J,
    pub(super) start_before: Option<Instant>,
    pub(super) class: JobClass,
    pub(super) size: JobSize,
    /// Whether the thread's earlier answers may be given after it, since it is brief and many wait.
    pub(super) answers_may_wait: bool,
}

/// How many jobs may run and wait, and for which ones an answer may wait.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) threads: usize,
    pub(super) interactive: usize,
    pub(super) bulk: usize,
    /// The longest that the mean job may take.
    pub(super) brief: Duration,
}

/// Two classes of jobs, first come, first served in each; large ones stand aside while another large
/// one runs. Every call takes microseconds, whatever waits.
pub(super) struct Queue<J> {
    bounds: Bounds,
    state: Mutex<State<J>>,
    changed: Condvar,
}

struct State<J> {
    interactive: Line<J>,
    bulk: Line<J>,
    next_number: u64,
    running: usize,
    large_runs: bool,
    /// Interactive jobs that ran since a bulk job did, while one waited.
    bulk_passed_over: u32,
    stopped: bool,
    /// Moving average of what a job takes.
    mean: Option<Duration>,
    completed: u64,
    refused: u64,
    late: u64,
    abandoned: u64,
}

impl<J> Queue<J> {
    pub(super) fn new(bounds: Bounds) -> Self {
        let state = State {
            interactive: Line::new(),
            bulk: Line::new(),
            next_number: 0,
            running: 0,
            large_runs: false,
            bulk_passed_over: 0,
            stopped: false,
            mean: None,
            completed: 0,
            refused: 0,
            late: 0,
            abandoned: 0,
        };
        Self { bounds, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Takes a job in, if there is room.
    pub(super) fn push(
        &self,
        class: JobClass,
        size: JobSize,
        start_before: Option<Instant>,
        job: J,
    ) -> Result<Ticket, Refused> {
        let mut state = self.lock();
        if state.stopped {
            return Err(Refused::Stopped);
        }
        if !state.has_room(class, size, &self.bounds) {
            state.refused += 1;
            return Err(Refused::Full { retry_after: state.retry_after(class, &self.bounds) });
        }
        let number = state.next_number;
        state.next_number += 1;
        state.line(class).push(number, Waiting { job, start_before, size });
        drop(state);
        self.changed.notify_one();
        Ok(Ticket { number, class, size })
    }

    /// Takes a job out before its turn, and gives it back; `None` when its turn has come already.
    pub(super) fn leave(&self, ticket: Ticket, why: Departure) -> Option<J> {
        let mut state = self.lock();
        let Waiting { job, .. } = state.line(ticket.class).remove(ticket.number, ticket.size)?;
        match why {
            Departure::Abandoned => state.abandoned += 1,
            Departure::Late => state.late += 1,
        }
        Some(job)
    }

    /// The next job, if one is to be done now.
    pub(super) fn next_at_once(&self) -> Option<Turn<J>> {
        let mut state = self.lock();
        if state.stopped { None } else { state.next(&self.bounds) }
    }

    /// Waits for the next job; `None` when there will be none.
    pub(super) fn next(&self) -> Option<Turn<J>> {
        let mut state = self.lock();
        loop {
            if state.stopped {
                return None;
            }
            if let Some(turn) = state.next(&self.bounds) {
                return Some(turn);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes note that a job has run.
    pub(super) fn ran(&self, size: JobSize, took: Duration) {
        let mut state = self.lock();
        state.completed += 1;
        state.mean = Some(state.mean.map_or(took, |mean| mean * 7 / 8 + took / 8));
        self.free(state, size);
    }

    /// Takes note that a job came too late for its turn.
    pub(super) fn skipped(&self, size: JobSize) {
        let mut state = self.lock();
        state.late += 1;
        self.free(state, size);
    }

    fn free(&self, mut state: MutexGuard<'_, State<J>>, size: JobSize) {
        state.running -= 1;
        if size == JobSize::Large {
            state.large_runs = false;
            drop(state);
            // A thread may be asleep though a large job waits.
            self.changed.notify_one();
        }
    }

    /// After how long a newcomer should come again: when so many wait that the other half of the places
    /// is for those who have begun, and need a second job.
    pub(super) fn crowded(&self, class: JobClass) -> Option<Duration> {
        let state = self.lock();
        let (line, places) = match class {
            JobClass::Interactive => (&state.interactive, self.bounds.interactive),
            JobClass::Bulk => (&state.bulk, self.bounds.bulk),
        };
        let is_crowded = line.fitting() >= places.div_ceil(2);
        is_crowded.then(|| state.retry_after(class, &self.bounds))
    }

    /// After how long trying again can make sense.
    pub(super) fn retry_after(&self, class: JobClass) -> Duration {
        self.lock().retry_after(class, &self.bounds)
    }

    /// From now on there is no next job. Gives back those that wait.
    pub(super) fn stop(&self) -> Vec<J> {
        let mut state = self.lock();
        state.stopped = true;
        let mut waiting: Vec<J> = state.interactive.drain().map(|waiting| waiting.job).collect();
        waiting.extend(state.bulk.drain().map(|waiting| waiting.job));
        drop(state);
        self.changed.notify_all();
        waiting
    }

    pub(super) fn status(&self) -> HasherStatus {
        let state = self.lock();
        HasherStatus {
            threads: self.bounds.threads,
            running: state.running,
            waiting: state.interactive.len(),
            waiting_bulk: state.bulk.len(),
            mean: state.mean,
            completed: state.completed,
            refused: state.refused,
            late: state.late,
            abandoned: state.abandoned,
            stopped: state.stopped,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<J>> {
        // Nothing here panics half way, so what a panic elsewhere left behind is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J> State<J> {
    fn line(&mut self, class: JobClass) -> &mut Line<J> {
        match class {
            JobClass::Interactive => &mut self.interactive,
            JobClass::Bulk => &mut self.bulk,
        }
    }

    /// A job that a free thread takes at once does not wait. Large jobs have places of their own, so
    /// that those that wait for each other keep nobody else out.
    fn has_room(&self, class: JobClass, size: JobSize, bounds: &Bounds) -> bool {
        let idle = bounds.threads.saturating_sub(self.running);
        let (line, places, idle) = match class {
            JobClass::Interactive => (&self.interactive, bounds.interactive, idle),
            JobClass::Bulk => {
                let idle = idle.saturating_sub(self.interactive.fitting());
                (&self.bulk, bounds.bulk, idle)
            }
        };
        match size {
            JobSize::Usual | JobSize::Fits => line.fitting() < places.saturating_add(idle),
            JobSize::Large => {
                let one = usize::from(idle > 0 && !self.large_runs);
                line.large() < places.saturating_add(one)
            }
        }
    }

    fn next(&mut self, bounds: &Bounds) -> Option<Turn<J>> {
        let large_may_run = !self.large_runs;
        let bulk_is_due = self.bulk_passed_over >= BULK_SHARE - 1;
        let order = if bulk_is_due {
            [JobClass::Bulk, JobClass::Interactive]
        } else {
            [JobClass::Interactive, JobClass::Bulk]
        };
        let (class, Waiting { job, start_before, size }) = order
            .into_iter()
            .find_map(|class| Some((class, self.line(class).pop(large_may_run)?)))?;
        let passes_over = class == JobClass::Interactive && self.bulk.len() > 0;
        self.bulk_passed_over = if passes_over { self.bulk_passed_over + 1 } else { 0 };
        self.running += 1;
        self.large_runs |= size == JobSize::Large;
        let is_brief = size == JobSize::Usual && self.mean.is_some_and(|mean| mean <= bounds.brief);
        // An import's jobs are many by nature; no answer waits for their sake.
        let many_wait = self.interactive.fitting() >= BURST.saturating_mul(bounds.threads);
        let answers_may_wait = is_brief && many_wait;
        Some(Turn { job, start_before, class, size, answers_may_wait })
    }

    /// How long it takes to work off what stands before a newcomer.
    fn retry_after(&self, class: JobClass, bounds: &Bounds) -> Duration {
        let before = self.running
            + self.interactive.len()
            + match class {
                JobClass::Interactive => 0,
                JobClass::Bulk => self.bulk.len(),
            };
        let rounds = u32::try_from(before.div_ceil(bounds.threads.max(1))).unwrap_or(u32::MAX);
        let (least, most) = RETRY_AFTER;
        self.mean.unwrap_or_default().saturating_mul(rounds).clamp(least, most)
    }
}

#[cfg(test)]
mod tests;
