//! The slots for connections. When all are taken, or all that one client may have, the connection
//! that has been idle for longest is closed for a new one.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// The slots of a listener.
#[derive(Debug)]
pub(crate) struct Slots {
    permits: Arc<Semaphore>,
    per_client: usize,
    idle: Mutex<Idle>,
}

#[derive(Debug, Default)]
struct Idle {
    /// The number of the next connection to become idle.
    next: u64,
    /// The idle connections, the one that has been idle for longest first.
    connections: BTreeMap<u64, (Option<IpAddr>, Arc<Notify>)>,
    /// The number of connections of each client.
    clients: HashMap<IpAddr, usize>,
    /// Whether a new connection waits because none was idle.
    wanted: bool,
}

impl Idle {
    /// Asks the connection that has been idle for longest to close, or the next one to become idle.
    fn evict(&mut self) {
        self.wanted = match self.connections.pop_first() {
            Some((_, (_, evicted))) => {
                evicted.notify_one();
                false
            }
            None => true,
        };
    }

    /// Counts a new connection of a client. At the limit, one of its idle connections is asked to
    /// close; returns whether one was, or `None` if there is none.
    fn add(&mut self, client: IpAddr, limit: usize) -> Option<bool> {
        let is_full = self.clients.get(&client).is_some_and(|count| *count >= limit);
        if is_full {
            self.evict_of(client)?;
        }
        *self.clients.entry(client).or_default() += 1;
        Some(is_full)
    }

    /// Asks the connection of a client that has been idle for longest to close. Returns `None` if
    /// there is none.
    fn evict_of(&mut self, client: IpAddr) -> Option<()> {
        let is_own = |(_, (owner, _)): &(&u64, &(Option<IpAddr>, _))| *owner == Some(client);
        let number = *self.connections.iter().find(is_own)?.0;
        let (_, evicted) = self.connections.remove(&number)?;
        evicted.notify_one();
        Some(())
    }

    fn subtract(&mut self, client: IpAddr) {
        if let Entry::Occupied(mut count) = self.clients.entry(client) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

impl Slots {
    pub(crate) fn new(count: usize, per_client: usize) -> Arc<Self> {
        let permits = Arc::new(Semaphore::new(count));
        Arc::new(Self { permits, per_client, idle: Mutex::default() })
    }

    /// Returns a slot for a new connection, which is idle at first. Waits while all slots are taken
    /// by connections with an active request. Returns `None` if the client has too many such
    /// connections.
    pub(crate) async fn acquire(self: &Arc<Self>, client: Option<IpAddr>) -> Option<Slot> {
        let makes_room = match client {
            Some(client) => self.idle().add(client, self.per_client)?,
            None => false,
        };
        let permit = match Arc::clone(&self.permits).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                if !makes_room {
                    self.idle().evict();
                }
                // The semaphore is never closed.
                let permit = Arc::clone(&self.permits).acquire_owned().await.ok()?;
                // The slot may be that of a connection that ended by itself.
                self.idle().wanted = false;
                permit
            }
        };
        let slot = Slot {
            slots: Arc::clone(self),
            evicted: Arc::default(),
            number: Mutex::default(),
            client,
            _permit: permit,
        };
        slot.idle();
        Some(slot)
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The slot of one connection, until it is dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    slots: Arc<Slots>,
    evicted: Arc<Notify>,
    /// The connection's number in [`Idle`], while it is idle.
    number: Mutex<Option<u64>>,
    client: Option<IpAddr>,
    _permit: OwnedSemaphorePermit,
}

impl Slot {
    /// Marks the connection as idle.
    pub(crate) fn idle(&self) {
        let mut idle = self.slots.idle();
        let number = idle.next;
        idle.next += 1;
        idle.connections.insert(number, (self.client, Arc::clone(&self.evicted)));
        *self.number() = Some(number);
        if idle.wanted {
            idle.evict();
        }
    }

    /// Marks the connection as having an active request.
    pub(crate) fn busy(&self) {
        // Unlocked before the other lock is taken, since `idle` takes them in the other order.
        let number = self.number().take();
        if let Some(number) = number {
            self.slots.idle().connections.remove(&number);
        }
    }

