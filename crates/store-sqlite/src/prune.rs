use jiff::Timestamp;
use repass_core::{PruneCutoffs, Pruned, StoreError};

use crate::connection::Db;
use crate::failure::Result;
use crate::store::SqliteStore;
use crate::writer::Outcome;

impl SqliteStore {
    pub(crate) async fn delete_old(
        &self,
        cutoffs: PruneCutoffs,
        limit: u32,
    ) -> std::result::Result<Pruned, StoreError> {
        self.write_unsynced(move |db| {
            let delete = |table, key, time, cutoff, limit| {
                delete_before(db, [table, key, time], cutoff, limit)
            };
            let PruneCutoffs { audit, events, tokens, .. } = cutoffs;
            let reset_tokens =
                delete("repass_reset_tokens", "digest", "expires_at", tokens, limit)?;
            let expired = delete("repass_access_tokens", "id", "expires_at", tokens, limit)?;
            let revoked =
                delete("repass_access_tokens", "id", "revoked_at", tokens, limit - expired)?;
            Ok(Outcome::Commit(Pruned {
                audit: delete("repass_audit", "sequence", "at", audit, limit)?.into(),
                events: delete("repass_events", "sequence", "at", events, limit)?.into(),
                tokens: reset_tokens.max(expired + revoked).into(),
            }))
        })
        .await
    }
}

/// Deletes the oldest rows of a table before the cutoff. Returns their number.
fn delete_before(
    db: Db<'_>,
    [table, key, time]: [&str; 3],
    cutoff: Option<Timestamp>,
    limit: u32,
) -> Result<u32> {
    let Some(cutoff) = cutoff else { return Ok(0) };
    let sql = format!(
        "DELETE FROM {table} WHERE {key} IN (
             SELECT {key} FROM {table} WHERE {time} < ?1 ORDER BY {time} LIMIT ?2)"
    );
    let deleted = db.execute(&sql, (cutoff.as_microsecond(), limit))?;
    Ok(u32::try_from(deleted).unwrap_or(limit))
}
