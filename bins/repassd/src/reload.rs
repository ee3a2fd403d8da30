//! Reloads certificates when their files change and at SIGHUP, and reports those that expire soon.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use repass_config::tls::Tls;
use repass_core::{Clock, SystemClock};

use crate::systemd;

/// How often the files are checked for changes.
const INTERVAL: Duration = Duration::from_secs(10);

/// How often the near expiry of a certificate is reported.
const REMINDER: Duration = Duration::from_secs(24 * 3600);

/// Runs until it is dropped.
pub(crate) async fn run(listeners: Vec<Arc<Tls>>) -> io::Result<()> {
    #[cfg(unix)]
    let mut hangup = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())?;
    #[cfg(unix)]
    let hung_up = async || hangup.recv().await.is_some();
    #[cfg(not(unix))]
    let hung_up = async || std::future::pending::<bool>().await;
    let mut hung_up = hung_up;
    let mut checks = tokio::time::interval(INTERVAL);
    let mut reminders = tokio::time::interval(REMINDER);
    // At the start, expiry is reported with the other warnings.
    reminders.tick().await;
    let reload = |force| listeners.iter().for_each(|tls| tls.reload(force, SystemClock.now()));
    loop {
        tokio::select! {
            _ = checks.tick() => reload(false),
            _ = hung_up() => {
                tracing::info!("SIGHUP: only certificates are reloaded; restart for other changes");
                systemd::reloading();
                reload(true);
                systemd::ready();
            }
            _ = reminders.tick() => {
                for warning in listeners.iter().filter_map(|tls| tls.warning(SystemClock.now())) {
                    tracing::warn!("{warning}");
                }
            }
        }
    }
}
