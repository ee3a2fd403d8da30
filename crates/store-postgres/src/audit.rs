//! Writes and lists audit records.

use repass_core::{AuditFilter, AuditRecord, StoreError};

use crate::failure::unstorable;
use crate::query::Query;
use crate::row;
use crate::store::PostgresStore;

/// The columns that [`row::audit_record`] reads.
const COLUMNS: &str = "id, at, realm, account, action, outcome, detail, caller, context";

/// Inserts a record. `conflict` is its `ON CONFLICT` clause.
pub(crate) fn insert_audit(record: &AuditRecord, conflict: &str) -> Result<Query, StoreError> {
    let mut query = Query::default();
    let values = audit_values(&mut query, record)?;
    Ok(query.with_sql(format!("INSERT INTO @audit ({COLUMNS}) VALUES ({values}) {conflict}")))
}

/// Returns the condition that the record does not exist. A statement that may be sent again after a
/// lost answer has this condition, since the first one may still be running.
pub(crate) fn unrecorded(query: &mut Query, record: &AuditRecord) -> String {
    format!("NOT EXISTS (SELECT 1 FROM @audit WHERE id = {})", query.value(record.id))
}

/// Inserts a record if `condition` holds, as a CTE of a larger statement.
pub(crate) fn insert_audit_if(
    query: &mut Query,
    record: &AuditRecord,
    condition: &str,
) -> Result<String, StoreError> {
    let values = audit_values(query, record)?;
    Ok(format!("INSERT INTO @audit ({COLUMNS}) SELECT {values} WHERE {condition}"))
}

/// Adds the values of [`COLUMNS`], and returns their parameters.
pub(crate) fn audit_values(query: &mut Query, record: &AuditRecord) -> Result<String, StoreError> {
    // The type JSON stores the text unchanged. Request data may contain U+0000, which TEXT and
    // JSONB refuse.
    let context = serde_json::to_value(&record.context)
        .map_err(|_| unstorable("the audit record's context cannot be written as JSON"))?;
    let values = [
        query.value(record.id),
        query.value(record.at),
        query.value(record.realm.as_str()),
        query.value(record.account.map(|account| account.0)),
        query.value(record.action.as_str()),
        query.value(record.outcome.as_str()),
        query.value(record.detail.clone()),
        query.value(record.caller.as_str()),
        query.value(context),
    ];
    Ok(values.join(", "))
}

impl PostgresStore {
    pub(crate) async fn list_audit(
        &self,
        filter: &AuditFilter,
    ) -> Result<Vec<AuditRecord>, StoreError> {
        let mut query = Query::default();
        let mut conditions = vec!["TRUE".to_owned()];
        if let Some(account) = filter.account {
            conditions.push(format!("account = {}", query.value(account)));
        }
        if let Some(realm) = &filter.realm {
            conditions.push(format!("realm = {}", query.value(realm.as_str())));
        }
        if let Some(action) = &filter.action {
            conditions.push(format!("action = {}", query.value(action.as_str())));
        }
        if let Some(outcome) = &filter.outcome {
            conditions.push(format!("outcome = {}", query.value(outcome.as_str())));
        }
        if let Some(since) = filter.since {
            conditions.push(format!("at >= {}", query.value(since)));
        }
        if let Some(until) = filter.until {
            conditions.push(format!("at < {}", query.value(until)));
        }
        let (order, follows) = if filter.oldest_first { ("ASC", ">") } else { ("DESC", "<") };
        if let Some((at, id)) = filter.after {
            let (at, id) = (query.value(at), query.value(id));
            conditions.push(format!("(at, id) {follows} ({at}, {id})"));
        }
        let limit = query.value(i64::from(filter.limit));
        let query = query.with_sql(format!(
            "SELECT {COLUMNS} FROM @audit WHERE {} ORDER BY at {order}, id {order} LIMIT {limit}",
            conditions.join(" AND "),
        ));
        self.rows(&query).await?.iter().map(row::audit_record).collect()
    }
}
