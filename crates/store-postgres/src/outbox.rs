//! Events on their way to their channels.

use std::collections::HashMap;

use async_trait::async_trait;
use jiff::Timestamp;
use repass_core::{
    Account, AuditRecord, Claim, ClaimEvents, ClaimedEvent, DeliveryOutcome, DeliveryState,
    OutboxEntry, OutboxFilter, OutboxStore, StoreError,
};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::audit::{audit_written_if, unmade};
use crate::commit::done;
use crate::query::Query;
use crate::row::{self, get};
use crate::store::PostgresStore;
use crate::transaction::Durability;

/// The columns that [`row::event`] reads, of `@events o`.
const EVENT_COLUMNS: &str = "o.id AS event_id, o.at AS event_at, o.account AS event_account, \
    o.kind AS event_kind, o.payload AS event_payload";

/// The columns that [`row::delivery`] reads, of `@deliveries d`.
const DELIVERY_COLUMNS: &str =
    "d.channel, d.state AS delivery_state, d.tries, d.due_at AS delivery_due_at, d.error";

#[async_trait]
impl OutboxStore for PostgresStore {
    async fn claim(&self, claim: &ClaimEvents<'_>) -> Result<Vec<ClaimedEvent>, StoreError> {
        let leased = self.retried(|| self.lease_due(claim)).await?;
        if leased.is_empty() {
            return Ok(Vec::new());
        }
        let ids = leased.iter().map(|row| get(row, "event_account"));
        let ids = ids.collect::<Result<Vec<Uuid>, _>>()?;
        let holders = self.retried(|| self.holders(ids.clone())).await?;
        let mut claimed = Vec::with_capacity(leased.len());
        for row in &leased {
            let event = row::event(row)?;
            let (channel, tries) = (get(row, "channel")?, row::tries(row)?);
            match holders.get(&event.account.0) {
                Some(holder) => {
                    let claim = Claim { event: event.id, channel, tries };
                    claimed.push(ClaimedEvent { event, holder: holder.clone(), claim });
                }
                // Deleted meanwhile: there is nobody left to tell of.
                None => self.retried(|| self.discard(event.id)).await?,
            }
        }
        Ok(claimed)
    }

    async fn finish_delivery(
        &self,
        claim: &Claim,
        outcome: &DeliveryOutcome,
        channels: &[&str],
    ) -> Result<(), StoreError> {
        self.retried(|| self.write_outcome(claim, outcome, channels)).await
    }

    async fn entries(&self, filter: &OutboxFilter) -> Result<Vec<OutboxEntry>, StoreError> {
        let mut query = Query::default();
        let mut conditions = vec!["TRUE".to_owned()];
        if let Some(state) = filter.state {
            conditions.push(format!("state = {}", query.value(state.as_str())));
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
        self.retried(|| async { gather(&self.rows(&query).await?) }).await
    }

    async fn entry(&self, event: Uuid) -> Result<Option<OutboxEntry>, StoreError> {
        let query = Query::new(format!(
            "SELECT {EVENT_COLUMNS}, o.state, o.due_at, {DELIVERY_COLUMNS}
             FROM @events o LEFT JOIN @deliveries d ON d.event = o.id WHERE o.id = $1"
        ));
        let query = query.bind(event);
        self.retried(|| async { Ok(gather(&self.rows(&query).await?)?.pop()) }).await
    }

    async fn retry_event(&self, event: Uuid, audit: &AuditRecord) -> Result<bool, StoreError> {
        self.retried(|| async {
            let mut query = Query::default();
            let (at, id) = (query.value(audit.at), query.value(event));
            let unmade = unmade(&mut query, audit);
            let record = audit_written_if(&mut query, audit, "EXISTS (SELECT 1 FROM changed)")?;
            let change = query.with_sql(format!(
                "WITH changed AS (
                     UPDATE @events SET state = 'pending', due_at = LEAST(due_at, {at})
                     WHERE id = {id} AND state <> 'delivered' AND {unmade} RETURNING 1),
                 deliveries AS (
                     UPDATE @deliveries SET state = 'pending', tries = 0, due_at = {at}
                     WHERE event = {id} AND state <> 'delivered'
                       AND EXISTS (SELECT 1 FROM changed)),
                 audit AS ({record})
                 SELECT EXISTS (SELECT 1 FROM changed) AS done, NOT {unmade} AS recorded"
            ));
            let reply = self.change([event_locked(event)], change, audit).await?;
            reply.as_ref().map_or(Ok(true), done)
        })
        .await
    }

    async fn drop_event(&self, event: Uuid, audit: &AuditRecord) -> Result<bool, StoreError> {
        self.retried(|| async {
            let mut query = Query::default();
            let (id, unmade) = (query.value(event), unmade(&mut query, audit));
            let record = audit_written_if(&mut query, audit, "EXISTS (SELECT 1 FROM dropped)")?;
            let change = query.with_sql(format!(
                "WITH dropped AS (DELETE FROM @events WHERE id = {id} AND {unmade} RETURNING 1),
                 audit AS ({record})
                 SELECT EXISTS (SELECT 1 FROM dropped) AS done, NOT {unmade} AS recorded"
            ));
            let reply = self.change([], change, audit).await?;
            reply.as_ref().map_or(Ok(true), done)
        })
        .await
    }
}

