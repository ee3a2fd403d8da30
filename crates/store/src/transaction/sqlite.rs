use std::mem;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Error, Execute, Executor, query_with};
use tokio::runtime::Handle;

use super::{affected, last};
use crate::connections::Lent;
use crate::effect::{Effect, Effects};
use crate::store::Statement;

/// SQLite runs on a thread of its own, and to hand it a statement costs more than to run that. So
/// statements whose outcome nobody asks for, the transaction's beginning and its end among them, go
/// together with one whose outcome somebody does.
pub(crate) struct SqliteTransaction {
    /// Until it ends.
    connection: Option<Lent>,
    /// What SQLite has not been told yet.
    outstanding: Effects,
    stand: Stand,
}

/// How SQLite stands with a transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stand {
    /// It has not been told of it.
    Untold,
    /// It has done what it was told, and waits.
    Done,
    /// It was told something, and that has failed or is not done yet.
    Undone,
}

impl SqliteTransaction {
    pub(super) fn begin(connection: Lent, begin: &'static str) -> Self {
        Self {
            connection: Some(connection),
            outstanding: Effects::from(Effect::new(begin, [])),
            stand: Stand::Untold,
        }
    }

    /// Has an effect before the next statement's.
    pub(super) fn effect(&mut self, effect: Effect) {
        self.outstanding.push(effect);
    }

    /// Has an effect now: how many rows it changed.
    pub(super) async fn effect_now(&mut self, effect: Effect) -> Result<u64, Error> {
        self.outstanding.push(effect);
        self.tell().await.map(|affected| last(&affected))
    }

    /// How many rows `statement` changed.
    pub(super) async fn execute(&mut self, statement: Statement<'_>) -> Result<u64, Error> {
        let statement = self.with_outstanding(statement).await?;
        let affected = affected(self.connection()?, statement).await?;
        self.stand = Stand::Done;
        Ok(last(&affected))
    }

    pub(super) async fn fetch_all(
        &mut self,
        statement: Statement<'_>,
    ) -> Result<Vec<AnyRow>, Error> {
        let statement = self.with_outstanding(statement).await?;
        let rows = statement.fetch_all(self.connection()?).await?;
        self.stand = Stand::Done;
        Ok(rows)
    }

    pub(super) async fn commit(mut self) -> Result<(), Error> {
        self.outstanding.push(Effect::new("COMMIT", []));
        self.tell().await?;
        self.give_back();
        Ok(())
    }

    pub(super) async fn rollback(mut self) -> Result<(), Error> {
        if self.stand != Stand::Untold {
            roll_back(self.connection()?).await?;
        }
        self.give_back();
        Ok(())
    }

    /// What to tell something by.
    fn connection(&mut self) -> Result<&mut AnyConnection, Error> {
        self.stand = Stand::Undone;
        self.connection.as_deref_mut().ok_or(Error::PoolClosed)
    }

    fn give_back(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.give_back();
        }
    }

    /// How many rows each effect changed that was outstanding.
    async fn tell(&mut self) -> Result<Vec<u64>, Error> {
        let outstanding = mem::take(&mut self.outstanding);
        let affected = affected(self.connection()?, outstanding.into_statement()).await?;
        self.stand = Stand::Done;
        Ok(affected)
    }

    /// What to run for `statement`, which is to be the next.
    async fn with_outstanding<'q>(
        &mut self,
        mut statement: Statement<'q>,
    ) -> Result<Statement<'q>, Error> {
        // Its text may hold anything, so the places of its values cannot be counted on.
        if self.outstanding.value_count() > 0 {
            self.tell().await?;
        }
        if self.outstanding.is_empty() {
            return Ok(statement);
        }
        let before = mem::take(&mut self.outstanding).sql();
        let values = statement.take_arguments().map_err(Error::Encode)?;
        let sql = format!("{before};\n{}", statement.sql().as_str());
        Ok(query_with(AssertSqlSafe(sql), values.unwrap_or_default()))
    }
}

/// Nobody else can write before the transaction is undone.
impl Drop for SqliteTransaction {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        match self.stand {
            Stand::Untold => connection.give_back(),
            Stand::Done => match Handle::try_current() {
                Ok(runtime) => drop(runtime.spawn(async move {
                    if roll_back(&mut connection).await.is_ok() {
                        connection.give_back();
                    }
                })),
                Err(_) => connection.discard(),
            },
            // Its thread may do anything now, or may have panicked over a table that is missing.
            Stand::Undone => connection.discard(),
        }
    }
}

