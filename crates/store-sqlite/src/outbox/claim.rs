use jiff::Timestamp;
use repass_core::{Claim, ClaimEvents, ClaimedEvent, OutboxEvent, StoreError};

use crate::accounts::AccountsSource;
use crate::connection::Db;
use crate::failure::{Failure, Result};
use crate::row;
use crate::row::Columns;
use crate::store::SqliteStore;
use crate::writer::Outcome;

/// A delivery that can be claimed.
struct Due {
    /// Since when, in microseconds.
    at: i64,
    sequence: i64,
    tries: u32,
    channel: String,
    event: OutboxEvent,
}

impl SqliteStore {
    pub(super) async fn claim_deliveries(
        &self,
        claim: &ClaimEvents<'_>,
    ) -> std::result::Result<Vec<ClaimedEvent>, StoreError> {
        let (now, limit) = (claim.now, claim.limit);
        let leased_until = now.checked_add(claim.lease).unwrap_or(Timestamp::MAX);
        let channels: Vec<String> = claim.channels.iter().map(|&one| one.to_owned()).collect();

        // Most looks find nothing, and a long queue takes a while to look through: that need not
        // disturb the writer.
        let candidates = self
            .read(move |db| {
                let mut due = Vec::new();
                for channel in &channels {
                    due.extend(deliveries(db, channel, now, None, limit)?);
                }
                due.sort_by_key(|due| (due.at, due.sequence));
                due.truncate(limit as usize);
                Ok(due)
            })
            .await?;
        if candidates.is_empty() {
            return Ok(Vec::new());
        }
        let accounts = self.accounts();
        self.write_lightly(move |db| {
            let mut claimed = Vec::new();
            for Due { channel, sequence, .. } in candidates {
                // Unless another dispatcher has claimed it meanwhile.
                if let Some(due) = deliveries(db, &channel, now, Some(sequence), 1)?.pop() {
                    claimed.extend(lease(db, &accounts, due, leased_until)?);
                }
            }
            Ok(Outcome::Keep(claimed))
        })
        .await
    }
}

/// The deliveries to one channel that can be claimed, of one event or of all, those due first first.
fn deliveries(
    db: Db<'_>,
    channel: &str,
    now: Timestamp,
    event: Option<i64>,
    limit: u32,
) -> Result<Vec<Due>> {
    let of = if event.is_some() { "e.sequence = ?3" } else { "?3 IS NULL" };
    let select = format!(
        "SELECT e.sequence, e.id, e.at, e.account, e.kind, e.payload,
                COALESCE(d.due_at, e.due_at) AS due_at, COALESCE(d.tries, 0) AS tries
         FROM repass_events e
         LEFT JOIN repass_deliveries d ON d.event = e.id AND d.channel = ?1
         WHERE {of} AND e.state = 'pending' AND e.due_at <= ?2
           AND (d.event IS NULL OR d.state = 'pending' AND d.due_at <= ?2)
           AND NOT EXISTS (
               SELECT 1 FROM repass_events earlier
               LEFT JOIN repass_deliveries own ON own.event = earlier.id AND own.channel = ?1
               WHERE earlier.account = e.account AND earlier.state = 'pending'
                 AND earlier.sequence < e.sequence
                 AND (own.event IS NULL OR own.state = 'pending'))
         ORDER BY COALESCE(d.due_at, e.due_at), e.sequence LIMIT ?4"
    );
    db.rows(&select, (channel, now.as_microsecond(), event, limit), |row| {
        let columns = Columns(row);
        Ok(Due {
            at: columns.get("due_at")?,
            sequence: columns.get("sequence")?,
            tries: columns.count("tries")?,
            channel: channel.to_owned(),
            event: row::event(row)?,
        })
    })
}

/// Claims a delivery; discards the event if its account is gone, or cannot be read: it would be in the
/// way of all others.
fn lease(
    db: Db<'_>,
    accounts: &AccountsSource,
    due: Due,
    leased_until: Timestamp,
) -> Result<Option<ClaimedEvent>> {
    let Due { tries, channel, event, .. } = due;
    let holder = accounts.account(db, event.account).or_else(|failure| match failure {
        Failure::Damaged(what) => {
            let OutboxEvent { id, account, .. } = &event;
            tracing::warn!(event = %id, %account, what, "an event whose account cannot be read is discarded");
            Ok(None)
        }
        failure => Err(failure),
    })?;
    let Some(holder) = holder else {
        let discard = "UPDATE repass_events SET state = 'discarded' WHERE id = ?1";
        db.execute(discard, [event.id.as_bytes()])?;
        return Ok(None);
    };
    let tries = tries.saturating_add(1);
    db.execute(
        "INSERT INTO repass_deliveries (event, channel, tries, due_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (event, channel) DO UPDATE
         SET tries = excluded.tries, due_at = excluded.due_at",
        (event.id.as_bytes(), &channel, tries, leased_until.as_microsecond()),
    )?;
    let claim = Claim { event: event.id, channel, tries };
    Ok(Some(ClaimedEvent { event, holder, claim }))
}
