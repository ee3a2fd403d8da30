use repass_core::{AuditFilter, AuditRecord, StoreError};
use sqlx::query;

use crate::row;
use crate::store::SqlStore;

impl SqlStore {
    pub(super) async fn list_audit(
        &self,
        filter: &AuditFilter,
    ) -> Result<Vec<AuditRecord>, StoreError> {
        // One statement for each index.
        let records = match (&filter.account, &filter.realm) {
            (None, None) => query(
                "SELECT id, at, realm, account, action, outcome, detail, caller, context
                 FROM audit ORDER BY sequence DESC LIMIT $1",
            ),
            (None, Some(realm)) => query(
                "SELECT id, at, realm, account, action, outcome, detail, caller, context
                 FROM audit WHERE realm = $1 ORDER BY sequence DESC LIMIT $2",
            )
            .bind(realm.as_str()),
            (Some(account), None) => query(
                "SELECT id, at, realm, account, action, outcome, detail, caller, context
                 FROM audit WHERE account = $1 ORDER BY sequence DESC LIMIT $2",
            )
            .bind(account.to_string()),
            (Some(account), Some(realm)) => query(
                "SELECT id, at, realm, account, action, outcome, detail, caller, context
                 FROM audit WHERE account = $1 AND realm = $2 ORDER BY sequence DESC LIMIT $3",
            )
            .bind(account.to_string())
            .bind(realm.as_str()),
        };
        let records = records.bind(i64::from(filter.limit));
        self.rows(records).await?.iter().map(row::audit_record).collect()
    }
}
