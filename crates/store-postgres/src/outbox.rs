//! Implements [`OutboxStore`].

use std::collections::HashMap;

use async_trait::async_trait;
use jiff::Timestamp;
use repass_core::{
    AuditRecord, Backlog, Claim, ClaimEvents, ClaimedEvent, DeliveryOutcome, DeliveryState,
    OutboxEntry, OutboxFilter, OutboxStore, StoreError,
};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::audit::{insert_audit_if, unrecorded};
use crate::commit::done;
use crate::query::Query;
use crate::row::{self, get};
use crate::store::PostgresStore;
use crate::transaction::Durability;

/// The columns of `@events o` for [`row::event`].
const EVENT_COLUMNS: &str = "o.id AS event_id, o.at AS event_at, o.account AS event_account, \
    o.kind AS event_kind, o.payload AS event_payload";

/// The columns of `@deliveries d` for [`row::delivery`].
const DELIVERY_COLUMNS: &str =
    "d.channel, d.state AS delivery_state, d.tries, d.due_at AS delivery_due_at, d.error";

#[async_trait]
impl OutboxStore for PostgresStore {
    async fn claim(&self, claim: &ClaimEvents<'_>) -> Result<Vec<ClaimedEvent>, StoreError> {
        self.with_retries(|| self.claim_due(claim)).await
    }

    async fn finish_delivery(
        &self,
        claim: &Claim,
        outcome: &DeliveryOutcome,
        channels: &[&str],
    ) -> Result<(), StoreError> {
        self.with_retries(|| self.write_outcome(claim, outcome, channels)).await
    }

    async fn entries(&self, filter: &OutboxFilter) -> Result<Vec<OutboxEntry>, StoreError> {
        let mut query = Query::default();
        let mut conditions = vec!["TRUE".to_owned()];
        if let Some(state) = filter.state {
            conditions.push(format!("state = {}", query.value(state.as_str())));
        }
        if let Some(realm) = &filter.realm {
            conditions.push(format!("realm = {}", query.value(realm.as_str())));
        }
        if let Some((at, id)) = filter.before {
            conditions.push(format!("(at, id) < ({}, {})", query.value(at), query.value(id)));
        }
        let limit = query.value(i64::from(filter.limit));
        let query = query.with_sql(format!(
            "SELECT {EVENT_COLUMNS}, o.state, o.due_at, {DELIVERY_COLUMNS}
             FROM (SELECT * FROM @events WHERE {} ORDER BY at DESC, id DESC LIMIT {limit}) o
             LEFT JOIN @deliveries d ON d.event = o.id ORDER BY o.at DESC, o.id DESC",
            conditions.join(" AND "),
        ));
        self.with_retries(|| async { entries_from_rows(&self.rows(&query).await?) }).await
    }

    async fn backlog(&self) -> Result<Backlog, StoreError> {
        let query = Query::new(
            "SELECT COUNT(*) AS pending, MIN(at) AS oldest FROM @events WHERE state = 'pending'",
        );
        let Some(row) = self.row(&query).await? else { return Ok(Backlog::default()) };
        let pending: i64 = get(&row, "pending")?;
        Ok(Backlog { pending: pending.unsigned_abs(), oldest: get(&row, "oldest")? })
    }

    async fn entry(&self, event: Uuid) -> Result<Option<OutboxEntry>, StoreError> {
        let query = Query::new(format!(
            "SELECT {EVENT_COLUMNS}, o.state, o.due_at, {DELIVERY_COLUMNS}
             FROM @events o LEFT JOIN @deliveries d ON d.event = o.id WHERE o.id = $1"
        ));
        let query = query.bind(event);
        self.with_retries(|| async { Ok(entries_from_rows(&self.rows(&query).await?)?.pop()) })
            .await
    }

