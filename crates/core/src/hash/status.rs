use std::time::Duration;

/// The status of a hasher's threads and queue, with counts since its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct HasherStatus {
    /// Hashing threads.
    pub threads: usize,
    /// Running jobs.
    pub running: usize,
    /// Waiting jobs.
    pub waiting: usize,
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