    /// Waits until the connection must be closed for a new one.
    pub(crate) async fn evicted(&self) {
        loop {
            self.evicted.notified().await;
            if self.number().is_some() {
                return;
            }
            // A request has arrived meanwhile, so another connection must be closed: one of the
            // client if that is why this one was chosen.
            let mut idle = self.slots.idle();
            let is_over = |client| idle.clients.get(&client) > Some(&self.slots.per_client);
            match self.client.filter(|client| is_over(*client)) {
                Some(client) => drop(idle.evict_of(client)),
                None => idle.evict(),
            }
        }
    }

    fn number(&self) -> MutexGuard<'_, Option<u64>> {
        self.number.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.busy();
        if let Some(client) = self.client {
            self.slots.idle().subtract(client);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    async fn acquired(slots: &Arc<Slots>) -> Slot {
        slots.acquire(None).await.unwrap()
    }

    #[tokio::test]
    async fn the_connection_that_has_been_idle_for_longest_is_evicted() {
        let slots = Slots::new(3, 3);
        let (first, second, third) =
            (acquired(&slots).await, acquired(&slots).await, acquired(&slots).await);
        first.busy();
        first.idle();
        third.busy();
        let mut fourth = std::pin::pin!(slots.acquire(None));
        assert!(fourth.as_mut().now_or_never().is_none());
        assert!(first.evicted().now_or_never().is_none());
        assert!(third.evicted().now_or_never().is_none());
        second.evicted().now_or_never().unwrap();
        drop(second);
        fourth.await.unwrap();
    }

    #[tokio::test]
    async fn a_connection_that_got_the_slot_of_an_ended_one_is_not_evicted() {
        let slots = Slots::new(1, 1);
        let first = acquired(&slots).await;
        first.busy();
        let mut second = std::pin::pin!(slots.acquire(None));
        assert!(second.as_mut().now_or_never().is_none());
        drop(first);
        let second = second.await.unwrap();
        assert!(second.evicted().now_or_never().is_none());
    }

    #[tokio::test]
    async fn while_all_are_busy_the_next_to_become_idle_is_evicted() {
        let slots = Slots::new(2, 2);
        let (first, second) = (acquired(&slots).await, acquired(&slots).await);
        first.busy();
        second.busy();
        let mut third = std::pin::pin!(slots.acquire(None));
        assert!(third.as_mut().now_or_never().is_none());
        second.idle();
        second.evicted().now_or_never().unwrap();
        assert!(first.evicted().now_or_never().is_none());
        drop(second);
        third.await.unwrap();
    }

    #[tokio::test]
    async fn a_connection_that_becomes_busy_is_not_evicted() {
        let slots = Slots::new(2, 2);
        let (first, second) = (acquired(&slots).await, acquired(&slots).await);
        let mut third = std::pin::pin!(slots.acquire(None));
        assert!(third.as_mut().now_or_never().is_none());
        first.busy();
        assert!(first.evicted().now_or_never().is_none(), "it was chosen, but is busy");
        second.evicted().now_or_never().unwrap();
    }

    /// Proves W3 share.
    #[tokio::test]
    async fn w3_a_client_has_no_more_than_its_share() {
        let [greedy, other] = [1, 2].map(|last| Some(IpAddr::from([192, 0, 2, last])));
        let slots = Slots::new(4, 2);
        let first = slots.acquire(greedy).await.unwrap();
        let second = slots.acquire(greedy).await.unwrap();
        let _other = slots.acquire(other).await.unwrap();
        first.busy();
        let third = slots.acquire(greedy).await.unwrap();
        second.evicted().now_or_never().unwrap();
        drop(second);
        third.busy();
        assert!(slots.acquire(greedy).await.is_none(), "both have an active request");
        let _unlimited = slots.acquire(None).await.unwrap();
        drop((first, third));
        assert_eq!(slots.idle().clients.len(), 1, "a client without connections is forgotten");
        drop((slots.acquire(greedy).await.unwrap(), slots.acquire(other).await.unwrap()));
    }
}
