//! The signals that stop a server, and the one that reloads files.

use std::io;

/// SIGHUP, received from the creation of this value on.
pub(crate) struct Hangups {
    #[cfg(unix)]
    hangup: tokio::signal::unix::Signal,
}

impl Hangups {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            hangup: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())?,
        })
    }

    /// Waits for the next signal.
    pub(crate) async fn next(&mut self) {
        #[cfg(unix)]
        if self.hangup.recv().await.is_some() {
            return;
        }
        std::future::pending::<()>().await;
    }
}

/// SIGTERM and Ctrl-C, received from the creation of this value on.
///
/// SIGHUP, SIGUSR1 and SIGUSR2, which end a process by default, are then ignored.
pub(crate) struct StopSignals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl StopSignals {
    pub(crate) fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        for ignored in
            [SignalKind::hangup(), SignalKind::user_defined1(), SignalKind::user_defined2()]
        {
            // A handler stays installed after the drop.
            drop(signal(ignored)?);
        }
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self { terminate, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the next signal.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
impl StopSignals {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Waits for the next signal.
    pub(crate) async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}

#[cfg(all(test, unix))]
mod tests {
    use nix::sys::signal::{Signal, raise};

    use super::*;

    #[tokio::test]
    async fn a_signal_before_it_is_awaited_is_not_lost() {
        let mut signals = StopSignals::new().unwrap();
        for signal in [Signal::SIGTERM, Signal::SIGINT] {
            for ignored in [Signal::SIGHUP, Signal::SIGUSR1, Signal::SIGUSR2] {
                raise(ignored).unwrap();
            }
            raise(signal).unwrap();
            signals.next().await;
        }
    }
}
