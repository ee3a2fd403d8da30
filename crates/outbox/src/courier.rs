use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use repass_core::{ClaimedEvent, Clock, OutboxStore, Randomness, StoreError};

use crate::waits::wait;
use crate::{Channel, DeliveryError};

/// How a courier works.
#[derive(Debug, Clone)]
pub struct CourierOptions {
    /// How long it waits before it looks again when nothing was due.
    pub poll: Duration,
    /// How long one channel may take for one event. Twice as long an event is leased: so long it
    /// takes until it is delivered after all, when a courier dies with it.
    pub timeout: Duration,
    /// The wait after the first failed try; it doubles with each further one.
    pub first_wait: Duration,
    /// The longest such wait, before the jitter, which may double it.
    pub longest_wait: Duration,
    /// After so many tries an event is given up, at least 1.
    pub max_tries: u32,
    /// How many events are under way at once, at least 1.
    pub at_once: u32,
}

impl Default for CourierOptions {
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

/// Brings events to channels.
///
/// An event is tried again while any channel that lacks it may still get it. One that was refused
/// for good elsewhere meanwhile is asked again each time, for it might have thought better of it.
pub struct Courier {
    store: Arc<dyn OutboxStore>,
    channels: Vec<Arc<dyn Channel>>,
    options: CourierOptions,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
}

impl Courier {
    /// A courier from `store` to every one of `channels`.
    pub fn new(
        store: Arc<dyn OutboxStore>,
        channels: Vec<Arc<dyn Channel>>,
        options: CourierOptions,
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
        let mut stop = std::pin::pin!(stop);
        let mut under_way = FuturesUnordered::new();
        loop {
            let room = (self.options.at_once.max(1) as usize).saturating_sub(under_way.len());
            let claimed = {
                let mut claim = std::pin::pin!(self.claim(room));
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
                under_way.push(self.deliver(claimed));
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

    async fn claim(&self, room: usize) -> Vec<ClaimedEvent> {
        let Some(limit) = u32::try_from(room).ok().filter(|limit| *limit > 0) else {
            return Vec::new();
        };
        let lease = self.options.timeout.saturating_mul(2);
        match self.store.claim(self.clock.now(), lease, limit).await {
            Ok(claimed) => claimed,
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "the outbox cannot be read; trying again");
                Vec::new()
            }
        }
    }

    async fn deliver(&self, claimed: ClaimedEvent) {
        let outstanding =
            self.channels.iter().filter(|own| !claimed.delivered.iter().any(|it| it == own.name()));
        let results =
            join_all(outstanding.map(|channel| self.deliver_by(&**channel, &claimed))).await;
        let failures: Vec<Failure> = results.into_iter().flatten().collect();
        let event = claimed.event.id;
        if let Err(error) = self.settle(&claimed, &failures).await {
            // Its lease will be over.
            tracing::warn!(%event, %error, "a delivery could not be noted; it will be repeated");
        }
    }

    /// How the channel failed, if it did.
    async fn deliver_by(&self, channel: &dyn Channel, claimed: &ClaimedEvent) -> Option<Failure> {
        let name = channel.name();
        let delivery = tokio::time::timeout(self.options.timeout, channel.deliver(claimed)).await;
        let error = match delivery {
            Ok(Ok(())) => match self.store.delivered(claimed.claim, name).await {
                Ok(()) => return None,
                Err(error) => DeliveryError::caused_by(&error),
            },
            Ok(Err(error)) => error,
            Err(_) => DeliveryError::new("it took too long"),
        };
        Some(Failure { channel: name, error })
    }

    async fn settle(&self, claimed: &ClaimedEvent, failures: &[Failure]) -> Result<(), StoreError> {
        let (claim, event) = (claimed.claim, &claimed.event);
        if failures.is_empty() {
            tracing::info!(event = %event.id, kind = event.kind, "delivered");
            return self.store.finished(claim).await;
        }
        let reasons: Vec<String> = failures.iter().map(ToString::to_string).collect();
        let reason = reasons.join("; ");
        let hopeless = failures.iter().all(|failure| failure.error.is_permanent());
        if hopeless || claim.tries >= self.options.max_tries {
            tracing::error!(event = %event.id, kind = event.kind, reason, "given up");
            return self.store.dead(claim, &reason).await;
        }
        let next_try = self.next_try(claim.tries);
        tracing::warn!(event = %event.id, kind = event.kind, reason, %next_try, "not delivered");
        self.store.failed(claim, next_try, &reason).await
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

impl fmt::Debug for Courier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Courier").field("options", &self.options).finish_non_exhaustive()
    }
}

/// Why an event did not get through one channel.
struct Failure {
    channel: &'static str,
    error: DeliveryError,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.channel, self.error)
    }
}
