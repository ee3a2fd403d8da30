//! What is written beside a change: the audit trail and the outbox.

use jiff::Timestamp;
use repass_core::{AuditRecord, OutboxEvent, StoreError};

use crate::effect::Effect;
use crate::failure::unstorable;
use crate::store::SqlStore;
use crate::transaction::WriteTransaction;

impl SqlStore {
    pub(crate) async fn write_audit(
        &self,
        transaction: &mut WriteTransaction,
        record: &AuditRecord,
    ) -> Result<(), StoreError> {
        self.effect(transaction, audit_written(record, "$6", "")?).await
    }

    /// Whether there was no record of this id. Waits for whoever is just writing one.
    pub(crate) async fn write_audit_once(
        &self,
        transaction: &mut WriteTransaction,
        record: &AuditRecord,
    ) -> Result<bool, StoreError> {
        let once = audit_written(record, "$6", "ON CONFLICT (id) DO NOTHING")?;
        Ok(self.effect_now(transaction, once).await? == 1)
    }
}

/// Writes an audit record, whose outcome is `$6`.
pub(crate) fn audit_written(
    record: &AuditRecord,
    outcome: &str,
    conflict: &str,
) -> Result<Effect, StoreError> {
    // As JSON, since its texts are a stranger's and may hold what a database's own texts may not,
    // such as U+0000.
    let context = serde_json::to_string(&record.context)
        .map_err(|_| unstorable("the audit record's context makes no JSON"))?;
    Ok(Effect::new(
        format!(
            "INSERT INTO audit (id, at, realm, account, action, outcome, detail, caller, context)
             VALUES ($1, $2, $3, $4, $5, {outcome}, $7, $8, $9) {conflict}"
        ),
        [
            record.id.to_string().into(),
            record.at.into(),
            record.realm.as_str().into(),
            record.account.map(|account| account.to_string()).into(),
            record.action.as_str().into(),
            record.outcome.as_str().into(),
            record.detail.clone().into(),
            record.caller.as_str().into(),
            context.into(),
        ],
    ))
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
