use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use repass_core::{
    AccountId, AttemptAlarm, AttemptKey, AttemptPath, AttemptRules, AttemptTicket, AuditRecord,
    Closed, Commit, Committed, CredentialStore, Found, HashedPassword, StoreError, Subject,
    Upgrade,
};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, query};
use uuid::Uuid;

use crate::retry::retried;
use crate::row;
use crate::store::SqlStore;

#[async_trait]
impl CredentialStore for SqlStore {
    async fn find(&self, subject: &Subject) -> Result<Option<Found>, StoreError> {
        let Some(user_id) = subject.valid_user_id() else { return Ok(None) };
        retried(|| async {
            let source = &self.accounts;
            let Some(names) = source.names(&subject.realm, &user_id) else { return Ok(None) };
            let find = AssertSqlSafe(Arc::clone(&source.find));
            let found = names.into_iter().fold(query(find), Query::bind);
            let found = match &source.foreign {
                None => self.row(found).await?,
                Some(_) => source.only(self.rows(found).await?, &subject.realm, &user_id)?,
            };
            let Some(found) = found else { return Ok(None) };
            let account = row::account(&found, source)?;
            Ok(Some(Found { account, credential: row::credential(&found, source)? }))
        })
        .await
    }

    async fn history(
        &self,
        account: AccountId,
        depth: usize,
    ) -> Result<Vec<HashedPassword>, StoreError> {
        retried(|| async {
            // A limit that is a parameter has SQLite plan the statement anew each time.
            let select = format!(
                "SELECT hash, normalisation FROM password_history
                 WHERE account = $1 ORDER BY version DESC LIMIT {}",
                i64::try_from(depth).unwrap_or(i64::MAX),
            );
            let hashes = query(AssertSqlSafe(select)).bind(account.to_string());
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

    async fn delete_expired_attempts(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<(), StoreError> {
        retried(|| self.sweep_attempts(now, limit)).await
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

    async fn upgrade(&self, upgrade: &Upgrade) -> Result<bool, StoreError> {
        retried(|| self.upgrade_hash(upgrade)).await
    }
}
