use jiff::Timestamp;
use repass_core::{AuditFilter, AuditRecord, Realm};

use crate::audit_and_events::page_after;
use crate::connection::Db;
use crate::failure::Result;
use crate::row;

pub(super) fn list(db: Db<'_>, filter: &AuditFilter) -> Result<Vec<AuditRecord>> {
    // One statement per index.
    let of = match (filter.account, &filter.realm) {
        (Some(_), _) => "account = ?3 AND (?4 IS NULL OR realm = ?4)",
        (None, Some(_)) => "?3 IS NULL AND realm = ?4",
        (None, None) => "?3 IS NULL AND ?4 IS NULL",
    };
    let (order, follows, first) =
        if filter.oldest_first { ("ASC", ">", i64::MIN) } else { ("DESC", "<", i64::MAX) };
    let select = format!(
        "SELECT id, at, realm, account, action, outcome, detail, caller, context FROM repass_audit
         WHERE (at, sequence) {follows} (?1, COALESCE((SELECT sequence FROM repass_audit WHERE at = ?1 AND id = ?2), 0))
           AND {of}
           AND (?5 IS NULL OR action = ?5) AND (?6 IS NULL OR outcome = ?6)
           AND at >= ?7 AND at < ?8
         ORDER BY at {order}, sequence {order} LIMIT ?9"
    );
    let (at, id) = page_after(filter.after, first);
    let microsecond = |time: Option<Timestamp>, none| time.map_or(none, Timestamp::as_microsecond);
    db.rows(
        &select,
        (
            at,
            id,
            filter.account.as_ref().map(|account| account.0.as_bytes()),
            filter.realm.as_ref().map(Realm::as_str),
            &filter.action,
            &filter.outcome,
            microsecond(filter.since, i64::MIN),
            microsecond(filter.until, i64::MAX),
            filter.limit,
        ),
        row::audit_record,
    )
}
