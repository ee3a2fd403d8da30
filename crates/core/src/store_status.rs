use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The status of a store, with counts since it was opened, for metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreStatus {
    /// Operations that only read.
    pub reads: OperationStatus,
    /// Operations that write.
    pub writes: OperationStatus,
    /// The connections in use, and their maximum number; `None` if the store has no pool.
    pub connections: Option<(usize, usize)>,
}

impl StoreStatus {
    /// Creates the status of a store without a pool of connections.
    pub fn new(reads: &OperationMeter, writes: &OperationMeter) -> Self {
        Self { reads: reads.status(), writes: writes.status(), connections: None }
    }

    /// Sets the number of connections in use, and their maximum number.
    #[must_use]
    pub fn with_connections(self, used: usize, max: usize) -> Self {
        Self { connections: Some((used, max)), ..self }
    }
}

/// Counts of one kind of operation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OperationStatus {
    /// Operations that ended, failed ones included.
    pub count: u64,
    /// Operations that failed, also if they were repeated afterwards.
    pub failures: u64,
    /// The total duration, with the wait for a thread or a commit.
    pub time: Duration,
}

/// Counts and times one kind of operation, for implementors of stores.
#[derive(Debug, Default)]
pub struct OperationMeter {
    count: AtomicU64,
    failures: AtomicU64,
    microseconds: AtomicU64,
}

impl OperationMeter {
    /// Awaits an operation and counts it. An operation that is dropped is not counted.
    ///
    /// # Errors
    /// That of the operation.
    pub async fn measure<T, E>(
        &self,
        operation: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let started = Instant::now();
        let result = operation.await;
        let microseconds = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.microseconds.fetch_add(microseconds, Ordering::Relaxed);
        self.failures.fetch_add(u64::from(result.is_err()), Ordering::Relaxed);
        self.count.fetch_add(1, Ordering::Relaxed);
        result
    }

    /// Returns the counts.
    pub fn status(&self) -> OperationStatus {
        OperationStatus {
            count: self.count.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
            time: Duration::from_micros(self.microseconds.load(Ordering::Relaxed)),
        }
    }
}
