use jiff::Timestamp;
use repass_core::{PruneCutoffs, Pruned, StoreError};

use crate::query::Query;
use crate::store::PostgresStore;
use crate::transaction::Durability;

/// Tables with the condition for an old row, where `$1` is the cutoff.
const AUDIT: (&str, &str) = ("@audit", "at < $1");
const EVENTS: (&str, &str) = ("@events", "at < $1");
const RESET_TOKENS: (&str, &str) = ("@reset_tokens", "expires_at < $1");
const ACCESS_TOKENS: (&str, &str) =
    ("@access_tokens", "LEAST(expires_at, COALESCE(revoked_at, expires_at)) < $1");

impl PostgresStore {
    /// The commits need not be durable: rows that reappear are deleted by the next call.
    pub(super) async fn prune_rows(
        &self,
        cutoffs: &PruneCutoffs,
        limit: u32,
    ) -> Result<Pruned, StoreError> {
        let audit = self.prune_table(AUDIT, "id", cutoffs.audit, limit).await?;
        let events = self.prune_table(EVENTS, "id", cutoffs.events, limit).await?;
        let reset = self.prune_table(RESET_TOKENS, "digest", cutoffs.tokens, limit).await?;
        let access = self.prune_table(ACCESS_TOKENS, "id", cutoffs.tokens, limit).await?;
        Ok(Pruned { audit, events, tokens: reset.max(access) })
    }

    /// Skips locked rows, which are in use or being pruned. Audit records are not locked, since a
    /// serving role has no UPDATE privilege on them.
    async fn prune_table(
        &self,
        (table, old): (&str, &str),
        key: &str,
        cutoff: Option<Timestamp>,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let Some(cutoff) = cutoff else { return Ok(0) };
        let lock = if table == AUDIT.0 { "" } else { "FOR UPDATE SKIP LOCKED" };
        let delete = Query::new(format!(
            "DELETE FROM {table}
             WHERE {key} IN (SELECT {key} FROM {table} WHERE {old} LIMIT $2 {lock})"
        ));
        let delete = delete.bind(cutoff).bind(i64::from(limit));
        let transaction = self.begin(Durability::Eventual).await?;
        let replies = transaction.commit(&[delete], None).await?;
        Ok(replies.and_then(|replies| replies.first().map(|reply| reply.affected)).unwrap_or(0))
    }
}
