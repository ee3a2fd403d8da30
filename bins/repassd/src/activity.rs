//! The requests of a connection, and how long it has been without one.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use crate::slots::Slot;

/// The requests of a connection.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Activity {
    /// The number of requests so far.
    started: u64,
    /// The number of requests without an answer.
    active: usize,
}

/// Tracks the requests of a connection.
pub(crate) struct Tracker {
    activity: watch::Sender<Activity>,
    slot: Arc<Slot>,
}

impl Tracker {
    pub(crate) fn new(slot: Arc<Slot>) -> Arc<Self> {
        Arc::new(Self { activity: watch::Sender::default(), slot })
    }

    /// Returns the activity as it changes, until the tracker is dropped.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Activity> {
        self.activity.subscribe()
    }
}

/// One active request, until it is dropped.
pub(crate) struct ActiveRequest(Arc<Tracker>);

impl ActiveRequest {
    pub(crate) fn start(tracker: &Arc<Tracker>) -> Self {
        tracker.activity.send_modify(|activity| {
            activity.started = activity.started.wrapping_add(1);
            activity.active += 1;
            // Under the lock of the count, since the requests of an HTTP/2 connection end on other
            // threads.
            tracker.slot.busy();
        });
        Self(Arc::clone(tracker))
    }
}

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        let Tracker { activity, slot } = &*self.0;
        activity.send_modify(|activity| {
            activity.active -= 1;
            if activity.active == 0 {
                slot.idle();
            }
        });
    }
}

/// Completes when a connection has been without a request for too long: before its first request,
/// or since its last answer. `fresh` is dropped at the first request.
///
/// hyper's time-out for HTTP/1 starts only when it knows the protocol, which has no time-out, and a
/// client of HTTP/2 that answers pings is never idle to hyper.
pub(crate) async fn idle(
    mut seen: watch::Receiver<Activity>,
    fresh: mpsc::Sender<Infallible>,
    first_within: Duration,
    next_within: Duration,
) {
    let (mut known, mut within, mut fresh) = (0, first_within, Some(fresh));
    loop {
        let request = seen.wait_for(|activity| activity.started != known);
        match tokio::time::timeout(within, request).await.map(|request| request.is_ok()) {
            Err(_) => return,
            Ok(true) => drop(fresh.take()),
            Ok(false) => break,
        }
        let answered = seen.wait_for(|activity| activity.active == 0).await;
        let Ok(activity) = answered.map(|activity| *activity) else { break };
        (known, within) = (activity.started, next_within);
    }
    // The connection has ended, or is about to.
    std::future::pending::<()>().await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slots::Slots;

    const FIRST: Duration = Duration::from_secs(10);
    const NEXT: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_idle_before_its_first_request_and_after_each_answer() {
        let slot = Slots::new(1, 1).acquire(None).await.unwrap();
        let tracker = Tracker::new(Arc::new(slot));
        let begun = tokio::time::Instant::now();
        let (fresh, mut none_fresh) = mpsc::channel(1);
        idle(tracker.subscribe(), fresh.clone(), FIRST, NEXT).await;
        assert_eq!(begun.elapsed().as_secs(), 10, "there was no request");

        let begun = tokio::time::Instant::now();
        let idle = tokio::spawn(idle(tracker.subscribe(), fresh, FIRST, NEXT));
        let requests = async {
            for pause in [5, 50, 50] {
                tokio::time::sleep(Duration::from_secs(pause)).await;
                drop(ActiveRequest::start(&tracker));
            }
            assert_eq!(none_fresh.recv().await, None);
            let slow = ActiveRequest::start(&tracker);
            tokio::time::sleep(Duration::from_secs(500)).await;
            drop(slow);
        };
        requests.await;
        idle.await.unwrap();
        assert_eq!(begun.elapsed().as_secs(), 5 + 50 + 50 + 500 + 60);
    }
}
