use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::oneshot;

use super::{Answer, Bench};
use crate::hash::HashError;

/// A job in the queue, whatever comes of it.
pub(super) trait Task: Send {
    /// Does the work. What it returns tells whoever waits.
    fn run(self: Box<Self>, bench: &mut dyn Bench) -> Box<dyn FnOnce()>;

    /// Tells whoever waits that the work is not done.
    fn refuse(self: Box<Self>, why: HashError);
}

/// Work, and whoever waits for it.
pub(super) struct Pending<T, F> {
    compute: F,
    waiting: oneshot::Sender<Answer<T>>,
}

impl<T, F> Pending<T, F>
where
    T: Send + 'static,
    F: FnOnce(&mut dyn Bench) -> Answer<T> + Send,
{
    pub(super) fn new(compute: F) -> (Self, oneshot::Receiver<Answer<T>>) {
        let (waiting, answer) = oneshot::channel();
        (Self { compute, waiting }, answer)
    }
}

impl<T, F> Task for Pending<T, F>
where
    T: Send + 'static,
    F: FnOnce(&mut dyn Bench) -> Answer<T> + Send,
{
    fn run(self: Box<Self>, bench: &mut dyn Bench) -> Box<dyn FnOnce()> {
        let Self { compute, waiting } = *self;
        // A panic ends the job, which its caller hears of, but not the thread: nobody starts another,
        // and without threads no password could be changed.
        let result = catch_unwind(AssertUnwindSafe(|| compute(bench)));
        Box::new(move || {
            // The caller may have gone meanwhile; then nobody wants the result.
            let _ = waiting.send(result.unwrap_or(Err(HashError::Panicked)));
        })
    }

    fn refuse(self: Box<Self>, why: HashError) {
        let _ = self.waiting.send(Err(why));
    }
}
