//! Events on their way to their channels.

mod list;

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use repass_core::{
    AuditRecord, Claim, ClaimedEvent, OutboxEntry, OutboxEvent, OutboxFilter, OutboxStore,
    StoreError,
};
use sqlx::query;
use uuid::Uuid;

use crate::effect::Effect;
use crate::retry::retried;
use crate::row;
use crate::store::{SqlStore, Statement};
use crate::transaction::WriteTransaction;

#[async_trait]
impl OutboxStore for SqlStore {
    async fn claim(
        &self,
        now: Timestamp,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<ClaimedEvent>, StoreError> {
        let due = retried(|| self.lease_due(now, lease, limit)).await?;
        // They are leased by now: what fails from here on is not to lose them until that ends.
        let mut claimed = Vec::with_capacity(due.len());
        for (event, claim) in due {
            let holder = retried(|| self.account_by_id(event.account)).await?;
            let Some(holder) = holder else {
                // Deleted from the mapped table. Nobody is left to be told about.
                self.dead(claim, "the account is gone").await?;
                continue;
            };
            let delivered = retried(|| self.channels_of(event.id)).await?;
            claimed.push(ClaimedEvent { event, holder, delivered, claim });
        }
        Ok(claimed)
    }

    async fn delivered(&self, claim: Claim, channel: &str) -> Result<(), StoreError> {
        let insert = || {
            query(
                "INSERT INTO outbox_deliveries (event, channel)
                 SELECT id, $1 FROM outbox WHERE id = $2 AND tries = $3 AND state = 'pending'
                 ON CONFLICT (event, channel) DO NOTHING",
            )
            .bind(channel)
            .bind(claim.event.to_string())
            .bind(i64::from(claim.tries))
        };
        self.write_alone(insert).await.map(drop)
    }

    async fn finished(&self, claim: Claim) -> Result<(), StoreError> {
        let update = || {
            query(
                "UPDATE outbox SET state = 'delivered', error = NULL
                 WHERE id = $1 AND tries = $2 AND state = 'pending'",
            )
            .bind(claim.event.to_string())
            .bind(i64::from(claim.tries))
        };
        self.write_alone(update).await.map(drop)
    }

    async fn failed(
        &self,
        claim: Claim,
        next_try: Timestamp,
        error: &str,
    ) -> Result<(), StoreError> {
        let update = || {
            query(
                "UPDATE outbox SET due_at = $1, error = $2
                 WHERE id = $3 AND tries = $4 AND state = 'pending'",
            )
            .bind(next_try.as_microsecond())
            .bind(error)
            .bind(claim.event.to_string())
            .bind(i64::from(claim.tries))
        };
        self.write_alone(update).await.map(drop)
    }

    async fn dead(&self, claim: Claim, error: &str) -> Result<(), StoreError> {
        let update = || {
            query(
                "UPDATE outbox SET state = 'dead', error = $1
                 WHERE id = $2 AND tries = $3 AND state = 'pending'",
            )
            .bind(error)
            .bind(claim.event.to_string())
            .bind(i64::from(claim.tries))
        };
        self.write_alone(update).await.map(drop)
    }

    async fn entries(&self, filter: &OutboxFilter) -> Result<Vec<OutboxEntry>, StoreError> {
        retried(|| self.list_entries(filter)).await
    }

    async fn entry(&self, event: Uuid) -> Result<Option<OutboxEntry>, StoreError> {
        retried(|| self.find_entry(event)).await
    }

    async fn retry_event(&self, event: Uuid, audit: &AuditRecord) -> Result<bool, StoreError> {
        let update = || {
            query(
                "UPDATE outbox SET state = 'pending', tries = 0, due_at = $1
                 WHERE id = $2 AND state <> 'delivered'",
            )
            .bind(audit.at.as_microsecond())
            .bind(event.to_string())
        };
        self.write_recorded(update, audit).await
    }

    async fn drop_event(&self, event: Uuid, audit: &AuditRecord) -> Result<bool, StoreError> {
        let delete = || query("DELETE FROM outbox WHERE id = $1").bind(event.to_string());
        self.write_recorded(delete, audit).await
    }
}

impl SqlStore {
    async fn lease_due(
        &self,
        now: Timestamp,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<(OutboxEvent, Claim)>, StoreError> {
        let leased_until = now.checked_add(lease).unwrap_or(Timestamp::MAX);
        let mut transaction = self.begin().await?;
        let due = self.due_events(&mut transaction, now, limit).await?;
        if due.is_empty() {
            // Nothing was written, and most looks find nothing: spare the disk.
            self.undo(transaction).await?;
            return Ok(Vec::new());
        }
        for (_, claim) in &due {
            let lease = query("UPDATE outbox SET due_at = $1, tries = $2 WHERE id = $3")
                .bind(leased_until.as_microsecond())
                .bind(i64::from(claim.tries))
                .bind(claim.event.to_string());
            self.write(&mut transaction, lease).await?;
        }
        self.end_unrecorded(transaction).await?;
        Ok(due)
    }

    /// What may be claimed now. Nobody else can, until the transaction ends.
    async fn due_events(
        &self,
        transaction: &mut WriteTransaction,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(OutboxEvent, Claim)>, StoreError> {
        // A limit that is a parameter has SQLite plan the statement anew each time.
        let select = format!(
            "SELECT o.id, o.at, o.account, o.kind, o.payload, o.tries
             FROM outbox o
             WHERE o.state = 'pending' AND o.due_at <= $1 AND NOT EXISTS (
                 SELECT 1 FROM outbox e
                 WHERE e.account = o.account AND e.state = 'pending' AND e.sequence < o.sequence)
             ORDER BY o.due_at, o.sequence LIMIT {limit}",
        );
        let due = query(self.dialect.claiming(&select)).bind(now.as_microsecond());
        let due = self.rows_within(transaction, due).await?;
        let claimed = due.iter().map(|found| {
            let event = row::outbox_event(found)?;
            let tries = row::tries(found)?.saturating_add(1);
            let claim = Claim { event: event.id, tries };
            Ok((event, claim))
        });
        claimed.collect()
    }

    /// The proof turned out wrong: what was held is due.
    pub(crate) async fn release_event(
        &self,
        transaction: &mut WriteTransaction,
        event: Uuid,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let release = Effect::new(
            "UPDATE outbox SET due_at = $1 WHERE id = $2 AND tries = 0 AND due_at > $1",
            [at.into(), event.to_string().into()],
        );
        self.effect(transaction, release).await
    }

    /// Writes one row without a record.
    async fn write_alone<'q>(
        &self,
        statement: impl Fn() -> Statement<'q> + Sync,
    ) -> Result<u64, StoreError> {
        retried(|| async {
            let mut transaction = self.begin().await?;
            let written = self.write(&mut transaction, statement()).await?;
            self.end_unrecorded(transaction).await?;
            Ok(written)
        })
        .await
    }

    /// Writes one row and its audit record; where there is no such row, nothing. Whether there was.
    async fn write_recorded<'q>(
        &self,
        statement: impl Fn() -> Statement<'q> + Sync,
        audit: &AuditRecord,
    ) -> Result<bool, StoreError> {
        retried(|| async {
            let mut transaction = self.begin().await?;
            if self.write(&mut transaction, statement()).await? == 0 {
                self.undo(transaction).await?;
                return Ok(false);
            }
            self.write_audit(&mut transaction, audit).await?;
            self.end(transaction, audit).await?;
            Ok(true)
        })
        .await
    }
}

/// The proof turned out right: nothing happened.
pub(crate) fn event_withdrawn(event: Uuid) -> Effect {
    Effect::new("DELETE FROM outbox WHERE id = $1", [event.to_string().into()])
}
