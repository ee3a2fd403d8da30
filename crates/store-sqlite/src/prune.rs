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
            let access_tokens = delete(
                db,
                "DELETE FROM repass_access_tokens WHERE id IN (
                     SELECT id FROM repass_access_tokens WHERE expires_at < ?1
                     UNION SELECT id FROM repass_access_tokens WHERE revoked_at < ?1 LIMIT ?2)",
                cutoffs.tokens,
                limit,
            )?;
            Ok(Outcome::Keep(Pruned {
                audit: delete(
                    db,
                    "DELETE FROM repass_audit WHERE sequence IN (
                         SELECT sequence FROM repass_audit WHERE at < ?1 ORDER BY at LIMIT ?2)",
                    cutoffs.audit,
                    limit,
                )?,
                events: delete(
                    db,
                    "DELETE FROM repass_events WHERE sequence IN (
                         SELECT sequence FROM repass_events
                         WHERE at < ?1 AND state <> 'pending' ORDER BY at LIMIT ?2)",
                    cutoffs.events,
                    limit,
                )?,
                tokens: reset_tokens.max(access_tokens),
            }))
        })
        .await
    }
}

fn delete(db: Db<'_>, sql: &str, cutoff: Option<Timestamp>, limit: u32) -> Result<u64> {
    match cutoff {
        None => Ok(0),
        Some(cutoff) => Ok(db.execute(sql, (cutoff.as_microsecond(), limit))? as u64),
    }
}
