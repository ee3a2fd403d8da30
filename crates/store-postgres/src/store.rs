use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use repass_core::{AuditRecord, StoreError};
use tokio_postgres::Row;

use crate::accounts_source::AccountsSource;
use crate::connections::{Connections, Reply};
use crate::failure::{Retryable, is_schema_change, may_come_later, unknown};
use crate::mapped::MappedTable;
use crate::query::Query;
use crate::readiness::Readiness;
use crate::retry::retried;
use crate::transaction::{Durability, Transaction};

/// Every port of the engine on a PostgreSQL database.
///
/// Clones share their connections. Futures of its methods may be dropped at any time: a transaction
/// that did not reach its end is undone.
#[derive(Clone)]
pub struct PostgresStore(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) connections: Connections,
    /// Replaced when the columns of a mapped table have changed.
    pub(crate) accounts: RwLock<Arc<AccountsSource>>,
    pub(crate) schema_ahead: bool,
    pub(crate) readiness: Readiness,
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let connections = &self.0.connections;
        f.debug_struct("PostgresStore").field("connections", connections).finish_non_exhaustive()
    }
}

impl PostgresStore {
    /// Whether the accounts are in the store's own tables, and not in one of another application
    /// ([`AccountsTable`](repass_accounts_table::AccountsTable)), which reads the hashes, too.
    pub fn keeps_accounts(&self) -> bool {
        self.accounts().mapped.is_none()
    }

    /// Whether the database has a schema one version newer than this program knows, as while the
    /// nodes are upgraded one after another. Such a database is served.
    pub fn schema_ahead(&self) -> bool {
        self.0.schema_ahead
    }

    /// Closes all connections, those of clones too; one that is in use is closed after that. Later
    /// calls report [`StoreError::Unavailable`].
    pub async fn close(&self) {
        self.0.connections.close();
    }

    /// Where the accounts are.
    pub(crate) fn accounts(&self) -> Arc<AccountsSource> {
        // The lock guards one pointer, which is whole even if somebody panicked.
        Arc::clone(&self.0.accounts.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) async fn begin(
        &self,
        durability: Durability,
    ) -> Result<Transaction<'_>, StoreError> {
        Transaction::begin(&self.0.connections, durability).await
    }

    /// Locks what `locks` selects, then runs `change`, and commits: all in one round trip. Returns
    /// the reply to `change`; `None` if its answer was lost and `record` shows that it was made.
    pub(crate) async fn change(
        &self,
        locks: impl IntoIterator<Item = Query>,
        change: Query,
        record: &AuditRecord,
    ) -> Result<Option<Reply>, StoreError> {
        let queries: Vec<Query> = locks.into_iter().chain([change]).collect();
        let changed = self.change_once(&queries, record).await;
        if !changed.as_ref().err().is_some_and(may_come_later) {
            return changed;
        }
        // Sent again, it waits for the first one where the server has begun with that, otherwise the first
        // one finds its record. Which of them made the change is told by another look: a statement that
        // waited does not see what was committed since it began.
        let again = retried(self.0.connections.deadline(), || self.change_once(&queries, record));
        let again = again.await;
        let recorded = Query::new("SELECT 1 FROM @audit WHERE id = $1").bind(record.id);
        match self.row(&recorded).await.map_err(unknown)? {
            Some(_) => Ok(None),
            None => again.map_err(unknown),
        }
    }

    async fn change_once(
        &self,
        queries: &[Query],
        record: &AuditRecord,
    ) -> Result<Option<Reply>, StoreError> {
        let transaction = self.begin(Durability::Power).await?;
        let replies = transaction.commit(queries, Some(record)).await?;
        Ok(replies.map(|mut replies| replies.pop().unwrap_or_default()))
    }

    /// The rows that one statement finds.
    pub(crate) async fn rows(&self, query: &Query) -> Result<Vec<Row>, StoreError> {
        Ok(self.0.connections.run(query).await?.rows)
    }

    /// The first row that one statement finds.
    pub(crate) async fn row(&self, query: &Query) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(query).await?.into_iter().next())
    }

    /// Runs `attempt`, which writes all or nothing, again while it fails for a reason that passes. A
    /// mapped table whose columns have changed is inspected anew, once.
    pub(crate) async fn retried<T, E, F>(&self, attempt: impl Fn() -> F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
        E: Retryable,
    {
        let deadline = self.0.connections.deadline();
        let result = retried(deadline, &attempt).await;
        let changed = match &result {
            Err(error) => error.store_error().is_some_and(is_schema_change),
            Ok(_) => false,
        };
        if changed && self.inspect_again().await {
            retried(deadline, &attempt).await
        } else {
            result
        }
    }

    /// Inspects the mapped table anew. Whether it fits still.
    async fn inspect_again(&self) -> bool {
        let accounts = self.accounts();
        let Some(table) = &accounts.mapped else { return false };
        let Ok(found) = MappedTable::inspect(&self.0.connections, &table.mapping).await else {
            return false;
        };
        let found = Arc::new(AccountsSource::mapped(found));
        *self.0.accounts.write().unwrap_or_else(PoisonError::into_inner) = found;
        true
    }
}
