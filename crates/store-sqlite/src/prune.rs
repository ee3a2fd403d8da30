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
        self.write_lightly(move |db| {
            let reset_tokens = delete(
                db,
                "DELETE FROM repass_reset_tokens WHERE digest IN (
                     SELECT digest FROM repass_reset_tokens WHERE expires_at < ?1
                     ORDER BY expires_at LIMIT ?2)",
                cutoffs.tokens,
                limit,
            )?;
            let expired = delete(
                db,
                "DELETE FROM repass_access_tokens WHERE id IN (
                     SELECT id FROM repass_access_tokens WHERE expires_at < ?1
                     ORDER BY expires_at LIMIT ?2)",
                cutoffs.tokens,
                limit,
            )?;
            let revoked = delete(
                db,
                "DELETE FROM repass_access_tokens WHERE id IN (
                     SELECT id FROM repass_access_tokens WHERE revoked_at < ?1
                     ORDER BY revoked_at LIMIT ?2)",
                cutoffs.tokens,
                limit - expired,
            )?;
            Ok(Outcome::Keep(Pruned {
                audit: u64::from(delete(
                    db,
                    "DELETE FROM repass_audit WHERE sequence IN (
                         SELECT sequence FROM repass_audit WHERE at < ?1 ORDER BY at LIMIT ?2)",
                    cutoffs.audit,
                    limit,
                )?),
                events: u64::from(delete(
                    db,
                    "DELETE FROM repass_events WHERE sequence IN (
                         SELECT sequence FROM repass_events
                         WHERE at < ?1 ORDER BY at LIMIT ?2)",
                    cutoffs.events,
                    limit,
                )?),
                tokens: reset_tokens.max(expired + revoked).into(),
            }))
        })
        .await
    }
}

fn delete(db: Db<'_>, sql: &str, cutoff: Option<Timestamp>, limit: u32) -> Result<u32> {
    let Some(cutoff) = cutoff else { return Ok(0) };
    let deleted = db.execute(sql, (cutoff.as_microsecond(), limit))?;
    Ok(u32::try_from(deleted).unwrap_or(limit))
}
