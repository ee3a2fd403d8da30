//! Transactions that write.

mod sqlite;

use std::future::ready;

use futures_util::TryStreamExt;
use sqlx::any::{Any, AnyRow};
use sqlx::{AnyConnection, Error, Executor, Transaction};

use crate::connections::Connections;
use crate::dialect::Dialect;
use crate::effect::{Effect, Effects};
use crate::store::Statement;
use sqlite::SqliteTransaction;

/// A transaction that will write. What is dropped without an end is undone.
pub(crate) enum WriteTransaction {
    Sqlite(SqliteTransaction),
    Postgres(Transaction<'static, Any>),
}

impl WriteTransaction {
    pub(crate) async fn begin(dialect: Dialect, connections: &Connections) -> Result<Self, Error> {
        let begin = dialect.begin_write();
        Ok(match connections {
            Connections::Kept(kept) => {
                Self::Sqlite(SqliteTransaction::begin(kept.lend().await?, begin))
            }
            Connections::Pooled(pool) => Self::Postgres(pool.begin_with(begin).await?),
        })
    }

    /// Has an effect, at the end of the transaction at the latest.
    pub(crate) async fn effect(&mut self, effect: Effect) -> Result<(), Error> {
        match self {
            Self::Sqlite(transaction) => transaction.effect(effect),
            Self::Postgres(_) => {
                self.effect_now(effect).await?;
            }
        }
        Ok(())
    }

    /// Has an effect now: how many rows it changed.
    pub(crate) async fn effect_now(&mut self, effect: Effect) -> Result<u64, Error> {
        match self {
            Self::Sqlite(transaction) => transaction.effect_now(effect).await,
            Self::Postgres(transaction) => {
                affected(transaction, Effects::from(effect).into_statement())
                    .await
                    .map(|affected| last(&affected))
            }
        }
    }

    /// How many rows `statement` changed.
    pub(crate) async fn execute(&mut self, statement: Statement<'_>) -> Result<u64, Error> {
        match self {
            Self::Sqlite(transaction) => transaction.execute(statement).await,
            Self::Postgres(transaction) => {
                affected(transaction, statement).await.map(|affected| last(&affected))
            }
        }
    }

    pub(crate) async fn fetch_all(
        &mut self,
        statement: Statement<'_>,
    ) -> Result<Vec<AnyRow>, Error> {
        match self {
            Self::Sqlite(transaction) => transaction.fetch_all(statement).await,
            Self::Postgres(transaction) => statement.fetch_all(&mut **transaction).await,
        }
    }

    /// Makes everything durable.
    pub(crate) async fn commit(self) -> Result<(), Error> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await,
            Self::Postgres(transaction) => transaction.commit().await,
        }
    }

    /// Undoes everything, and waits until that is done.
    pub(crate) async fn rollback(self) -> Result<(), Error> {
        match self {
            Self::Sqlite(transaction) => transaction.rollback().await,
            Self::Postgres(transaction) => transaction.rollback().await,
        }
    }
}

/// How many rows each one of `statements` changed.
async fn affected(
    connection: &mut AnyConnection,
    statements: Statement<'_>,
) -> Result<Vec<u64>, Error> {
    let outcomes = connection.fetch_many(statements);
    let affected = outcomes
        .try_filter_map(|outcome| ready(Ok(outcome.left().map(|done| done.rows_affected()))));
    affected.try_collect().await
}

fn last(affected: &[u64]) -> u64 {
    affected.last().copied().unwrap_or_default()
}
