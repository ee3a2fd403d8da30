use jiff::Timestamp;
use repass_core::{Claim, ClaimEvents, ClaimedEvent, OutboxEvent, StoreError};
use rusqlite::Row;

use crate::accounts::AccountsSource;
use crate::connection::Db;
use crate::failure::{Failure, Result};
use crate::row;
use crate::row::Columns;
use crate::store::SqliteStore;
use crate::writer::Outcome;

/// A delivery that can be claimed.
struct Due {
    /// The due time in microseconds.
    at: i64,
    sequence: i64,
    tries: u32,
    channel: String,
    event: OutboxEvent,
}

/// A search for due deliveries to channel `?1` at time `?2`. It follows the order of an index, so
/// that it stops at its limit.
struct Search {
    from: &'static str,
    order: &'static str,
}

/// Deliveries that were never tried.
const NEW: Search = Search {
    from: "repass_events e
           LEFT JOIN repass_deliveries d ON d.event = e.id AND d.channel = ?1
           WHERE d.event IS NULL",
    order: "e.due_at, e.sequence",
};

/// Deliveries whose next try is due, or whose lease has expired.
const TRIED: Search = Search {
    from: "repass_deliveries d CROSS JOIN repass_events e ON e.id = d.event
           WHERE d.channel = ?1 AND d.state = 'pending' AND d.due_at <= ?2",
    order: "d.due_at",
};

/// The delivery of the event with sequence `?4`.
const ONE: Search = Search {
    from: "repass_events e
           LEFT JOIN repass_deliveries d ON d.event = e.id AND d.channel = ?1
           WHERE e.sequence = ?4
             AND (d.event IS NULL OR d.state = 'pending' AND d.due_at <= ?2)",
    order: "e.sequence",
};

impl SqliteStore {
    pub(super) async fn claim_deliveries(
        &self,
        claim: &ClaimEvents<'_>,
    ) -> std::result::Result<Vec<ClaimedEvent>, StoreError> {
        let (now, limit) = (claim.now, claim.limit);
        let leased_until = now.checked_add(claim.lease).unwrap_or(Timestamp::MAX);
        let channels: Vec<String> = claim.channels.iter().map(|&one| one.to_owned()).collect();

        // Most searches find nothing, so they run on a reader.
        let candidates = self
            .read(move |db| {
                let mut due = Vec::new();
                for channel in &channels {
                    due.extend(NEW.deliveries(db, channel, now, limit, None)?);
                    due.extend(TRIED.deliveries(db, channel, now, limit, None)?);
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
        self.write_unsynced(move |db| {
            let mut claimed = Vec::new();
            for Due { channel, sequence, .. } in candidates {
                // Another dispatcher may have claimed it meanwhile.
                if let Some(due) = ONE.deliveries(db, &channel, now, 1, Some(sequence))?.pop() {
                    claimed.extend(lease(db, &accounts, due, leased_until)?);
                }
            }
            Ok(Outcome::Commit(claimed))
        })
        .await
    }
}

impl Search {
    fn select(&self) -> String {
        let Self { from, order } = self;
        format!(
            "SELECT e.sequence, e.id, e.at, e.account, e.kind, e.payload,
                    COALESCE(d.due_at, e.due_at) AS due_at, COALESCE(d.tries, 0) AS tries
             FROM {from} AND e.state = 'pending' AND e.due_at <= ?2
               AND NOT EXISTS (
                   SELECT 1 FROM repass_events earlier
                   LEFT JOIN repass_deliveries own
                       ON own.event = earlier.id AND own.channel = ?1
                   WHERE earlier.account = e.account AND earlier.state = 'pending'
                     AND earlier.sequence < e.sequence
                     AND (own.event IS NULL OR own.state = 'pending'))
             ORDER BY {order} LIMIT ?3"
        )
    }

    /// Returns the deliveries that can be claimed.
    fn deliveries(
        &self,
        db: Db<'_>,
        channel: &str,
        now: Timestamp,
        limit: u32,
        event: Option<i64>,
    ) -> Result<Vec<Due>> {
        let read = |row: &Row<'_>| {
            let columns = Columns(row);
            Ok(Due {
                at: columns.get("due_at")?,
                sequence: columns.get("sequence")?,
                tries: columns.count("tries")?,
                channel: channel.to_owned(),
                event: row::event(row)?,
            })
        };
        let (select, now) = (self.select(), now.as_microsecond());
        match event {
            None => db.rows(&select, (channel, now, limit), read),
            Some(event) => db.rows(&select, (channel, now, limit, event), read),
        }
    }
}

/// Claims a delivery. Discards the event if its account was deleted or cannot be read, since it
/// would block later events.
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
            tracing::warn!(event = %id, %account, what, "discarding an event whose account cannot be read");
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Sorting would read the whole backlog for each claim.
    #[test]
    fn searches_stop_at_their_limit() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        crate::schema::migrate(&connection).unwrap();
        for (search, index) in [(NEW, "repass_events_due"), (TRIED, "repass_deliveries_due")] {
            let explain = format!("EXPLAIN QUERY PLAN {}", search.select());
            let plan = Db(&connection)
                .rows(&explain, ("mail", 1, 1), |row| Ok(row.get::<_, String>("detail")?))
                .unwrap()
                .join("\n");
            assert!(plan.contains(index), "{plan}");
            assert!(!plan.contains("ORDER BY") && !plan.contains("SCAN"), "{plan}");
        }
    }
}
