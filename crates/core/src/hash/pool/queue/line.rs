use std::collections::BTreeMap;
use std::time::Instant;

use super::JobSize;

/// A job, and when its turn is over.
pub(super) struct Waiting<J> {
    pub(super) job: J,
    pub(super) start_before: Option<Instant>,
    pub(super) size: JobSize,
}

/// Jobs of one class in the order they came; any of them can be taken out at little cost.
pub(super) struct Line<J> {
    fitting: BTreeMap<u64, Waiting<J>>,
    large: BTreeMap<u64, Waiting<J>>,
}

impl<J> Line<J> {
    pub(super) const fn new() -> Self {
        Self { fitting: BTreeMap::new(), large: BTreeMap::new() }
    }

    pub(super) fn push(&mut self, number: u64, waiting: Waiting<J>) {
        self.of(waiting.size).insert(number, waiting);
    }

    pub(super) fn remove(&mut self, number: u64, size: JobSize) -> Option<Waiting<J>> {
        self.of(size).remove(&number)
    }

    /// The first that may run.
    pub(super) fn pop(&mut self, large_may_run: bool) -> Option<Waiting<J>> {
        let fitting = self.fitting.first_key_value().map(|(number, _)| *number);
        let large = self.large.first_key_value().map(|(number, _)| *number);
        let line = match (fitting, large.filter(|_| large_may_run)) {
            (None, None) => return None,
            (Some(fitting), Some(large)) if large < fitting => &mut self.large,
            (None, Some(_)) => &mut self.large,
            (Some(_), _) => &mut self.fitting,
        };
        line.pop_first().map(|(_, waiting)| waiting)
    }

    pub(super) fn drain(&mut self) -> impl Iterator<Item = Waiting<J>> + use<J> {
        let fitting = std::mem::take(&mut self.fitting);
        let large = std::mem::take(&mut self.large);
        fitting.into_values().chain(large.into_values())
    }

    pub(super) fn fitting(&self) -> usize {
        self.fitting.len()
    }

    pub(super) fn large(&self) -> usize {
        self.large.len()
    }

    pub(super) fn len(&self) -> usize {
        self.fitting() + self.large()
    }

    fn of(&mut self, size: JobSize) -> &mut BTreeMap<u64, Waiting<J>> {
        match size {
            JobSize::Usual | JobSize::Fits => &mut self.fitting,
            JobSize::Large => &mut self.large,
        }
    }
}
