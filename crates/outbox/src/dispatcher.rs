use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use repass_core::{
    ClaimEvents, ClaimedEvent, Clock, DeliveryOutcome, OutboxStore, Randomness, StoreError,
};

use crate::waits::wait;
use crate::{Channel, DeliveryError};

/// How a dispatcher works.
#[derive(Debug, Clone)]
pub struct DispatcherOptions {
    /// How long it waits before it looks again when nothing was due.
    pub poll: Duration,
    /// How long one delivery may take. A delivery is leased for twice as long: so long it takes until
    /// it is repeated when a dispatcher dies with it.
    pub timeout: Duration,
    /// The wait after the first failed try; it doubles with each further one.
    pub first_wait: Duration,
    /// The longest such wait, before the jitter, which may double it.
    pub longest_wait: Duration,
    /// After so many tries a delivery is given up, at least 1.
    pub max_tries: u32,
    /// How many deliveries are under way at once, at least 1.
    pub at_once: u32,
}

impl Default for DispatcherOptions {
    /// Gives up after about a day.
    fn default() -> Self {
        Self {
            poll: Duration::from_secs(1),
            timeout: Duration::from_secs(15),
            first_wait: Duration::from_secs(5),
            longest_wait: Duration::from_secs(3600),
            max_tries: 24,
            at_once: 16,
        }
    }
}

/// Delivers events to channels.
///
/// Each channel gets the events of an account in the order written, and one that fails holds up no
/// other channel.
pub struct OutboxDispatcher {
    store: Arc<dyn OutboxStore>,
    channels: Vec<Arc<dyn Channel>>,
    options: DispatcherOptions,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
}

impl OutboxDispatcher {
    /// A dispatcher from `store` to every one of `channels`.
    pub fn new(
        store: Arc<dyn OutboxStore>,
        channels: Vec<Arc<dyn Channel>>,
        options: DispatcherOptions,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
    ) -> Self {
        Self { store, channels, options, clock, randomness }
    }

    /// Delivers whatever becomes due, until `stop` is over. Then nothing more is claimed, and what
    /// is under way is brought to its end, which takes no longer than one time-out. The future may
    /// also be dropped at any time: what was under way is delivered again when its lease is over.
    ///
    /// Needs a tokio runtime with time and I/O enabled.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        let names: Vec<&str> = self.channels.iter().map(|channel| channel.name()).collect();
        let mut stop = std::pin::pin!(stop);
        let mut under_way = FuturesUnordered::new();
        let at_once = self.options.at_once.max(1) as usize;
        loop {
            // Not for each delivery that ends: a look at a long backlog is worth several of them.
            while under_way.len() > at_once / 2 && under_way.next().await.is_some() {}
            let room = at_once - under_way.len();
            let claimed = {
                let mut claim = std::pin::pin!(self.claim(&names, room));
                loop {
                    tokio::select! {
                        biased;
                        claimed = &mut claim => break claimed,
                        // Deliveries go on meanwhile: one may hold the connection that the claim
                        // waits for.
                        Some(()) = under_way.next() => {}
                    }
                }
            };
            for claimed in claimed {
                under_way.push(self.deliver(claimed, &names));
            }
            tokio::select! {
                biased;
                () = &mut stop => break,
                // The account's next event may be due by that.
                Some(()) = under_way.next() => {}
                () = tokio::time::sleep(self.options.poll) => {}
            }
        }
        while under_way.next().await.is_some() {}
    }

    async fn claim(&self, channels: &[&str], room: usize) -> Vec<ClaimedEvent> {
        let limit = u32::try_from(room).unwrap_or(u32::MAX);
        let lease = self.options.timeout.saturating_mul(2);
        let claim = ClaimEvents { channels, now: self.clock.now(), lease, limit };
        match self.store.claim(&claim).await {
            Ok(claimed) => claimed,
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "the outbox cannot be read; trying again");
                Vec::new()
            }
        }
    }

    async fn deliver(&self, claimed: ClaimedEvent, channels: &[&str]) {
        // A store gives out no channel that it was not asked for.
        let channel = self.channels.iter().find(|own| own.name() == claimed.claim.channel);
        let Some(channel) = channel else { return };
        let delivery = tokio::time::timeout(self.options.timeout, channel.deliver(&claimed)).await;
        let result = delivery.unwrap_or_else(|_| Err(DeliveryError::new("it took too long")));
        if let Err(error) = self.finish(&claimed, result, channels).await {
            // Its lease will be over.
            let error: &dyn std::error::Error = &error;
            let event = claimed.event.id;
            tracing::warn!(
                error,
                %event,
                channel = channel.name(),
                "the outcome of a delivery cannot be written; the delivery will be repeated"
            );
        }
    }

    async fn finish(
        &self,
        claimed: &ClaimedEvent,
        result: Result<(), DeliveryError>,
        channels: &[&str],
    ) -> Result<(), StoreError> {
        let (event, claim) = (&claimed.event, &claimed.claim);
        let (id, kind, channel) = (event.id, &event.kind, &claim.channel);
        let outcome = match result {
            Ok(()) => {
                tracing::info!(event = %id, kind, channel, "delivered");
                DeliveryOutcome::Delivered
            }
            Err(error) if error.is_permanent() || claim.tries >= self.options.max_tries => {
                tracing::error!(event = %id, kind, channel, reason = %error, "given up");
                DeliveryOutcome::Discarded { error: error.to_string() }
            }
            Err(error) => {
                let next_try = self.next_try(claim.tries);
                tracing::warn!(
                    event = %id, kind, channel, reason = %error, %next_try, "not delivered"
                );
                DeliveryOutcome::Retry { next_try, error: error.to_string() }
            }
        };
        self.store.finish_delivery(claim, &outcome, channels).await
    }

    fn next_try(&self, tries: u32) -> Timestamp {
        let mut seed = [0; 8];
        // Without randomness the waits are just not spread.
        let _ = self.randomness.fill(&mut seed);
        let seed = u64::from_le_bytes(seed);
        let wait = wait(self.options.first_wait, self.options.longest_wait, tries, seed);
        self.clock.now().checked_add(wait).unwrap_or(Timestamp::MAX)
    }
}

impl fmt::Debug for OutboxDispatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboxDispatcher").field("options", &self.options).finish_non_exhaustive()
    }
}
