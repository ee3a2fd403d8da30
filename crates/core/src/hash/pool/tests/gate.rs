//! A gate that blocks jobs until the test opens it.

use std::sync::{Arc, Condvar, Mutex};

use tokio::sync::mpsc;

pub(super) struct Gate {
    report: mpsc::UnboundedSender<&'static str>,
    begun: mpsc::UnboundedReceiver<&'static str>,
    permits: Arc<(Mutex<usize>, Condvar)>,
}

impl Gate {
    pub(super) fn new() -> Self {
        let (report, begun) = mpsc::unbounded_channel();
        Self { report, begun, permits: Arc::default() }
    }

    /// Returns the closure of a named job: reports that the job has begun, and waits for the gate.
    pub(super) fn pass(&self, name: &'static str) -> impl FnOnce() + Send + 'static {
        let (report, permits) = (self.report.clone(), Arc::clone(&self.permits));
        move || {
            // Fails if the test has failed.
            let _ = report.send(name);
            let (left, more) = &*permits;
            let mut left = more.wait_while(left.lock().unwrap(), |left| *left == 0).unwrap();
            *left -= 1;
        }
    }

    /// Waits for the next job that begins, and returns its name.
    pub(super) async fn begun(&mut self) -> &'static str {
        self.begun.recv().await.unwrap()
    }

    /// Returns the number of further jobs that have begun.
    pub(super) fn more(&self) -> usize {
        self.begun.len()
    }

    /// Lets this number of jobs pass.
    pub(super) fn open(&self, jobs: usize) {
        let (left, more) = &*self.permits;
        *left.lock().unwrap() += jobs;
        more.notify_all();
    }
}

impl Drop for Gate {
    /// Lets all jobs pass, so that the threads of a failed test end.
    fn drop(&mut self) {
        self.open(1_000_000);
    }
}
