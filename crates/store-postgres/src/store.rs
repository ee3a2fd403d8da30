use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use repass_core::{AuditRecord, StoreError, StoreStatus};
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use crate::accounts_source::AccountsSource;
use crate::connections::{Connections, Reply};
use crate::failure::{
    Retryable, damaged, is_schema_change, may_be_committed_later, with_unknown_outcome,
};
use crate::mapped::MappedTable;
use crate::query::Query;
use crate::readiness::Readiness;
use crate::retry::with_retries;
use crate::row::get;
use crate::transaction::{Durability, Transaction};

/// A store in a PostgreSQL database, which implements all ports of the engine.
///
/// Clones share their connections. Futures of its methods may be dropped at any time: an unfinished
/// transaction is rolled back.
#[derive(Clone)]
pub struct PostgresStore(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) connections: Connections,
    /// Replaced when columns of a mapped table change.
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
    /// Returns whether the accounts are in the store's own table, and not in one of another
    /// application ([`AccountsTable`](repass_accounts_table::AccountsTable)).
    pub fn keeps_accounts(&self) -> bool {
        self.accounts().mapped.is_none()
    }

    /// Returns whether the schema is one version newer than this program, which should be upgraded.
    /// This allows nodes to be upgraded one after another.
    pub fn schema_ahead(&self) -> bool {
        self.0.schema_ahead
    }

    /// Returns the counts of operations and connections. An operation is one round trip: a
    /// statement alone, or a part of a transaction.
    pub fn status(&self) -> StoreStatus {
        self.0.connections.status()
    }

    /// Closes all connections, including those of clones; connections in use are closed after use.
    /// Later calls fail with [`StoreError::Unavailable`].
    pub async fn close(&self) {
        self.0.connections.close();
    }

    pub(crate) fn accounts(&self) -> Arc<AccountsSource> {
        // The lock guards one pointer, which a panic cannot leave half-written.
        Arc::clone(&self.0.accounts.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) async fn begin(
        &self,
        durability: Durability,
    ) -> Result<Transaction<'_>, StoreError> {
        Transaction::begin(&self.0.connections, durability).await
    }

    /// Runs `locks` and `change`, and commits, in one round trip. Returns the reply to `change`;
    /// `None` if the answer was lost and `record` shows that it was committed.
    pub(crate) async fn change(
        &self,
        locks: impl IntoIterator<Item = Query>,
        change: Query,
        record: &AuditRecord,
    ) -> Result<Option<Reply>, StoreError> {
        let queries: Vec<Query> = locks.into_iter().chain([change]).collect();
        self.change_once(record, || async {
            let transaction = self.begin(Durability::Immediate).await?;
            let replies = transaction.commit(&queries, Some(record)).await?;
            Ok(replies.map(|mut replies| replies.pop().unwrap_or_default()))
        })
        .await
    }

    /// Calls a function of the schema, which commits by itself. Returns its result; `None` if the
    /// answer was lost and `record`, which the function writes, shows that it was committed.
    pub(crate) async fn call<T: for<'r> FromSql<'r>>(
        &self,
        call: &Query,
        record: &AuditRecord,
    ) -> Result<Option<T>, StoreError> {
        let reply = self.change_once(record, || async {
            let reply = self.0.connections.write(call).await;
            reply.map(Some).map_err(|failure| match failure.may_be_committed() {
                true => failure.not_committed(),
                false => failure.into(),
            })
        });
        reply.await?.as_ref().map(result).transpose()
    }

    async fn change_once<F>(
        &self,
        record: &AuditRecord,
        change: impl Fn() -> F,
    ) -> Result<Option<Reply>, StoreError>
    where
        F: Future<Output = Result<Option<Reply>, StoreError>>,
    {
        let changed = change().await;
        if !changed.as_ref().err().is_some_and(may_be_committed_later) {
            return changed;
        }
        // The second transaction waits for the first if that has started; otherwise the first one
        // will find the record of the second. The record is looked up afterwards, as a statement
        // that waited does not see commits since it started.
        let again = with_retries(self.0.connections.deadline(), &change).await;
        let again = again.map_err(with_unknown_outcome)?;
        let recorded = Query::new("SELECT 1 FROM @audit WHERE id = $1").bind(record.id);
        let recorded = self.row(&recorded).await.map_err(with_unknown_outcome)?;
        Ok(again.filter(|_| recorded.is_none()))
    }

    /// Returns the rows of a statement.
    pub(crate) async fn rows(&self, query: &Query) -> Result<Vec<Row>, StoreError> {
        Ok(self.0.connections.run(query).await?.rows)
    }

    /// Returns the first row of a statement.
    pub(crate) async fn row(&self, query: &Query) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(query).await?.into_iter().next())
    }

    /// Runs `attempt`, which must be atomic, and retries it after transient errors. If columns of a
    /// mapped table have changed, inspects the table and retries once.
    pub(crate) async fn with_retries<T, E, F>(&self, attempt: impl Fn() -> F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
        E: Retryable,
    {
        let deadline = self.0.connections.deadline();
        let result = with_retries(deadline, &attempt).await;
        let changed = match &result {
            Err(error) => error.store_error().is_some_and(is_schema_change),
            Ok(_) => false,
        };
        if changed && self.inspect_again().await {
            with_retries(deadline, &attempt).await
        } else {
            result
        }
    }

    /// Inspects the mapped table again. Returns whether it fits its mapping.
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

/// Returns the result of a function of the schema.
pub(crate) fn result<T: for<'r> FromSql<'r>>(reply: &Reply) -> Result<T, StoreError> {
    reply.rows.first().map_or_else(|| Err(damaged("result")), |row| get(row, "result"))
}
