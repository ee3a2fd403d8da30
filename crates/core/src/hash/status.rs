use std::time::Duration;

/// How a hasher's threads and queue stand at one moment, and what they have done since they began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct HasherStatus {
    /// Threads that hash.
    pub threads: usize,
    /// Jobs that run.
    pub running: usize,
    /// Jobs that wait, but for those of bulk work.
    pub waiting: usize,
    /// Jobs of bulk work that wait.
    pub waiting_bulk: usize,
    /// Moving average of what a job takes; `None` before the first.
    pub mean: Option<Duration>,
    /// Jobs that ran, whatever came of them.
    pub completed: u64,
    /// Jobs that found no room.
    pub refused: u64,
    /// Jobs that could not begin before their deadline.
    pub late: u64,
    /// Jobs whose caller had gone before they began.
    pub abandoned: u64,
    /// Whether it was shut down.
    pub stopped: bool,
}
