use async_trait::async_trait;
use jiff::Timestamp;
use repass_core::{
    AccountId, AttemptAlarm, AttemptKey, AttemptPath, AttemptRules, AttemptTicket, AuditRecord,
    Closed, Commit, Committed, CredentialStore, Found, HashedPassword, StoreError, Subject,
};
use sqlx::query;
use uuid::Uuid;

use crate::retry::retried;
use crate::row;
use crate::store::SqlStore;

#[async_trait]
impl CredentialStore for SqlStore {
    async fn find(&self, subject: &Subject) -> Result<Option<Found>, StoreError> {
        let Some(user_id) = subject.valid_user_id() else { return Ok(None) };
        retried(|| async {
            let found = query(
                "SELECT a.id, a.realm, a.user_id, a.email, a.username, a.profile, a.active,
                        a.created_at, a.updated_at, c.hash, c.version, c.changed_at
                 FROM accounts a LEFT JOIN credentials c ON c.account = a.id
                 WHERE a.realm = $1 AND a.user_id = $2",
            )
            .bind(subject.realm.as_str())
            .bind(user_id.as_str());
            let Some(found) = self.row(found).await? else { return Ok(None) };
            Ok(Some(Found { account: row::account(&found)?, credential: row::credential(&found)? }))
        })
        .await
    }

    async fn history(
        &self,
        account: AccountId,
        depth: usize,
    ) -> Result<Vec<HashedPassword>, StoreError> {
        retried(|| async {
            let hashes = query(
                "SELECT hash FROM password_history
                 WHERE account = $1 ORDER BY version DESC LIMIT $2",
            )
            .bind(account.to_string())
            .bind(i64::try_from(depth).unwrap_or(i64::MAX));
            self.rows(hashes).await?.iter().map(row::hash).collect()
        })
        .await
    }

    async fn charge(
        &self,
        key: &AttemptKey,
        path: AttemptPath,
        rules: &AttemptRules,
        now: Timestamp,
        alarm: Option<&AttemptAlarm>,
    ) -> Result<Result<AttemptTicket, Closed>, StoreError> {
        retried(|| self.charge_attempt(key, path, rules, now, alarm)).await
    }

    async fn refund(&self, ticket: &AttemptTicket) -> Result<(), StoreError> {
        retried(|| self.refund_attempt(ticket)).await
    }

    async fn record(&self, record: &AuditRecord, alarm: Option<Uuid>) -> Result<(), StoreError> {
        retried(|| async {
            let mut transaction = self.begin().await?;
            self.write_audit(&mut transaction, record).await?;
            if let Some(alarm) = alarm {
                self.release_event(&mut transaction, alarm, record.at).await?;
            }
            self.end(transaction, record).await
        })
        .await
    }

    async fn commit(&self, commit: &Commit) -> Result<Committed, StoreError> {
        retried(|| self.commit_change(commit)).await
    }
}
