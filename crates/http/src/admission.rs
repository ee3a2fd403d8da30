use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::body::Limits;
use crate::fair_queue::{FairQueue, Source};

/// Admits [`Limits::changes`] changes at one time, of which callers without credentials get a
/// sixth. Further ones wait for their turn.
///
/// This is the only place where changes wait for long: the hasher and the store get no more of them
/// than they can work on. So a source with many changes delays only its own.
pub(crate) struct Admission {
    limits: Limits,
    state: Mutex<State>,
}

struct State {
    running: usize,
    /// The running changes of callers without credentials.
    anonymous: usize,
    next_number: u64,
    /// Each sender gives one permit to the change that waits.
    waiting: FairQueue<oneshot::Sender<()>>,
}

impl Admission {
    pub(crate) fn new(limits: Limits) -> Arc<Self> {
        let state = State { running: 0, anonymous: 0, next_number: 0, waiting: FairQueue::new() };
        Arc::new(Self { limits, state: Mutex::new(state) })
    }

    /// Waits for the turn of a change. Returns `None` if too many wait, or at
    /// [`Limits::queue_timeout`].
    pub(crate) async fn admit(self: &Arc<Self>, source: Source) -> Option<Permit> {
        let (number, permitted) = {
            let mut state = self.state();
            let is_authenticated = source.is_authenticated();
            if state.running < self.limits.changes
                && (is_authenticated || state.admits_anonymous(self.limits))
            {
                state.begin(is_authenticated);
                return Some(Permit { admission: Arc::clone(self), is_authenticated });
            }
            let number = state.next_number;
            state.next_number += 1;
            let (sender, permitted) = oneshot::channel();
            state.waiting.push(&source, number, sender);
            if state.waiting.len() > self.limits.queued_changes {
                // Perhaps the one just added. Dropping the sender refuses it.
                state.waiting.pop_largest();
            }
            (number, permitted)
        };
        let mut waiting = Waiting { admission: self, source, number, permitted };
        let permitted = timeout(self.limits.queue_timeout, &mut waiting.permitted).await;
        permitted.ok()?.ok()?;
        let is_authenticated = waiting.source.is_authenticated();
        Some(Permit { admission: Arc::clone(self), is_authenticated })
    }

    /// Returns the number of changes that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.state().waiting.len()
    }

    fn release(&self, is_authenticated: bool) {
        let mut state = self.state();
        state.running -= 1;
        state.anonymous -= usize::from(!is_authenticated);
        let anonymous = state.admits_anonymous(self.limits);
        // A change that waits no longer does not take the permit.
        while let Some((is_authenticated, next)) = state.waiting.pop(anonymous) {
            if next.send(()).is_ok() {
                state.begin(is_authenticated);
                return;
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No method panics between two writes.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Returns whether another change of a caller without credentials may begin, if there is a free
    /// place.
    const fn admits_anonymous(&self, limits: Limits) -> bool {
        self.anonymous < limits.changes.div_ceil(6)
    }

    fn begin(&mut self, is_authenticated: bool) {
        self.running += 1;
        self.anonymous += usize::from(!is_authenticated);
    }
}

/// One running change, until it is dropped.
pub(crate) struct Permit {
    admission: Arc<Admission>,
    is_authenticated: bool,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.admission.release(self.is_authenticated);
    }
}

/// A waiting change. If it is dropped, it leaves the queue.
struct Waiting<'a> {
    admission: &'a Admission,
    source: Source,
    number: u64,
    permitted: oneshot::Receiver<()>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.admission.state().waiting.remove(&self.source, self.number);
        self.permitted.close();
        // The permit may have arrived after the last poll.
        if self.permitted.try_recv().is_ok() {
            self.admission.release(self.source.is_authenticated());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt;

    use super::*;

    fn admission(changes: usize, queued_changes: usize) -> Arc<Admission> {
        Admission::new(Limits { changes, queued_changes, ..Limits::default() })
    }

    fn source(mount: &str) -> Source {
        Source::new(mount, false, None)
    }

    #[tokio::test]
    async fn the_permit_of_an_ended_change_goes_to_the_one_whose_turn_it_is() {
        let admission = admission(1, 10);
        let first = admission.admit(source("a")).await.unwrap();
        let mut second = Box::pin(admission.admit(source("a")));
        let mut third = Box::pin(admission.admit(source("a")));
        let mut other = Box::pin(admission.admit(source("b")));
        for waiting in [&mut second, &mut third, &mut other] {
            assert!(waiting.as_mut().now_or_never().is_none());
        }
        drop(first);
        let second = second.now_or_never().unwrap().unwrap();
        assert!(third.as_mut().now_or_never().is_none());
        drop(second);
        drop(other.now_or_never().unwrap().unwrap());
        drop(third.now_or_never().unwrap().unwrap());
        assert_eq!(admission.state().running, 0);
    }

    /// Proves W4.
    #[tokio::test]
    async fn w4_callers_without_credentials_get_a_sixth() {
        let admission = admission(6, 10);
        let running = admission.admit(source("a")).await.unwrap();
        let mut waiting = Box::pin(admission.admit(source("b")));
        assert!(waiting.as_mut().now_or_never().is_none());
        let with_credentials = || admission.admit(Source::new("a", true, None));
        let mut others = Vec::new();
        for _ in 0..5 {
            others.push(with_credentials().await);
        }
        let mut last = Box::pin(with_credentials());
        assert!(last.as_mut().now_or_never().is_none());
        drop(others);
        assert!(last.now_or_never().unwrap().is_some());
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(running);
        drop(waiting.now_or_never().unwrap().unwrap());
        let state = admission.state();
        assert_eq!((state.running, state.anonymous), (0, 0));
    }

    #[tokio::test]
    async fn a_full_queue_refuses_the_newest_of_the_source_that_has_most() {
        let admission = admission(1, 2);
        let running = admission.admit(source("a")).await.unwrap();
        let mut many = [(); 2].map(|()| Box::pin(admission.admit(source("a"))));
        for waiting in &mut many {
            assert!(waiting.as_mut().now_or_never().is_none());
        }
        assert!(admission.admit(source("a")).now_or_never().unwrap().is_none());
        let mut other = Box::pin(admission.admit(source("b")));
        assert!(other.as_mut().now_or_never().is_none());
        let [first, second] = many;
        assert!(second.now_or_never().unwrap().is_none(), "it made room");
        drop(running);
        drop(first.now_or_never().unwrap().unwrap());
        drop(other.now_or_never().unwrap().unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_that_waits_no_longer_passes_its_permit_on() {
        let admission = admission(1, 10);
        let running = admission.admit(source("a")).await.unwrap();
        let begun = tokio::time::Instant::now();
        assert!(admission.admit(source("a")).await.is_none(), "it waits too long");
        assert_eq!(begun.elapsed(), Duration::from_secs(5));
        let mut canceled = Box::pin(admission.admit(source("a")));
        let mut late = Box::pin(admission.admit(source("a")));
        let mut last = Box::pin(admission.admit(source("a")));
        for waiting in [&mut canceled, &mut late, &mut last] {
            assert!(waiting.as_mut().now_or_never().is_none());
        }
        drop(canceled);
        drop(running);
        // It has got the permit, but does not know it.
        drop(late);
        drop(last.now_or_never().unwrap().unwrap());
        assert_eq!(admission.state().running, 0);
        assert_eq!(admission.state().waiting.len(), 0);
    }
}