async fn roll_back(connection: &mut AnyConnection) -> Result<(), Error> {
    connection.execute("ROLLBACK").await.map(drop)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tempfile::TempDir;

    use super::*;
    use crate::store::SqlStore;

    const KEY: [u8; 32] = [7; 32];

    async fn open() -> (TempDir, SqlStore) {
        let folder = tempfile::tempdir().unwrap();
        let url = SqlStore::url_of(&folder.path().join("repass.db")).unwrap();
        let store = SqlStore::open(&url).await.unwrap();
        (folder, store)
    }

    fn failure() -> Effect {
        Effect::new("INSERT INTO attempts (key, failures) VALUES ($1, 1)", [(&KEY).into()])
    }

    async fn failures(store: &SqlStore) -> usize {
        let rows = sqlx::query("SELECT key FROM attempts");
        store.rows(rows).await.unwrap().len()
    }

    #[tokio::test]
    async fn what_is_dropped_is_undone_before_the_next() {
        let (_folder, store) = open().await;
        let mut told = store.begin().await.unwrap();
        assert_eq!(store.effect_now(&mut told, failure()).await.unwrap(), 1);
        drop(told);

        let mut untold = store.begin().await.unwrap();
        store.effect(&mut untold, failure()).await.unwrap();
        drop(untold);

        let mut next = store.begin().await.unwrap();
        assert_eq!(store.effect_now(&mut next, failure()).await.unwrap(), 1, "not there yet");
        store.end_unrecorded(next).await.unwrap();
        assert_eq!(failures(&store).await, 1);
    }

    #[tokio::test]
    async fn what_fails_at_its_end_is_undone() {
        let (_folder, store) = open().await;
        let mut twice = store.begin().await.unwrap();
        store.effect(&mut twice, failure()).await.unwrap();
        store.effect(&mut twice, failure()).await.unwrap();
        store.end_unrecorded(twice).await.unwrap_err();
        assert_eq!(failures(&store).await, 0);

        let mut next = store.begin().await.unwrap();
        store.effect(&mut next, failure()).await.unwrap();
        store.end_unrecorded(next).await.unwrap();
        assert_eq!(failures(&store).await, 1);
    }

    /// At every point at which its caller may go, a transaction is made whole or not at all.
    #[tokio::test]
    async fn callers_may_go_at_any_time() {
        let (_folder, store) = open().await;
        let mut ended = false;
        for round in 0..20 {
            let polls = (1_u32 << round) - 1;
            let key = [round; 32];
            let work = async {
                let mut transaction = store.begin().await.unwrap();
                let insert = "INSERT INTO attempts (key, failures) VALUES ($1, $2)";
                let first = Effect::new(insert, [(&key).into(), 0.into()]);
                store.effect(&mut transaction, first).await.unwrap();
                let counted = Effect::new(
                    "UPDATE attempts SET failures = failures + 1 WHERE key = $1",
                    [(&key).into()],
                );
                assert_eq!(store.effect_now(&mut transaction, counted).await.unwrap(), 1);
                let again = Effect::new(
                    "UPDATE attempts SET failures = failures + 1 WHERE key = $1",
                    [(&key).into()],
                );
                store.effect(&mut transaction, again).await.unwrap();
                store.end_unrecorded(transaction).await.unwrap();
            };
            let mut work = Box::pin(work);
            for _ in 0..polls {
                if work.as_mut().now_or_never().is_some() {
                    break;
                }
                tokio::task::yield_now().await;
            }
            drop(work);

            // It waits until that has been undone.
            let check = store.begin().await.unwrap();
            store.end_unrecorded(check).await.unwrap();
            let found =
                sqlx::query("SELECT failures FROM attempts WHERE key = $1").bind(key.to_vec());
            let found = store.row(found).await.unwrap();
            let failures = found.map(|row| sqlx::Row::get::<i64, _>(&row, "failures"));
            assert!(matches!(failures, None | Some(2)), "after {polls}: {failures:?}");
            ended = failures.is_some();
            assert!(!ended || round > 0, "polled never, and made");
            if ended {
                break;
            }
        }
        assert!(ended);
    }

    #[test]
    fn stores_and_transactions_may_be_dropped_without_a_runtime() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (_folder, store) = runtime.block_on(open());
        let mut transaction = runtime.block_on(store.begin()).unwrap();
        runtime.block_on(store.effect_now(&mut transaction, failure())).unwrap();
        drop(runtime);
        drop(transaction);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        assert_eq!(runtime.block_on(failures(&store)), 0);
        drop(runtime);
        drop(store);
    }
}