impl PostgresStore {
    /// Leases deliveries that are due. An event is numbered by its account's row, which its
    /// transaction holds to its end: who sees an event sees all earlier ones of the account.
    async fn lease_due(&self, claim: &ClaimEvents<'_>) -> Result<Vec<Row>, StoreError> {
        let leased_until = claim.now.checked_add(claim.lease).unwrap_or(Timestamp::MAX);
        let channels: Vec<String> = claim.channels.iter().map(|name| (*name).to_owned()).collect();
        // Events that somebody else is leasing are passed over. What was leased since this statement
        // began is seen where it is written.
        let lease = Query::new(format!(
            "WITH due AS (
                 SELECT o.id, c.channel, COALESCE(d.due_at, o.due_at) AS due_at
                 FROM @events o CROSS JOIN unnest($1) AS c (channel)
                 LEFT JOIN @deliveries d ON d.event = o.id AND d.channel = c.channel
                 WHERE o.state = 'pending' AND o.due_at <= $2
                   AND COALESCE(d.state, 'pending') = 'pending'
                   AND COALESCE(d.due_at, o.due_at) <= $2
                   AND NOT EXISTS (
                       SELECT 1 FROM @events e
                       LEFT JOIN @deliveries ed ON ed.event = e.id AND ed.channel = c.channel
                       WHERE e.account = o.account AND e.state = 'pending' AND e.number < o.number
                         AND COALESCE(ed.state, 'pending') = 'pending')
                 ORDER BY COALESCE(d.due_at, o.due_at), o.at, o.number LIMIT $3
                 FOR NO KEY UPDATE OF o SKIP LOCKED),
             leased AS (
                 INSERT INTO @deliveries AS d (event, channel, state, tries, due_at)
                 SELECT id, channel, 'pending', 1, $4 FROM due
                 ON CONFLICT (event, channel) DO UPDATE SET tries = d.tries + 1, due_at = $4
                 WHERE d.state = 'pending' AND d.due_at <= $2
                 RETURNING event, channel, tries)
             SELECT {EVENT_COLUMNS}, l.channel, l.tries
             FROM leased l JOIN due ON due.id = l.event AND due.channel = l.channel
             JOIN @events o ON o.id = l.event ORDER BY due.due_at, o.at, o.number"
        ));
        let lease = lease.bind(channels).bind(claim.now);
        let lease = lease.bind(i64::from(claim.limit)).bind(leased_until);
        // A lease that is lost with the server's power is claimed again, no more.
        let transaction = self.begin(Durability::Process).await?;
        let replies = transaction.commit(&[lease], None).await?;
        Ok(replies.and_then(|mut replies| replies.pop()).unwrap_or_default().rows)
    }

    async fn holders(&self, accounts: Vec<Uuid>) -> Result<HashMap<Uuid, Account>, StoreError> {
        let source = self.accounts();
        let rows = self.rows(&source.by_id(accounts)).await?;
        rows.iter().map(|row| Ok((get(row, "own_id")?, source.account(row)?))).collect()
    }

    async fn discard(&self, event: Uuid) -> Result<(), StoreError> {
        let discard = Query::new("UPDATE @events SET state = 'discarded' WHERE id = $1");
        let transaction = self.begin(Durability::Process).await?;
        transaction.commit(&[discard.bind(event)], None).await.map(drop)
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
            // It may repeat what another server said, and the database's texts have no U+0000.
            .bind(error.map(|error| error.replace('\0', "\u{fffd}")))
            .bind(claim.event)
            .bind(claim.channel.as_str())
            .bind(i64::from(claim.tries));
        let conclude = Query::new(
            "UPDATE @events SET state = CASE WHEN EXISTS (
                     SELECT 1 FROM @deliveries WHERE event = $1 AND state = 'discarded')
                 THEN 'discarded' ELSE 'delivered' END
             WHERE id = $1 AND state = 'pending' AND NOT EXISTS (
                 SELECT 1 FROM unnest($2) AS c (channel)
                 LEFT JOIN @deliveries d ON d.event = $1 AND d.channel = c.channel
                 WHERE COALESCE(d.state, 'pending') = 'pending')",
        );
        let channels: Vec<String> = channels.iter().map(|name| (*name).to_owned()).collect();
        let conclude = conclude.bind(claim.event).bind(channels);
        // With the event locked, so that of two channels that finish at once one sees the other.
        let transaction = self.begin(Durability::Power).await?;
        transaction.commit(&[event_locked(claim.event), finish, conclude], None).await.map(drop)
    }
}

fn event_locked(event: Uuid) -> Query {
    Query::new("SELECT 1 FROM @events WHERE id = $1 FOR NO KEY UPDATE").bind(event)
}

/// The proof turned out right: nothing happened.
pub(crate) fn event_withdrawn(event: Uuid) -> Query {
    Query::new("DELETE FROM @events WHERE id = $1").bind(event)
}

/// An event has one row for each delivery, or one without any.
fn gather(rows: &[Row]) -> Result<Vec<OutboxEntry>, StoreError> {
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