    async fn retry_event(&self, event: Uuid, audit: &AuditRecord) -> Result<bool, StoreError> {
        self.with_retries(|| async {
            let mut query = Query::default();
            let (at, id) = (query.value(audit.at), query.value(event));
            let unrecorded = unrecorded(&mut query, audit);
            let record = insert_audit_if(&mut query, audit, "EXISTS (SELECT 1 FROM changed)")?;
            let change = query.with_sql(format!(
                "WITH changed AS (
                     UPDATE @events SET state = 'pending', due_at = LEAST(due_at, {at})
                     WHERE id = {id} AND state <> 'delivered' AND {unrecorded} RETURNING 1),
                 deliveries AS (
                     UPDATE @deliveries SET state = 'pending', tries = 0, due_at = {at}
                     WHERE event = {id} AND state <> 'delivered'
                       AND EXISTS (SELECT 1 FROM changed)),
                 audit AS ({record})
                 SELECT EXISTS (SELECT 1 FROM changed) AS done"
            ));
            let reply = self.change([lock_event(event)], change, audit).await?;
            reply.as_ref().map_or(Ok(true), done)
        })
        .await
    }

    async fn drop_event(&self, event: Uuid, audit: &AuditRecord) -> Result<bool, StoreError> {
        self.with_retries(|| async {
            let mut query = Query::default();
            let (id, unrecorded) = (query.value(event), unrecorded(&mut query, audit));
            let record = insert_audit_if(&mut query, audit, "EXISTS (SELECT 1 FROM dropped)")?;
            let change = query.with_sql(format!(
                "WITH dropped AS (DELETE FROM @events WHERE id = {id} AND {unrecorded} RETURNING 1),
                 audit AS ({record})
                 SELECT EXISTS (SELECT 1 FROM dropped) AS done"
            ));
            let reply = self.change([], change, audit).await?;
            reply.as_ref().map_or(Ok(true), done)
        })
        .await
    }
}

impl PostgresStore {
    /// Leases due deliveries, and reads the accounts of their events. An event whose account was
    /// deleted or cannot be read is discarded, so that it does not block later events.
    async fn claim_due(&self, claim: &ClaimEvents<'_>) -> Result<Vec<ClaimedEvent>, StoreError> {
        // A lease that is lost in a power failure is only claimed again.
        let mut transaction = self.begin(Durability::Eventual).await?;
        // Makes the planner follow the index, even if the statistics miss a backlog that has just
        // grown.
        let in_order = Query::new(
            "SELECT set_config(name, 'off', TRUE) FROM pg_catalog.pg_settings
             WHERE name = 'enable_sort'",
        );
        let replies = transaction.run(&[in_order, lease_due(claim)]).await?;
        let mut leased = replies.into_iter().next_back().unwrap_or_default().rows;
        let time = |row: &Row, column| get::<Timestamp>(row, column).ok();
        leased.sort_by_key(|row| {
            (time(row, "due_at"), time(row, "event_at"), get::<i64>(row, "number").ok())
        });
        if leased.is_empty() {
            transaction.rollback().await?;
            return Ok(Vec::new());
        }
        let source = self.accounts();
        let accounts = leased.iter().map(|row| get(row, "event_account"));
        let accounts = accounts.collect::<Result<Vec<Uuid>, _>>()?;
        let mut holders = HashMap::new();
        for row in &transaction.run_one(source.by_id(accounts)).await?.rows {
            match source.account(row) {
                Ok(account) => drop(holders.insert(account.id, account)),
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(error, "discarding an event whose account cannot be read");
                }
            }
        }
        let (mut claimed, mut discarded) = (Vec::with_capacity(leased.len()), Vec::new());
        for row in &leased {
            let event = row::event(row)?;
            let (channel, tries) = (get(row, "channel")?, row::tries(row)?);
            match holders.get(&event.account) {
                Some(holder) => {
                    let claim = Claim { event: event.id, channel, tries };
                    claimed.push(ClaimedEvent { event, holder: holder.clone(), claim });
                }
                None => discarded.push(event.id),
            }
        }
        let discard = Query::new("UPDATE @events SET state = 'discarded' WHERE id = ANY ($1)");
        transaction.commit(&[discard.bind(discarded)], None).await?;
        Ok(claimed)
    }

    async fn write_outcome(
        &self,
        claim: &Claim,
        outcome: &DeliveryOutcome,
        channels: &[&str],
    ) -> Result<(), StoreError> {
        let (state, next_try, error) = match outcome {
            DeliveryOutcome::Delivered => (DeliveryState::Delivered, None, None),
            DeliveryOutcome::Retry { next_try, error } => {
                (DeliveryState::Pending, Some(*next_try), Some(error))
            }
            DeliveryOutcome::Discarded { error } => (DeliveryState::Discarded, None, Some(error)),
        };
        let finish = Query::new(
            "UPDATE @deliveries SET state = $1, due_at = COALESCE($2, due_at), error = $3
             WHERE event = $4 AND channel = $5 AND tries = $6 AND state = 'pending'",
        );
        let finish = finish
            .bind(state.as_str())
            .bind(next_try)
            // The message may contain U+0000 from another server, which TEXT refuses.
            .bind(error.map(|error| error.replace('\0', "\u{fffd}")))
            .bind(claim.event)
            .bind(claim.channel.as_str())
            .bind(i64::from(claim.tries));
        let finish_event = Query::new(
            "UPDATE @events SET state = CASE WHEN EXISTS (
                     SELECT 1 FROM @deliveries WHERE event = $1 AND state = 'discarded')
                 THEN 'discarded' ELSE 'delivered' END
             WHERE id = $1 AND state = 'pending' AND NOT EXISTS (
                 SELECT 1 FROM unnest($2) AS c (channel)
                 LEFT JOIN @deliveries d ON d.event = $1 AND d.channel = c.channel
                 WHERE COALESCE(d.state, 'pending') = 'pending')",
        );
        let channels: Vec<String> = channels.iter().map(|name| (*name).to_owned()).collect();
        let finish_event = finish_event.bind(claim.event).bind(channels);
        // The event is locked, so that of two channels that finish concurrently the second sees the
        // first.
        let transaction = self.begin(Durability::Immediate).await?;
        transaction.commit(&[lock_event(claim.event), finish, finish_event], None).await.map(drop)
    }
}

