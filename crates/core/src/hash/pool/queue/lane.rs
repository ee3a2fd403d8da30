use std::collections::BTreeMap;

use super::{JobSize, QueuedJob};

/// The waiting jobs in the order of arrival. Removing any of them is cheap.
pub(super) struct Lane<J> {
    fitting: BTreeMap<u64, QueuedJob<J>>,
    large: BTreeMap<u64, QueuedJob<J>>,
}

impl<J> Lane<J> {
    pub(super) const fn new() -> Self {
        Self { fitting: BTreeMap::new(), large: BTreeMap::new() }
    }

    pub(super) fn push(&mut self, number: u64, queued: QueuedJob<J>) {
        self.jobs(queued.kind.size).insert(number, queued);
    }

    pub(super) fn remove(&mut self, number: u64, size: JobSize) -> Option<QueuedJob<J>> {
        self.jobs(size).remove(&number)
    }

    /// Removes the oldest runnable job.
    pub(super) fn pop(&mut self, large_may_run: bool) -> Option<QueuedJob<J>> {
        let large = self.large.keys().next().filter(|_| large_may_run);
        let oldest = *self.fitting.keys().next().into_iter().chain(large).min()?;
        self.fitting.remove(&oldest).or_else(|| self.large.remove(&oldest))
    }

    pub(super) fn drain(&mut self) -> impl Iterator<Item = J> + use<J> {
        let (fitting, large) = (std::mem::take(&mut self.fitting), std::mem::take(&mut self.large));
        fitting.into_values().chain(large.into_values()).map(|queued| queued.job)
    }

    /// Returns the number of waiting jobs of this size.
    pub(super) fn waiting(&self, size: JobSize) -> usize {
        match size {
            JobSize::Fits => self.fitting.len(),
            JobSize::Large => self.large.len(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.fitting.len() + self.large.len()
    }

    fn jobs(&mut self, size: JobSize) -> &mut BTreeMap<u64, QueuedJob<J>> {
        match size {
            JobSize::Fits => &mut self.fitting,
            JobSize::Large => &mut self.large,
        }
    }
}
