//! Writes audit records and outbox events.

use jiff::Timestamp;
use repass_core::{AuditRecord, OutboxEvent, Realm};
use uuid::Uuid;

use crate::connection::Db;
use crate::failure::{Failure, Result};

pub(crate) fn write_audit(db: Db<'_>, record: &AuditRecord) -> Result<()> {
    let context = serde_json::to_string(&record.context)
        .map_err(|_| Failure::Unstorable("the audit record's context cannot be written as JSON"))?;
    db.execute(
        "INSERT INTO repass_audit
             (id, at, realm, account, action, outcome, detail, caller, context)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        (
            record.id.as_bytes(),
            record.at.as_microsecond(),
            record.realm.as_str(),
            record.account.as_ref().map(|account| account.0.as_bytes()),
            &record.action,
            &record.outcome,
            &record.detail,
            &record.caller,
            context,
        ),
    )
    .map(drop)
}

pub(crate) fn write_event(db: Db<'_>, event: &OutboxEvent, due_at: Timestamp) -> Result<()> {
    db.execute(
        "INSERT INTO repass_events (id, at, account, realm, kind, payload, due_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        (
            event.id.as_bytes(),
            event.at.as_microsecond(),
            event.account.0.as_bytes(),
            event.realm().as_ref().map(Realm::as_str),
            &event.kind,
            event.payload.to_string(),
            due_at.as_microsecond(),
        ),
    )
    .map(drop)
}

/// Returns time and id of the row before a page; the first page starts at `first`.
pub(crate) fn page_after(row: Option<(Timestamp, Uuid)>, first: i64) -> (i64, [u8; 16]) {
    row.map_or((first, [0; 16]), |(at, id)| (at.as_microsecond(), id.into_bytes()))
}

/// Deletes an event. Returns whether it existed.
pub(crate) fn delete_event(db: Db<'_>, event: Uuid) -> Result<bool> {
    Ok(db.execute("DELETE FROM repass_events WHERE id = ?1", [event.as_bytes()])? == 1)
}
