//! Ctrl-C, which ends an import between two batches.

use std::cell::Cell;

use tokio::sync::Notify;

use crate::failure::Failure;

#[derive(Default)]
pub(super) struct Interrupt {
    batches_started: Cell<bool>,
    received: Notify,
}

impl Interrupt {
    /// Waits for Ctrl-C. Returns the failure of the command if no batch was started. After
    /// [`start_batches`](Self::start_batches) it only wakes [`received`](Self::received).
    pub(super) async fn before_first_batch(&self) -> Failure {
        match tokio::signal::ctrl_c().await {
            Err(error) => Failure::Runtime(error),
            Ok(()) if self.batches_started.get() => {
                self.received.notify_one();
                std::future::pending().await
            }
            Ok(()) => Failure::Interrupted,
        }
    }

    /// From now on, the import waits for [`received`](Self::received) between batches.
    pub(super) fn start_batches(&self) {
        self.batches_started.set(true);
    }

    /// Waits for Ctrl-C.
    pub(super) async fn received(&self) {
        self.received.notified().await;
    }
}
