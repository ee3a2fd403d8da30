use jiff::Timestamp;
use repass_core::{Claim, ClaimEvents, ClaimedEvent, OutboxEvent, StoreError};

use crate::accounts::AccountsSource;
use crate::connection::Db;
use crate::failure::Result;
use crate::row;
use crate::row::Columns;
use crate::store::SqliteStore;
use crate::writer::Outcome;

/// A delivery that can be claimed.
struct Due {
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

        // Most looks find nothing, and need not disturb the writer.
        let asked = channels.clone();
        if self.read(move |db| due(db, &asked, now, 1)).await?.is_empty() {
            return Ok(Vec::new());
        }
        let accounts = self.accounts();
        self.write_lightly(move |db| {
            let mut claimed = Vec::new();
            for due in due(db, &channels, now, limit)? {
                claimed.extend(lease(db, &accounts, due, leased_until)?);
            }
            Ok(Outcome::Keep(claimed))
        })
        .await
    }
}

/// The deliveries that can be claimed, those due first first.
fn due(db: Db<'_>, channels: &[String], now: Timestamp, limit: u32) -> Result<Vec<Due>> {
    let mut due = Vec::new();
    for channel in channels {
        due.extend(db.rows(
            "SELECT e.sequence, e.id, e.at, e.account, e.kind, e.payload,
                    COALESCE(d.due_at, e.due_at) AS due_at, COALESCE(d.tries, 0) AS tries
             FROM repass_events e
             LEFT JOIN repass_deliveries d ON d.event = e.id AND d.channel = ?1
             WHERE e.state = 'pending' AND e.due_at <= ?2
               AND (d.event IS NULL OR d.state = 'pending' AND d.due_at <= ?2)
               AND NOT EXISTS (
                   SELECT 1 FROM repass_events earlier
                   LEFT JOIN repass_deliveries own
                       ON own.event = earlier.id AND own.channel = ?1
                   WHERE earlier.account = e.account AND earlier.state = 'pending'
                     AND earlier.sequence < e.sequence
                     AND (own.event IS NULL OR own.state = 'pending'))
             ORDER BY COALESCE(d.due_at, e.due_at), e.sequence LIMIT ?3",
            (channel, now.as_microsecond(), limit),
            |row| {
                let columns = Columns(row);
                Ok(Due {
                    at: columns.get("due_at")?,
                    sequence: columns.get("sequence")?,
                    tries: columns.count("tries")?,
                    channel: channel.clone(),
                    event: row::event(row)?,
                })
            },
        )?);
    }
    due.sort_by_key(|due| (due.at, due.sequence));
    due.truncate(limit as usize);
    Ok(due)
}

/// Claims a delivery; discards the event if its account is gone.
fn lease(
    db: Db<'_>,
    accounts: &AccountsSource,
    due: Due,
    leased_until: Timestamp,
) -> Result<Option<ClaimedEvent>> {
    let Due { tries, channel, event, .. } = due;
    let Some(holder) = accounts.account(db, event.account)? else {
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
