//! What is written beside a change: the audit trail and the outbox.

use jiff::Timestamp;
use repass_core::{AuditRecord, OutboxEvent, StoreError};
use sqlx::query;

use crate::effect::Effect;
use crate::failure::unstorable;
use crate::store::{SqlStore, WriteTransaction};

impl SqlStore {
    pub(crate) async fn write_audit(
        &self,
        transaction: &mut WriteTransaction,
        record: &AuditRecord,
    ) -> Result<(), StoreError> {
        if self.write_audit_once(transaction, record).await? {
            Ok(())
        } else {
            Err(unstorable("there is an audit record of this id already"))
        }
    }

    /// Whether there was no record of this id. Waits for whoever is just writing one.
    pub(crate) async fn write_audit_once(
        &self,
        transaction: &mut WriteTransaction,
        record: &AuditRecord,
    ) -> Result<bool, StoreError> {
        // As JSON, since its texts are a stranger's and may hold what a database's own texts may
        // not, such as U+0000.
        let context = serde_json::to_string(&record.context)
            .map_err(|_| unstorable("the audit record's context makes no JSON"))?;
        let insert = query(
            "INSERT INTO audit (id, at, realm, account, action, outcome, detail, caller, context)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING",
        )
        .bind(record.id.to_string())
        .bind(record.at.as_microsecond())
        .bind(record.realm.as_str())
        .bind(record.account.map(|account| account.to_string()))
        .bind(record.action.as_str())
        .bind(record.outcome.as_str())
        .bind(record.detail.clone())
        .bind(record.caller.as_str())
        .bind(context);
        Ok(self.write(transaction, insert).await? == 1)
    }
}

/// Writes an event to the outbox.
pub(crate) fn event_written(event: &OutboxEvent, due_at: Timestamp) -> Effect {
    Effect::new(
        "INSERT INTO outbox (id, at, account, kind, payload, due_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        [
            event.id.to_string().into(),
            event.at.into(),
            event.account.to_string().into(),
            event.kind.clone().into(),
            event.payload.to_string().into(),
            due_at.into(),
        ],
    )
}
