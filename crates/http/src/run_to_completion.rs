use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// Work that runs to completion even if its caller stops waiting: if this is dropped early, the
/// work continues as a spawned task.
pub(crate) struct RunToCompletion<F>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    /// `None` once the work has ended or panicked.
    work: Option<Pin<Box<F>>>,
    tracker: TaskTracker,
    runtime: Handle,
    /// Makes the tracker wait for the work before it is spawned, too.
    _token: TaskTrackerToken,
}

impl<F> RunToCompletion<F>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    /// Must be called within the runtime that runs the work if the caller stops waiting.
    pub(crate) fn new(work: F, tracker: &TaskTracker) -> Self {
        Self {
            work: Some(Box::pin(work)),
            tracker: tracker.clone(),
            runtime: Handle::current(),
            _token: tracker.token(),
        }
    }
}

impl<F> Future for RunToCompletion<F>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        // Futures must not be polled after they have ended.
        let Some(mut work) = self.work.take() else { return Poll::Pending };
        let polled = work.as_mut().poll(context);
        if polled.is_pending() {
            self.work = Some(work);
        }
        polled
    }
}

impl<F> Drop for RunToCompletion<F>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    fn drop(&mut self) {
        if let Some(work) = self.work.take() {
            self.tracker.spawn_on(work, &self.runtime);
        }
    }
}
