use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// Work that runs to completion even if its caller stops waiting: when this is dropped before, the work goes on as
/// a task of its own. While the caller waits, no task is needed.
pub(crate) struct RunToCompletion<F>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    /// Until it has ended, or has panicked.
    work: Option<Pin<Box<F>>>,
    tracker: TaskTracker,
    runtime: Handle,
    /// The tracker knows of the work from the beginning.
    _token: TaskTrackerToken,
}

impl<F> RunToCompletion<F>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    /// To be called within the runtime that is to run the work should the caller stop waiting.
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
        // Nobody polls a future again that has ended.
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
