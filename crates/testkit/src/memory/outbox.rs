use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::{MemoryStore, State};
use crate::clock::after;
use repass_core::{
    AuditRecord, Claim, ClaimedEvent, OutboxEntry, OutboxEvent, OutboxFilter, OutboxState,
    OutboxStore, StoreError,
};

impl State {
    pub(super) fn write_event(&mut self, event: &OutboxEvent, due_at: Timestamp) {
        self.outbox.push(OutboxEntry {
            event: event.clone(),
            state: OutboxState::Pending,
            tries: 0,
            due_at,
            error: None,
            delivered: Vec::new(),
        });
    }

    /// The proof turned out wrong: what was held is due.
    pub(super) fn release_event(&mut self, event: Uuid, at: Timestamp) {
        let held = |entry: &&mut OutboxEntry| entry.event.id == event && entry.tries == 0;
        if let Some(entry) = self.outbox.iter_mut().find(held) {
            entry.due_at = entry.due_at.min(at);
        }
    }

    /// The proof turned out right: nothing happened.
    pub(super) fn withdraw_event(&mut self, event: Uuid) {
        self.outbox.retain(|entry| entry.event.id != event);
    }

    fn claimed(&mut self, claim: Claim) -> Option<&mut OutboxEntry> {
        self.outbox.iter_mut().find(|entry| {
            entry.event.id == claim.event
                && entry.tries == claim.tries
                && entry.state == OutboxState::Pending
        })
    }
}

#[async_trait]
impl OutboxStore for MemoryStore {
    async fn claim(
        &self,
        now: Timestamp,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<ClaimedEvent>, StoreError> {
        let mut state = self.lock();
        let State { outbox, accounts, .. } = &mut *state;
        let mut waited_for = HashSet::new();
        let mut due: Vec<&mut OutboxEntry> = outbox
            .iter_mut()
            .filter(|entry| entry.state == OutboxState::Pending)
            .filter(|entry| waited_for.insert(entry.event.account) && entry.due_at <= now)
            .collect();
        due.sort_by_key(|entry| entry.due_at);
        let mut claimed = Vec::new();
        for entry in due.into_iter().take(limit as usize) {
            let Some(own) = accounts.get(&entry.event.account) else { continue };
            entry.tries += 1;
            entry.due_at = after(now, lease);
            claimed.push(ClaimedEvent {
                event: entry.event.clone(),
                holder: own.account.clone(),
                delivered: entry.delivered.clone(),
                claim: Claim { event: entry.event.id, tries: entry.tries },
            });
        }
        Ok(claimed)
    }

    async fn delivered(&self, claim: Claim, channel: &str) -> Result<(), StoreError> {
        if let Some(entry) = self.lock().claimed(claim) {
            let mut channels: BTreeSet<String> = entry.delivered.drain(..).collect();
            channels.insert(channel.to_owned());
            entry.delivered = channels.into_iter().collect();
        }
        Ok(())
    }

    async fn finished(&self, claim: Claim) -> Result<(), StoreError> {
        if let Some(entry) = self.lock().claimed(claim) {
            entry.state = OutboxState::Delivered;
            entry.error = None;
        }
        Ok(())
    }

    async fn failed(
        &self,
        claim: Claim,
        next_try: Timestamp,
        error: &str,
    ) -> Result<(), StoreError> {
        if let Some(entry) = self.lock().claimed(claim) {
            entry.due_at = next_try;
            entry.error = Some(error.to_owned());
        }
        Ok(())
    }

    async fn dead(&self, claim: Claim, error: &str) -> Result<(), StoreError> {
        if let Some(entry) = self.lock().claimed(claim) {
            entry.state = OutboxState::Dead;
            entry.error = Some(error.to_owned());
        }
        Ok(())
    }

    async fn entries(&self, filter: &OutboxFilter) -> Result<Vec<OutboxEntry>, StoreError> {
        let state = self.lock();
        let wanted = |entry: &&OutboxEntry| filter.state.is_none_or(|wanted| entry.state == wanted);
        let newest_first = state.outbox.iter().rev().filter(wanted);
        Ok(newest_first.take(filter.limit as usize).cloned().collect())
    }

    async fn entry(&self, event: Uuid) -> Result<Option<OutboxEntry>, StoreError> {
        Ok(self.lock().outbox.iter().find(|entry| entry.event.id == event).cloned())
    }

    async fn retry_event(&self, event: Uuid, audit: &AuditRecord) -> Result<bool, StoreError> {
        let mut state = self.lock();
        let undelivered = |entry: &&mut OutboxEntry| {
            entry.event.id == event && entry.state != OutboxState::Delivered
        };
        let Some(entry) = state.outbox.iter_mut().find(undelivered) else { return Ok(false) };
        entry.state = OutboxState::Pending;
        entry.tries = 0;
        entry.due_at = audit.at;
        state.audit.push(audit.clone());
        Ok(true)
    }

    async fn drop_event(&self, event: Uuid, audit: &AuditRecord) -> Result<bool, StoreError> {
        let mut state = self.lock();
        let before = state.outbox.len();
        state.withdraw_event(event);
        if state.outbox.len() == before {
            return Ok(false);
        }
        state.audit.push(audit.clone());
        Ok(true)
    }
}
