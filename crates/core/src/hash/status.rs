use std::collections::BTreeMap;
use std::time::Duration;

/// The status of a hasher's threads and queue, with counts since its start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HasherStatus {
    /// Hashing threads.
    pub threads: usize,
    /// Running jobs.
    pub running: usize,
    /// Waiting jobs.
    pub waiting: usize,
    /// The counts by class and [family](crate::HashedPassword::family) of the hash. The class is
    /// `large` for a hash that needs more memory than a thread has, of which one is computed at a
    /// time, and `normal` for all others.
    pub jobs: BTreeMap<(&'static str, &'static str), JobCounts>,
}

/// The counts of jobs of one class and family.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobCounts {
    /// The total duration of the jobs that ran.
    pub run_time: Duration,
    /// The total wait of the jobs that a thread took.
    pub wait_time: Duration,
    /// Jobs that ran, successful or not.
    pub completed: u64,
    /// Jobs that were refused because the queue was full.
    pub refused: u64,
    /// Jobs that did not start before their deadline.
    pub late: u64,
    /// Jobs whose future was dropped before they started.
    pub abandoned: u64,
}
