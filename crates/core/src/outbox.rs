//! The transactional outbox: events of accounts, and their delivery.
//!
//! An event is written in the same transaction as the change that it reports. A dispatcher then
//! delivers it to each channel at least once, and the events of an account in order. A dispatcher
//! needs only [`OutboxStore`] of a store.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::{Account, AuditRecord, OutboxEvent, Realm, StoreError};

/// The state of the delivery of an event to one channel, or to all channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryState {
    /// It waits for its first or next try.
    Pending,
    /// The channel received the event; of an event, every channel did.
    Delivered,
    /// The delivery was given up. An event is discarded if at least one delivery was given up and
    /// none is pending. An operator can retry it.
    Discarded,
}

impl DeliveryState {
    /// All states.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::Discarded];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Discarded => "discarded",
        }
    }

    /// Returns the state of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// The delivery of an event to one channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// The channel's name.
    pub channel: String,
    /// The state of the delivery.
    pub state: DeliveryState,
    /// How often the delivery was claimed since the event was written or last retried by an
    /// operator.
    pub tries: u32,
    /// When a pending delivery can next be claimed.
    pub due_at: Timestamp,
    /// The error of the last failed try.
    pub error: Option<String>,
}

/// An event and its deliveries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutboxEntry {
    /// The event.
    #[serde(flatten)]
    pub event: OutboxEvent,
    /// The state of the delivery.
    pub state: DeliveryState,
    /// When the event can first be claimed for any channel.
    pub due_at: Timestamp,
    /// The deliveries that were claimed at least once, by channel in ascending order.
    pub deliveries: Vec<Delivery>,
}

/// An event that was claimed for delivery to one channel.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimedEvent {
    /// The event.
    pub event: OutboxEvent,
    /// The account of the event.
    pub holder: Account,
    /// The claim.
    pub claim: Claim,
}

/// One claim of one delivery. It is valid until its lease has ended and the delivery is claimed
/// again. An outcome that is reported with an older claim is ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The id of the event.
    pub event: Uuid,
    /// The name of the channel.
    pub channel: String,
    /// How often the delivery was claimed, this claim included.
    pub tries: u32,
}

/// Parameters of [`OutboxStore::claim`].
#[derive(Debug, Clone, Copy)]
pub struct ClaimEvents<'a> {
    /// The names of all channels that events are delivered to.
    pub channels: &'a [&'a str],
    /// The current time.
    pub now: Timestamp,
    /// How long the claimed deliveries are reserved for the caller.
    pub lease: Duration,
    /// The most deliveries to claim.
    pub limit: u32,
}

/// The outcome of a claimed delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The channel received the event.
    Delivered,
    /// The try failed, and the delivery is due again at `next_try`.
    Retry {
        /// When the delivery is due again.
        next_try: Timestamp,
        /// The error of the try.
        error: String,
    },
    /// The delivery is given up. Later events of the account no longer wait for it.
    Discarded {
        /// The error of the try.
        error: String,
    },
}

/// The undelivered events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// The pending events.
    pub pending: u64,
    /// When the oldest pending event was written.
    pub oldest: Option<Timestamp>,
}

/// A filter for [`OutboxStore::entries`].
#[derive(Debug, Clone, Default)]
pub struct OutboxFilter {
    /// Only events of this realm; see [`OutboxEvent::realm`].
    pub realm: Option<Realm>,
    /// Only events in this state.
    pub state: Option<DeliveryState>,
    /// Only events that are listed after the event of this time and id, for paging.
    pub before: Option<(Timestamp, Uuid)>,
    /// The most events to return.
    pub limit: u32,
}

/// The port for dispatchers of events. Dispatchers of several processes may share one store.
#[async_trait]
pub trait OutboxStore: Send + Sync {
    /// Claims due deliveries of pending events, the earliest due first. Until the lease ends, no
    /// other caller can claim the same delivery. A channel receives the events of an account in the
    /// order in which they were written: an event is not claimed for a channel while an earlier
    /// event of the account is pending for that channel. An event whose account was deleted is
    /// discarded.
    ///
    /// # Errors
    /// When the store fails.
    async fn claim(&self, claim: &ClaimEvents<'_>) -> Result<Vec<ClaimedEvent>, StoreError>;

    /// Records the outcome of a delivery. `channels` are those of the claim; an event that was
    /// delivered or given up for each of them is no longer pending.
    ///
    /// # Errors
    /// When the store fails.
    async fn finish_delivery(
        &self,
        claim: &Claim,
        outcome: &DeliveryOutcome,
        channels: &[&str],
    ) -> Result<(), StoreError>;

    /// Lists events, newest first. The store chooses a stable order for events of the same time.
    ///
    /// # Errors
    /// When the store fails.
    async fn entries(&self, filter: &OutboxFilter) -> Result<Vec<OutboxEntry>, StoreError>;

    /// Counts the pending events, for metrics.
    ///
    /// # Errors
    /// When the store fails.
    async fn backlog(&self) -> Result<Backlog, StoreError>;

    /// Returns the event of this id.
    ///
    /// # Errors
    /// When the store fails.
    async fn entry(&self, event: Uuid) -> Result<Option<OutboxEntry>, StoreError>;

    /// Makes an undelivered event due at `audit.at`, with its full number of tries, for each
    /// channel that has not received it. Returns whether there is such an event.
    ///
    /// # Errors
    /// When the store fails.
    async fn retry_event(&self, event: Uuid, audit: &AuditRecord) -> Result<bool, StoreError>;

    /// Deletes an event, delivered or not. Returns whether it existed.
    ///
    /// # Errors
    /// When the store fails.
    async fn drop_event(&self, event: Uuid, audit: &AuditRecord) -> Result<bool, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_name_inverts_as_str() {
        for state in DeliveryState::ALL {
            assert_eq!(DeliveryState::from_name(state.as_str()), Some(state));
        }
        assert_eq!(DeliveryState::from_name("sent"), None);
    }
}