/// Leases due deliveries. The number of an event comes from the row of its account, which stays
/// locked until the commit: a statement that sees an event sees all earlier events of the account.
///
/// The query follows an index over pending events until it has found enough. `OFFSET 0` keeps the
/// planner from turning the subqueries into joins.
fn lease_due(claim: &ClaimEvents<'_>) -> Query {
    let leased_until = claim.now.checked_add(claim.lease).unwrap_or(Timestamp::MAX);
    let channels: Vec<String> = claim.channels.iter().map(|name| (*name).to_owned()).collect();
    // Events that another node is leasing are skipped. Leases since the start of this statement are
    // detected by ON CONFLICT.
    let lease = Query::new(format!(
        "WITH due AS (
             SELECT o.id, c.channel
             FROM @events o CROSS JOIN unnest($1) AS c (channel)
             WHERE o.state = 'pending' AND o.due_at <= $2
               AND NOT EXISTS (
                   SELECT 1 FROM @deliveries d WHERE d.event = o.id AND d.channel = c.channel
                     AND (d.state <> 'pending' OR d.due_at > $2) OFFSET 0)
               AND NOT EXISTS (
                   SELECT 1 FROM @events e
                   WHERE e.account = o.account AND e.state = 'pending' AND e.number < o.number
                     AND NOT EXISTS (
                         SELECT 1 FROM @deliveries d WHERE d.event = e.id
                           AND d.channel = c.channel AND d.state <> 'pending' OFFSET 0)
                   OFFSET 0)
             ORDER BY o.due_at, o.at, o.number LIMIT $3
             FOR NO KEY UPDATE OF o SKIP LOCKED),
         leased AS (
             INSERT INTO @deliveries AS d (event, channel, state, tries, due_at)
             SELECT id, channel, 'pending', 1, $4 FROM due
             ON CONFLICT (event, channel) DO UPDATE SET tries = d.tries + 1, due_at = $4
             WHERE d.state = 'pending' AND d.due_at <= $2
             RETURNING event, channel, tries)
         SELECT {EVENT_COLUMNS}, o.due_at, o.number, l.channel, l.tries
         FROM leased l JOIN @events o ON o.id = l.event"
    ));
    lease.bind(channels).bind(claim.now).bind(i64::from(claim.limit)).bind(leased_until)
}

fn lock_event(event: Uuid) -> Query {
    Query::new("SELECT 1 FROM @events WHERE id = $1 FOR NO KEY UPDATE").bind(event)
}

/// Deletes an event, if it exists.
pub(crate) fn delete_event(event: Uuid) -> Query {
    Query::new("DELETE FROM @events WHERE id = $1").bind(event)
}

/// Reads events with their deliveries. An event has one row per delivery, or one row without a
/// delivery.
fn entries_from_rows(rows: &[Row]) -> Result<Vec<OutboxEntry>, StoreError> {
    let mut entries: Vec<OutboxEntry> = Vec::new();
    for row in rows {
        let event = row::event(row)?;
        if entries.last().is_none_or(|last| last.event.id != event.id) {
            let state = row::delivery_state(row, "state")?;
            let due_at = get(row, "due_at")?;
            entries.push(OutboxEntry { event, state, due_at, deliveries: Vec::new() });
        }
        if let (Some(delivery), Some(last)) = (row::delivery(row)?, entries.last_mut()) {
            last.deliveries.push(delivery);
        }
    }
    for entry in &mut entries {
        entry.deliveries.sort_by(|one, other| one.channel.cmp(&other.channel));
    }
    Ok(entries)
}
