//! Messages to systemd about the state of the server. Without `NOTIFY_SOCKET` nothing is sent.

#[cfg(unix)]
use sd_notify::NotifyState;

/// The server serves.
pub(crate) fn ready() {
    #[cfg(unix)]
    notify(&[NotifyState::Ready]);
}

/// The server begins to reload; [`ready`] ends it.
pub(crate) fn reloading() {
    #[cfg(unix)]
    if let Ok(now) = NotifyState::monotonic_usec_now() {
        notify(&[NotifyState::Reloading, now]);
    }
}

/// The server begins to stop.
pub(crate) fn stopping() {
    #[cfg(unix)]
    notify(&[NotifyState::Stopping]);
}

/// Reports that the runtime works, if systemd asks for it (`WatchdogSec=`), until it is dropped.
pub(crate) async fn watch() {
    #[cfg(unix)]
    if let Some(limit) = sd_notify::watchdog_enabled() {
        let mut ticks = tokio::time::interval(limit / 2);
        loop {
            ticks.tick().await;
            notify(&[NotifyState::Watchdog]);
        }
    }
}

#[cfg(unix)]
fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "systemd cannot be notified");
    }
}
