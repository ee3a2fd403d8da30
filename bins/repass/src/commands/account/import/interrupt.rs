//! Ctrl-C, which ends an import between two batches.

use std::cell::Cell;

use tokio::sync::Notify;

use crate::failure::Failure;

#[derive(Default)]
pub(super) struct Interrupt {
    begun: Cell<bool>,
    heard: Notify,
}

impl Interrupt {
    /// Waits for Ctrl-C while nothing is written yet, and then is the failure of the command. After
    /// [`begin`](Self::begin) it only has it [`heard`](Self::heard).
    pub(super) async fn before_the_first_batch(&self) -> Failure {
        match tokio::signal::ctrl_c().await {
            Err(error) => Failure::Runtime(error),
            Ok(()) if self.begun.get() => {
                self.heard.notify_one();
                std::future::pending().await
            }
            Ok(()) => Failure::Interrupted,
        }
    }

    /// From now on, the one who writes asks by itself.
    pub(super) fn begin(&self) {
        self.begun.set(true);
    }

    /// Waits for Ctrl-C.
    pub(super) async fn heard(&self) {
        self.heard.notified().await;
    }
}
