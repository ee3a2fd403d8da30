//! Implements [`OutboxStore`].

mod claim;
mod list;

use async_trait::async_trait;
use repass_core::{
    AuditRecord, Backlog, Claim, ClaimEvents, ClaimedEvent, DeliveryOutcome, DeliveryState,
    OutboxEntry, OutboxFilter, OutboxStore, StoreError,
};
use uuid::Uuid;

use crate::audit_and_events;
use crate::connection::Db;
use crate::failure::Result;
use crate::store::SqliteStore;
use crate::writer::Outcome;

#[async_trait]
impl OutboxStore for SqliteStore {
    async fn claim(
        &self,
        claim: &ClaimEvents<'_>,
    ) -> std::result::Result<Vec<ClaimedEvent>, StoreError> {
        self.claim_deliveries(claim).await
    }

    async fn finish_delivery(
        &self,
        claim: &Claim,
        outcome: &DeliveryOutcome,
        channels: &[&str],
    ) -> std::result::Result<(), StoreError> {
        let (claim, outcome) = (claim.clone(), outcome.clone());
        let channels: Vec<String> = channels.iter().map(|&channel| channel.to_owned()).collect();
        self.write_unsynced(move |db| {
            if write_outcome(db, &claim, &outcome)? {
                finish_event(db, claim.event, &channels)?;
            }
            Ok(Outcome::Commit(()))
        })
        .await
    }

    async fn entries(
        &self,
        filter: &OutboxFilter,
    ) -> std::result::Result<Vec<OutboxEntry>, StoreError> {
        let filter = filter.clone();
        self.read(move |db| list::entries(db, &filter)).await
    }

    async fn backlog(&self) -> std::result::Result<Backlog, StoreError> {
        self.read(list::backlog).await
    }

    async fn entry(&self, event: Uuid) -> std::result::Result<Option<OutboxEntry>, StoreError> {
        self.read(move |db| list::entry(db, event)).await
    }

    async fn retry_event(
        &self,
        event: Uuid,
        audit: &AuditRecord,
    ) -> std::result::Result<bool, StoreError> {
        let (audit, at) = (audit.clone(), audit.at.as_microsecond());
        self.write(move |db| {
            let retried = db.execute(
                "UPDATE repass_events SET state = 'pending', due_at = MIN(due_at, ?1)
                 WHERE id = ?2 AND state <> 'delivered'",
                (at, event.as_bytes()),
            )?;
            if retried == 0 {
                return Ok(Outcome::Rollback(false));
            }
            db.execute(
                "UPDATE repass_deliveries SET state = 'pending', tries = 0, due_at = ?1
                 WHERE event = ?2 AND state <> 'delivered'",
                (at, event.as_bytes()),
            )?;
            audit_and_events::write_audit(db, &audit)?;
            Ok(Outcome::Commit(true))
        })
        .await
    }

    async fn drop_event(
        &self,
        event: Uuid,
        audit: &AuditRecord,
    ) -> std::result::Result<bool, StoreError> {
        let audit = audit.clone();
        self.write(move |db| {
            if !audit_and_events::delete_event(db, event)? {
                return Ok(Outcome::Rollback(false));
            }
            audit_and_events::write_audit(db, &audit)?;
            Ok(Outcome::Commit(true))
        })
        .await
    }
}

/// Writes the outcome of a delivery, unless it was claimed again. Returns whether the delivery is
/// finished.
fn write_outcome(db: Db<'_>, claim: &Claim, outcome: &DeliveryOutcome) -> Result<bool> {
    let (state, next_try, error) = match outcome {
        DeliveryOutcome::Delivered => (DeliveryState::Delivered, None, None),
        DeliveryOutcome::Retry { next_try, error } => {
            (DeliveryState::Pending, Some(next_try.as_microsecond()), Some(error))
        }
        DeliveryOutcome::Discarded { error } => (DeliveryState::Discarded, None, Some(error)),
    };
    let written = db.execute(
        "UPDATE repass_deliveries SET state = ?1, due_at = COALESCE(?2, due_at), error = ?3
         WHERE event = ?4 AND channel = ?5 AND tries = ?6 AND state = 'pending'",
        (state.as_str(), next_try, error, claim.event.as_bytes(), &claim.channel, claim.tries),
    )?;
    Ok(written == 1 && state != DeliveryState::Pending)
}

/// Finishes an event without pending deliveries.
fn finish_event(db: Db<'_>, event: Uuid, channels: &[String]) -> Result<()> {
    let deliveries = list::deliveries(db, event)?;
    let is_finished = |channel: &String| {
        let of_channel = deliveries.iter().find(|delivery| delivery.channel == *channel);
        of_channel.is_some_and(|delivery| delivery.state != DeliveryState::Pending)
    };
    if !channels.iter().all(is_finished) {
        return Ok(());
    }
    let discarded = deliveries.iter().any(|it| it.state == DeliveryState::Discarded);
    let state = if discarded { DeliveryState::Discarded } else { DeliveryState::Delivered };
    let update = "UPDATE repass_events SET state = ?1 WHERE id = ?2";
    db.execute(update, (state.as_str(), event.as_bytes())).map(drop)
}
