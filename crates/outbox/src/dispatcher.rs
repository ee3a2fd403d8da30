use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use repass_core::{
    ClaimEvents, ClaimedEvent, Clock, DeliveryOutcome, OutboxStore, Randomness, StoreError,
};

use crate::backoff::backoff;
use crate::{Channel, DeliveryError};

/// Options of an [`OutboxDispatcher`].
#[derive(Debug, Clone)]
pub struct DispatcherOptions {
    /// Interval between queries of the store when no event is due.
    pub poll: Duration,
    /// Timeout of one delivery. The lease of a delivery is twice as long; it is repeated after its
    /// lease if the dispatcher dies.
    pub timeout: Duration,
    /// Delay after the first failed try. Each further failure doubles it.
    pub first_wait: Duration,
    /// Maximum delay. Jitter may double it.
    pub longest_wait: Duration,
    /// Number of tries after which a delivery is given up, at least 1.
    pub max_tries: u32,
    /// Maximum number of concurrent deliveries, at least 1.
    pub max_concurrent: u32,
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
            max_concurrent: 16,
        }
    }
}

/// Counts of the tries of one channel since the dispatcher was created, for metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeliveryCounts {
    /// Tries that delivered the event.
    pub delivered: u64,
    /// Tries that failed, after which the delivery waits for its next try.
    pub failed: u64,
    /// Tries that failed, after which the delivery was given up.
    pub given_up: u64,
}

/// Delivers events to channels.
///
/// Each channel gets the events of an account in the order written. A failing channel does not
/// delay other channels.
pub struct OutboxDispatcher {
    store: Arc<dyn OutboxStore>,
    channels: Vec<Arc<dyn Channel>>,
    options: DispatcherOptions,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
    counts: Mutex<BTreeMap<&'static str, DeliveryCounts>>,
}

impl OutboxDispatcher {
    /// Creates a dispatcher that delivers the events of `store` to all `channels`.
    pub fn new(
        store: Arc<dyn OutboxStore>,
        channels: Vec<Arc<dyn Channel>>,
        options: DispatcherOptions,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
    ) -> Self {
        let counts = channels.iter().map(|channel| (channel.name(), DeliveryCounts::default()));
        let counts = Mutex::new(counts.collect());
        Self { store, channels, options, clock, randomness, counts }
    }

    /// Returns the counts of each channel, by its name.
    pub fn counts(&self) -> BTreeMap<&'static str, DeliveryCounts> {
        self.lock_counts().clone()
    }

    fn lock_counts(&self) -> MutexGuard<'_, BTreeMap<&'static str, DeliveryCounts>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Delivers events as they become due, until `stop` completes. Then it claims no more events
    /// and waits for the running deliveries, for one timeout at most. The future may also be
    /// dropped at any time; interrupted deliveries are repeated when their leases expire.
    ///
    /// Needs a tokio runtime with time and I/O enabled.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        let names: Vec<&str> = self.channels.iter().map(|channel| channel.name()).collect();
        let mut stop = std::pin::pin!(stop);
        let mut running = FuturesUnordered::new();
        let max_concurrent = self.options.max_concurrent.max(1) as usize;
        loop {
            // A claim costs several deliveries if the backlog is long, so claim only for half of
            // them.
            while running.len() > max_concurrent / 2 && running.next().await.is_some() {}
            let limit = max_concurrent - running.len();
            let claimed = {
                let mut claim = std::pin::pin!(self.claim(&names, limit));
                loop {
                    tokio::select! {
                        biased;
                        claimed = &mut claim => break claimed,
                        // The claim may need a connection that a running delivery holds.
                        Some(()) = running.next() => {}
                    }
                }
            };
            for claimed in claimed {
                running.push(self.deliver(claimed, &names));
            }
            tokio::select! {
                biased;
                () = &mut stop => break,
                // The next event of its account may be due now.
                Some(()) = running.next() => {}
                () = tokio::time::sleep(self.options.poll) => {}
            }
        }
        while running.next().await.is_some() {}
    }

    async fn claim(&self, channels: &[&str], limit: usize) -> Vec<ClaimedEvent> {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        let lease = self.options.timeout.saturating_mul(2);
        let claim = ClaimEvents { channels, now: self.clock.now(), lease, limit };
        match self.store.claim(&claim).await {
            Ok(claimed) => claimed,
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "cannot read the outbox; will be retried");
                Vec::new()
            }
        }
    }

    async fn deliver(&self, claimed: ClaimedEvent, channels: &[&str]) {
        // A store returns requested channels only.
        let channel = self.channels.iter().find(|own| own.name() == claimed.claim.channel);
        let Some(channel) = channel else { return };
        let delivery = tokio::time::timeout(self.options.timeout, channel.deliver(&claimed)).await;
        let result = delivery.unwrap_or_else(|_| Err(DeliveryError::new("timed out")));
        if let Err(error) = self.finish(channel.name(), &claimed, result, channels).await {
            let error: &dyn std::error::Error = &error;
            let event = claimed.event.id;
            tracing::warn!(
                error,
                %event,
                channel = channel.name(),
                "cannot record the outcome of a delivery; the delivery will be repeated"
            );
        }
    }

    async fn finish(
        &self,
        channel: &'static str,
        claimed: &ClaimedEvent,
        result: Result<(), DeliveryError>,
        channels: &[&str],
    ) -> Result<(), StoreError> {
        let (event, claim) = (&claimed.event, &claimed.claim);
        let (id, kind) = (event.id, &event.kind);
        let outcome = match result {
            Ok(()) => {
                tracing::info!(event = %id, kind, channel, "delivered");
                DeliveryOutcome::Delivered
            }
            Err(error) if error.is_permanent() || claim.tries >= self.options.max_tries => {
                tracing::error!(
                    event = %id, kind, channel, reason = %error,
                    "delivery given up; retry it with `repass outbox retry`"
                );
                DeliveryOutcome::Discarded { error: error.to_string() }
            }
            Err(error) => {
                let next_try = self.next_try(claim.tries, error.retry_after());
                tracing::warn!(
                    event = %id, kind, channel, reason = %error, %next_try,
                    "delivery failed; will be retried"
                );
                DeliveryOutcome::Retry { next_try, error: error.to_string() }
            }
        };
        self.count(channel, &outcome);
        self.store.finish_delivery(claim, &outcome, channels).await
    }

    fn count(&self, channel: &'static str, outcome: &DeliveryOutcome) {
        let mut counts = self.lock_counts();
        let counts = counts.entry(channel).or_default();
        match outcome {
            DeliveryOutcome::Delivered => counts.delivered += 1,
            DeliveryOutcome::Retry { .. } => counts.failed += 1,
            DeliveryOutcome::Discarded { .. } => counts.given_up += 1,
        }
    }

    fn next_try(&self, tries: u32, retry_after: Duration) -> Timestamp {
        let mut seed = [0; 8];
        // If the random source fails, the delay just has a constant jitter.
        let _ = self.randomness.fill(&mut seed);
        let seed = u64::from_le_bytes(seed);
        let delay = backoff(self.options.first_wait, self.options.longest_wait, tries, seed);
        let delay = delay.max(retry_after.min(self.options.longest_wait));
        self.clock.now().checked_add(delay).unwrap_or(Timestamp::MAX)
    }
}

impl fmt::Debug for OutboxDispatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboxDispatcher").field("options", &self.options).finish_non_exhaustive()
    }
}
