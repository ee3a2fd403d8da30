//! Several effects as one statement of SQLite.

use std::borrow::Cow;

use data_encoding::HEXLOWER;
use futures_util::TryStreamExt;
use sha2::{Digest, Sha256};
use sqlx::{AnyConnection, AssertSqlSafe, Error, Executor, SqlSafeStr, SqlStr, query};

use crate::effect::Effects;

/// The effects that a connection has had at once, each time as one statement.
///
/// SQLite runs on a thread of its own, which answers each statement by itself; whoever waits for the
/// last of several is woken by each. Nobody hears of what a trigger does. So the effects are the body
/// of one, and what sets it off is a row of their values.
#[derive(Default)]
pub(crate) struct Procedures(Vec<Procedure>);

struct Procedure {
    effects: Vec<Cow<'static, str>>,
    call: SqlStr,
}

impl Procedures {
    /// Has all `effects` on `connection` and makes them durable, or has none: in a transaction of
    /// their own.
    pub(crate) async fn call(
        &mut self,
        connection: &mut AnyConnection,
        effects: Effects,
    ) -> Result<(), Error> {
        let known = self.0.iter().position(|procedure| procedure.has(&effects));
        let at = match known {
            Some(at) => at,
            None => {
                self.0.push(Procedure::define(connection, &effects).await?);
                self.0.len() - 1
            }
        };
        let call = effects.bound_to(query(self.0[at].call.clone()));
        // Its one answer. After that comes only that there is no other, which nobody need wait for.
        let answer = connection.fetch_many(call).try_next().await?;
        answer.map(drop).ok_or(Error::WorkerCrashed)
    }
}

impl Procedure {
    /// For this connection alone. It may be there already, if what the connection has was forgotten:
    /// so it has the same name only where it is the same.
    async fn define(connection: &mut AnyConnection, effects: &Effects) -> Result<Self, Error> {
        let body = effects.sql().replace('$', "NEW.v");
        let name = format!("procedure_{}", HEXLOWER.encode(&Sha256::digest(&body)));
        let row = listed(effects, |number| format!("NULL AS v{number}"));
        let definition = format!(
            "CREATE TEMP VIEW IF NOT EXISTS {name} AS SELECT {row};
             CREATE TEMP TRIGGER IF NOT EXISTS {name} INSTEAD OF INSERT ON {name}
             BEGIN {body}; END"
        );
        connection.execute(AssertSqlSafe(definition)).await?;

        let values = listed(effects, |number| format!("${number}"));
        let call = AssertSqlSafe(format!("INSERT INTO temp.{name} VALUES ({values})"));
        Ok(Self { effects: effects.texts().cloned().collect(), call: call.into_sql_str() })
    }

    fn has(&self, effects: &Effects) -> bool {
        self.effects.iter().eq(effects.texts())
    }
}

fn listed(effects: &Effects, named: impl Fn(usize) -> String) -> String {
    (1..=effects.value_count()).map(named).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use sqlx::Row;
    use tempfile::TempDir;

    use crate::effect::{Effect, Value};
    use crate::store::SqlStore;

    async fn open() -> (TempDir, SqlStore) {
        let folder = tempfile::tempdir().unwrap();
        let url = SqlStore::url_of(&folder.path().join("repass.db")).unwrap();
        let store = SqlStore::open(&url).await.unwrap();
        (folder, store)
    }

    fn first(key: u8) -> Effect {
        let values = [(&[key; 32]).into(), Value::Number(None)];
        Effect::new("INSERT INTO attempts (key, failures, expires_at) VALUES ($1, 0, $2)", values)
    }

    fn one_more(key: u8) -> Effect {
        let counted = "UPDATE attempts SET failures = failures + 1 WHERE key = $1";
        Effect::new(counted, [(&[key; 32]).into()])
    }

    async fn failures(store: &SqlStore, key: u8) -> Option<i64> {
        let select =
            sqlx::query("SELECT failures FROM attempts WHERE key = $1").bind(vec![key; 32]);
        store.row(select).await.unwrap().map(|row| row.get(0))
    }

    #[tokio::test]
    async fn all_effects_are_had_or_none() {
        let (_folder, store) = open().await;
        store.have_at_once([first(1), one_more(1), one_more(1)]).await.unwrap();
        assert_eq!(failures(&store, 1).await, Some(2));

        let error = store.have_at_once([first(2), first(1)]).await.unwrap_err();
        assert!(crate::failure::is_unique_violation(&error), "{error}");
        assert_eq!(failures(&store, 2).await, None);

        store.have_at_once([first(2), first(3)]).await.unwrap();
        assert_eq!((failures(&store, 2).await, failures(&store, 3).await), (Some(0), Some(0)));
    }

    #[tokio::test]
    async fn every_kind_of_value_arrives_as_it_is() {
        let (_folder, store) = open().await;
        let create = Effect::new("CREATE TABLE kinds (value ANY) STRICT", []);
        let mut transaction = store.begin().await.unwrap();
        store.effect(&mut transaction, create).await.unwrap();
        store.end_unrecorded(transaction).await.unwrap();
        let values =
            ["7'; $1".into(), i64::MIN.into(), Value::Bytes(b"\0\xff".to_vec()), Value::Text(None)];
        let insert = "INSERT INTO kinds VALUES ($1), ($2), ($3), ($4)";
        store.have_at_once([Effect::new(insert, values)]).await.unwrap();
        let rows = store.rows(sqlx::query("SELECT quote(value) FROM kinds")).await.unwrap();
        let kinds: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        assert_eq!(kinds, ["'7''; $1'", "-9223372036854775808", "X'00FF'", "NULL"]);
    }

    /// What a connection has may be forgotten, and stays.
    #[tokio::test]
    async fn a_connection_that_was_not_given_back_has_its_procedures() {
        let (_folder, store) = open().await;
        for key in 1..4 {
            store.have_at_once([first(key), one_more(key)]).await.unwrap();
            drop(store.writer.lend().await.unwrap());
        }
        assert_eq!(failures(&store, 3).await, Some(1));
    }

    #[tokio::test]
    async fn what_cannot_be_done_is_an_error_and_the_next_is_done() {
        let (_folder, store) = open().await;
        let nowhere = || Effect::new("DELETE FROM nowhere WHERE id = $1", [1.into()]);
        for _ in 0..2 {
            let error = store.have_at_once([first(1), nowhere()]).await.unwrap_err();
            assert!(error.to_string().contains("nowhere"), "{error}");
        }
        store.have_at_once([first(1)]).await.unwrap();
        assert_eq!(failures(&store, 1).await, Some(0));
    }

    /// At every point at which its caller may go, all effects are had or none.
    #[tokio::test]
    async fn callers_may_go_at_any_time() {
        let (_folder, store) = open().await;
        let mut had = false;
        for round in 0..20 {
            let mut call = Box::pin(store.have_at_once([first(round), one_more(round)]));
            for _ in 0..(1_u32 << round) - 1 {
                if call.as_mut().now_or_never().is_some() {
                    break;
                }
                tokio::task::yield_now().await;
            }
            drop(call);
            // It waits until the writer is free.
            store.have_at_once([first(100 + round)]).await.unwrap();
            let failures = failures(&store, round).await;
            assert!(matches!(failures, None | Some(1)), "round {round}: {failures:?}");
            had = failures.is_some();
            assert!(!had || round > 0, "polled never, and had");
            if had {
                break;
            }
        }
        assert!(had);
    }
}
