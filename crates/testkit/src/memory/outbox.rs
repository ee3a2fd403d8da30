use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{MemoryStore, State, page};
use crate::clock::after;
use repass_core::{
    AuditRecord, Backlog, Claim, ClaimEvents, ClaimedEvent, Delivery, DeliveryOutcome,
    DeliveryState, OutboxEntry, OutboxEvent, OutboxFilter, OutboxStore, StoreError,
};

impl State {
    pub(super) fn write_event(&mut self, event: &OutboxEvent, due_at: Timestamp) {
        self.outbox.push(OutboxEntry {
            event: event.clone(),
            state: DeliveryState::Pending,
            due_at,
            deliveries: Vec::new(),
        });
    }

    /// Makes a deferred event due, unless it was claimed.
    pub(super) fn make_event_due(&mut self, event: Uuid, at: Timestamp) {
        let held = |entry: &&mut OutboxEntry| entry.event.id == event;
        if let Some(entry) = self.outbox.iter_mut().find(held) {
            entry.due_at = entry.due_at.min(at);
        }
    }

    pub(super) fn delete_event(&mut self, event: Uuid) {
        self.outbox.retain(|entry| entry.event.id != event);
    }

    /// Returns whether an earlier event of the account is pending for the channel.
    fn is_blocked(&self, at: usize, channel: &str) -> bool {
        let account = self.outbox[at].event.account;
        self.outbox[..at].iter().any(|earlier| {
            earlier.event.account == account
                && earlier.state == DeliveryState::Pending
                && !is_finished(earlier, channel)
        })
    }
}

fn delivery<'a>(entry: &'a OutboxEntry, channel: &str) -> Option<&'a Delivery> {
    entry.deliveries.iter().find(|delivery| delivery.channel == channel)
}

fn is_finished(entry: &OutboxEntry, channel: &str) -> bool {
    delivery(entry, channel).is_some_and(|delivery| delivery.state != DeliveryState::Pending)
}

#[async_trait]
impl OutboxStore for MemoryStore {
    async fn claim(&self, claim: &ClaimEvents<'_>) -> Result<Vec<ClaimedEvent>, StoreError> {
        let mut state = self.lock();
        let mut due = Vec::new();
        for (at, entry) in state.outbox.iter().enumerate() {
            if entry.state != DeliveryState::Pending || entry.due_at > claim.now {
                continue;
            }
            for channel in claim.channels {
                let due_at = match delivery(entry, channel) {
                    None => entry.due_at,
                    Some(it) if it.state == DeliveryState::Pending => it.due_at,
                    Some(_) => continue,
                };
                if due_at <= claim.now && !state.is_blocked(at, channel) {
                    due.push((due_at, at, (*channel).to_owned()));
                }
            }
        }
        due.sort();
        due.truncate(claim.limit as usize);
        let leased_until = after(claim.now, claim.lease);
        let State { outbox, accounts, .. } = &mut *state;
        let mut claimed = Vec::new();
        for (_, at, channel) in due {
            let entry = &mut outbox[at];
            let Some(holder) = accounts.get(&entry.event.account) else {
                entry.state = DeliveryState::Discarded;
                continue;
            };
            let index = entry.deliveries.binary_search_by(|it| it.channel.cmp(&channel));
            let index = index.unwrap_or_else(|index| {
                let new = Delivery {
                    channel: channel.clone(),
                    state: DeliveryState::Pending,
                    tries: 0,
                    due_at: leased_until,
                    error: None,
                };
                entry.deliveries.insert(index, new);
                index
            });
            let delivery = &mut entry.deliveries[index];
            delivery.tries += 1;
            delivery.due_at = leased_until;
            let claim = Claim { event: entry.event.id, channel, tries: delivery.tries };
            let (event, holder) = (entry.event.clone(), holder.account.clone());
            claimed.push(ClaimedEvent { event, holder, claim });
        }
        Ok(claimed)
    }

    async fn finish_delivery(
        &self,
        claim: &Claim,
        outcome: &DeliveryOutcome,
        channels: &[&str],
    ) -> Result<(), StoreError> {
        let mut state = self.lock();
        let entry = state.outbox.iter_mut().find(|entry| entry.event.id == claim.event);
        let Some(entry) = entry else { return Ok(()) };
        let delivery = entry.deliveries.iter_mut().find(|delivery| {
            delivery.channel == claim.channel
                && delivery.tries == claim.tries
                && delivery.state == DeliveryState::Pending
        });
        let Some(delivery) = delivery else { return Ok(()) };
        (delivery.state, delivery.error) = match outcome {
            DeliveryOutcome::Delivered => (DeliveryState::Delivered, None),
            DeliveryOutcome::Retry { error, .. } => (DeliveryState::Pending, Some(error.clone())),
            DeliveryOutcome::Discarded { error } => (DeliveryState::Discarded, Some(error.clone())),
        };
        if let DeliveryOutcome::Retry { next_try, .. } = outcome {
            delivery.due_at = *next_try;
        }
        if channels.iter().all(|channel| is_finished(entry, channel)) {
            let discarded = |it: &Delivery| it.state == DeliveryState::Discarded;
            entry.state = match entry.deliveries.iter().any(discarded) {
                true => DeliveryState::Discarded,
                false => DeliveryState::Delivered,
            };
        }
        Ok(())
    }

    async fn entries(&self, filter: &OutboxFilter) -> Result<Vec<OutboxEntry>, StoreError> {
        let state = self.lock();
        let wanted = |entry: &&OutboxEntry| {
            filter.state.is_none_or(|wanted| entry.state == wanted)
                && (filter.realm.is_none() || entry.event.realm() == filter.realm)
        };
        let entries = state.outbox.iter().filter(wanted).cloned();
        let key_of = |entry: &OutboxEntry| (entry.event.at, entry.event.id);
        Ok(page(entries, key_of, false, filter.before, filter.limit))
    }

    async fn backlog(&self) -> Result<Backlog, StoreError> {
        let state = self.lock();
        let pending = state.outbox.iter().filter(|entry| entry.state == DeliveryState::Pending);
        Ok(Backlog {
            pending: pending.clone().count() as u64,
            oldest: pending.map(|entry| entry.event.at).min(),
        })
    }

    async fn entry(&self, event: Uuid) -> Result<Option<OutboxEntry>, StoreError> {
        Ok(self.lock().outbox.iter().find(|entry| entry.event.id == event).cloned())
    }

    async fn retry_event(&self, event: Uuid, audit: &AuditRecord) -> Result<bool, StoreError> {
        let mut state = self.lock();
        let undelivered = |entry: &&mut OutboxEntry| {
            entry.event.id == event && entry.state != DeliveryState::Delivered
        };
        let Some(entry) = state.outbox.iter_mut().find(undelivered) else { return Ok(false) };
        entry.state = DeliveryState::Pending;
        entry.due_at = entry.due_at.min(audit.at);
        for delivery in &mut entry.deliveries {
            if delivery.state != DeliveryState::Delivered {
                delivery.state = DeliveryState::Pending;
                delivery.tries = 0;
                delivery.due_at = audit.at;
            }
        }
        state.audit.push(audit.clone());
        Ok(true)
    }

    async fn drop_event(&self, event: Uuid, audit: &AuditRecord) -> Result<bool, StoreError> {
        let mut state = self.lock();
        let before = state.outbox.len();
        state.delete_event(event);
        if state.outbox.len() == before {
            return Ok(false);
        }
        state.audit.push(audit.clone());
        Ok(true)
    }
}
