//! Stops jobs until the test lets them go on.

use std::sync::{Arc, Condvar, Mutex};

use tokio::sync::mpsc;

pub(super) struct Gate {
    tell: mpsc::UnboundedSender<&'static str>,
    begun: mpsc::UnboundedReceiver<&'static str>,
    permits: Arc<(Mutex<usize>, Condvar)>,
}

impl Gate {
    pub(super) fn new() -> Self {
        let (tell, begun) = mpsc::unbounded_channel();
        Self { tell, begun, permits: Arc::default() }
    }

    /// What a job of this name calls: tells that it has begun, and waits until it may go on.
    pub(super) fn pass(&self, name: &'static str) -> impl FnOnce() + Send + 'static {
        let (tell, permits) = (self.tell.clone(), Arc::clone(&self.permits));
        move || {
            // A test that has failed does not listen any more.
            let _ = tell.send(name);
            let (left, more) = &*permits;
            let mut left = more.wait_while(left.lock().unwrap(), |left| *left == 0).unwrap();
            *left -= 1;
        }
    }

    /// The next job that has begun, in the order they did.
    pub(super) async fn begun(&mut self) -> &'static str {
        self.begun.recv().await.unwrap()
    }

    /// How many more have begun.
    pub(super) fn more(&self) -> usize {
        self.begun.len()
    }

    /// Lets so many jobs go on.
    pub(super) fn open(&self, jobs: usize) {
        let (left, more) = &*self.permits;
        *left.lock().unwrap() += jobs;
        more.notify_all();
    }
}

impl Drop for Gate {
    /// A test that failed must not leave threads behind that never end.
    fn drop(&mut self) {
        self.open(1_000_000);
    }
}
