use repass_core::{Backlog, Delivery, OutboxEntry, OutboxFilter, Realm};
use rusqlite::Row;
use uuid::Uuid;

use crate::audit_and_events::page_after;
use crate::connection::Db;
use crate::failure::Result;
use crate::row;
use crate::row::Columns;

pub(super) fn entries(db: Db<'_>, filter: &OutboxFilter) -> Result<Vec<OutboxEntry>> {
    let (at, id) = page_after(filter.before, i64::MAX);
    // A literal, since a partial index is not used for a parameter.
    let state =
        filter.state.map_or(String::new(), |state| format!("AND state = '{}'", state.as_str()));
    let select = format!(
        "SELECT id, at, account, kind, payload, state, due_at FROM repass_events
         WHERE (at, sequence) < (?1, COALESCE((SELECT sequence FROM repass_events WHERE id = ?2), 0))
           AND (?3 IS NULL OR realm = ?3) {state}
         ORDER BY at DESC, sequence DESC LIMIT ?4"
    );
    let realm = filter.realm.as_ref().map(Realm::as_str);
    db.rows(&select, (at, id, realm, filter.limit), |row| read(db, row))
}

pub(super) fn entry(db: Db<'_>, event: Uuid) -> Result<Option<OutboxEntry>> {
    db.row(
        "SELECT id, at, account, kind, payload, state, due_at FROM repass_events WHERE id = ?1",
        [event.as_bytes()],
        |row| read(db, row),
    )
}

pub(super) fn backlog(db: Db<'_>) -> Result<Backlog> {
    let select = "SELECT COUNT(*) AS pending, MIN(at) AS oldest FROM repass_events
         WHERE state = 'pending'";
    let backlog = db.row(select, [], |row| {
        let pending: i64 = row.get("pending")?;
        Ok(Backlog {
            pending: pending.unsigned_abs(),
            oldest: Columns(row).optional_time("oldest")?,
        })
    });
    Ok(backlog?.unwrap_or_default())
}

fn read(db: Db<'_>, row: &Row<'_>) -> Result<OutboxEntry> {
    let event = row::event(row)?;
    let deliveries = deliveries(db, event.id)?;
    let (state, due_at) = (row::event_state(row)?, Columns(row).time("due_at")?);
    Ok(OutboxEntry { event, state, due_at, deliveries })
}

/// Returns the deliveries of an event, by channel.
pub(super) fn deliveries(db: Db<'_>, event: Uuid) -> Result<Vec<Delivery>> {
    db.rows(
        "SELECT channel, state, tries, due_at, error FROM repass_deliveries
         WHERE event = ?1 ORDER BY channel",
        [event.as_bytes()],
        row::delivery,
    )
}
