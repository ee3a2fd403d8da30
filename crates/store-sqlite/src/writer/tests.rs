use std::future::poll_fn;
use std::pin::Pin;
use std::sync::mpsc;
use std::task::Poll;

use repass_core::{AccountId, FinishAttempt, OtpSpend, StoreError, uuid};
use repass_testkit::fixtures::audit_for_id;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::Outcome;
use crate::connection::Db;
use crate::failure::{Failure, Result};
use crate::store::SqliteStore;

struct TestContext {
    store: SqliteStore,
    folder: TempDir,
}

impl TestContext {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = crate::SqliteOptions::default();
        let store = SqliteStore::open(folder.path().join("repass.db"), &options).await.unwrap();
        store
            .write(|db| {
                db.execute("CREATE TABLE numbers (n INTEGER PRIMARY KEY, filler BLOB)", [])?;
                Ok(Outcome::Commit(()))
            })
            .await
            .unwrap();
        Self { store, folder }
    }

    /// Runs calls in one transaction: they wait for a job that blocks the writer.
    async fn in_one_transaction<T: Send + 'static>(
        &self,
        calls: Vec<Call<T>>,
    ) -> Vec<std::result::Result<T, StoreError>> {
        let holder = self.hold().await;
        let mut waiting = Vec::new();
        for call in calls {
            waiting.push(queued(self.store.write(call)).await);
        }
        holder.release().await;
        let mut answers = Vec::new();
        for call in waiting {
            answers.push(call.await);
        }
        answers
    }

    /// Blocks the writer.
    async fn hold(&self) -> Holder {
        let (release, held) = mpsc::channel::<()>();
        let (start, started) = oneshot::channel();
        let store = self.store.clone();
        let job = tokio::spawn(async move {
            let hold = move |_: Db<'_>| {
                start.send(()).unwrap();
                held.recv().unwrap();
                Ok(Outcome::Commit(()))
            };
            store.write(hold).await.unwrap();
        });
        started.await.unwrap();
        Holder { release, job }
    }

    async fn numbers(&self) -> Vec<i64> {
        let select = "SELECT n FROM numbers ORDER BY n";
        self.store.read(|db| db.rows(select, [], |row| Ok(row.get(0)?))).await.unwrap()
    }
}

/// Polls a call once, which puts its job into the queue of the writer.
async fn queued<F: Future>(call: F) -> Pin<Box<F>> {
    let mut call = Box::pin(call);
    let first = poll_fn(|context| Poll::Ready(call.as_mut().poll(context).is_pending()));
    assert!(first.await, "it waits for its turn");
    call
}

/// A job that blocks the writer.
struct Holder {
    release: mpsc::Sender<()>,
    job: JoinHandle<()>,
}

impl Holder {
    async fn release(self) {
        self.release.send(()).unwrap();
        self.job.await.unwrap();
    }
}

type Call<T> = Box<dyn FnOnce(Db<'_>) -> Result<Outcome<T>> + Send>;

fn insert(n: i64) -> Call<i64> {
    Box::new(move |db| {
        db.execute("INSERT INTO numbers (n) VALUES (?1)", [n])?;
        Ok(Outcome::Commit(n))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_job_is_rolled_back_alone() {
    let test = TestContext::new().await;
    let undo: Call<i64> = Box::new(|db| {
        db.execute("INSERT INTO numbers (n) VALUES (20)", [])?;
        Ok(Outcome::Rollback(20))
    });
    let fail: Call<i64> = Box::new(|db| {
        db.execute("INSERT INTO numbers (n) VALUES (30)", [])?;
        Err(Failure::Unstorable("refused"))
    });
    let answers =
        test.in_one_transaction(vec![insert(1), fail, insert(2), undo, insert(2), insert(3)]).await;
    assert!(matches!(answers[0], Ok(1)));
    assert!(matches!(answers[1], Err(StoreError::Failed(_))));
    assert!(matches!(answers[2], Ok(2)));
    assert!(matches!(answers[3], Ok(20)));
    assert!(matches!(answers[4], Err(StoreError::Failed(_))), "the number exists");
    assert!(matches!(answers[5], Ok(3)));
    assert_eq!(test.numbers().await, [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_fails_all_that_share_the_transaction() {
    let test = TestContext::new().await;
    test.store
        .write(|db| {
            // The number of pages is limited on this connection only.
            let pages: i64 = db.0.query_row("PRAGMA page_count", [], |row| row.get(0))?;
            db.0.query_row(&format!("PRAGMA max_page_count = {}", pages + 10), [], |_| Ok(()))?;
            Ok(Outcome::Commit(()))
        })
        .await
        .unwrap();
    let huge: Call<i64> = Box::new(|db| {
        db.execute("INSERT INTO numbers (n, filler) VALUES (2, zeroblob(1000000))", [])?;
        Ok(Outcome::Commit(2))
    });
    let answers = test.in_one_transaction(vec![insert(1), huge, insert(3)]).await;
    assert!(matches!(answers[1], Err(StoreError::Unavailable(_))), "{answers:?}");
    // The other jobs are either committed or reported as failed.
    let committed: Vec<i64> =
        answers.iter().filter_map(|answer| answer.as_ref().ok().copied()).collect();
    assert_eq!(test.numbers().await, committed);
    let answers = test.in_one_transaction(vec![insert(4), insert(5)]).await;
    assert!(answers.iter().all(std::result::Result::is_ok), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_rolls_back_the_transaction_fails_all_jobs() {
    let test = TestContext::new().await;
    let trigger = "CREATE TRIGGER guard BEFORE INSERT ON numbers WHEN NEW.n = 13
                   BEGIN SELECT RAISE(ROLLBACK, 'not this one'); END";
    let connection = rusqlite::Connection::open(test.folder.path().join("repass.db")).unwrap();
    connection.execute_batch(trigger).unwrap();
    let answers = test.in_one_transaction(vec![insert(1), insert(13), insert(3)]).await;
    assert!(answers.iter().all(std::result::Result::is_err), "{answers:?}");
    assert_eq!(test.numbers().await, [0; 0]);
    let answers = test.in_one_transaction(vec![insert(1), insert(3)]).await;
    assert!(answers.iter().all(std::result::Result::is_ok), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_without_its_savepoint_fails_all_jobs() {
    let test = TestContext::new().await;
    for commit in [true, false] {
        // Without its savepoint, its writes are part of the transaction.
        let inseparable: Call<i64> = Box::new(move |db| {
            db.execute("INSERT INTO numbers (n) VALUES (13)", [])?;
            db.execute("RELEASE job", [])?;
            Ok(if commit { Outcome::Commit(13) } else { Outcome::Rollback(13) })
        });
        let answers = test.in_one_transaction(vec![insert(1), inseparable, insert(3)]).await;
        assert!(answers.iter().all(std::result::Result::is_err), "{commit}: {answers:?}");
        assert_eq!(test.numbers().await, [0; 0]);
    }
    assert!(test.store.write(insert(1)).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panicking_job_fails_its_transaction_but_not_the_writer() {
    let test = TestContext::new().await;
    let panicking: Call<i64> = Box::new(|db| {
        db.execute("INSERT INTO numbers (n) VALUES (13)", [])?;
        panic!("a defect")
    });
    let answers = test.in_one_transaction(vec![insert(1), panicking, insert(3)]).await;
    assert!(answers.iter().all(std::result::Result::is_err), "{answers:?}");
    assert_eq!(test.numbers().await, [0; 0]);
    assert!(test.store.write(insert(1)).await.is_ok());
}

#[tokio::test]
async fn a_reader_survives_panicking_jobs() {
    let test = TestContext::new().await;
    // More than the number of readers.
    for _ in 0..10 {
        let panicking = |_: Db<'_>| -> Result<()> { panic!("a defect") };
        assert!(test.store.read(panicking).await.is_err());
    }
    assert_eq!(test.numbers().await, [0; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_dropped_futures_are_not_run() {
    let test = TestContext::new().await;
    let holder = test.hold().await;
    drop(queued(test.store.write(insert(1))).await);
    holder.release().await;
    assert_eq!(test.numbers().await, [0; 0]);
}

#[tokio::test]
async fn the_write_ahead_log_shrinks_after_a_burst() {
    const LIMIT: u64 = 16 * 1024 * 1024;
    let test = TestContext::new().await;
    let path = test.folder.path().join("repass.db");
    let log = || std::fs::metadata(path.with_extension("db-wal")).unwrap().len();
    let burst = async |numbers: std::ops::Range<i64>| {
        for n in numbers {
            let insert = "INSERT INTO numbers (n, filler) VALUES (?1, zeroblob(1000000))";
            test.store.write(move |db| db.execute(insert, [n]).map(Outcome::Commit)).await.unwrap();
        }
    };
    // A reader keeps SQLite from overwriting the log.
    let reader = rusqlite::Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN; SELECT COUNT(*) FROM numbers").unwrap();
    burst(0..40).await;
    assert!(log() > 2 * LIMIT, "{}", log());
    reader.execute_batch("COMMIT").unwrap();
    // The first commit checkpoints the log, and the second one restarts it.
    test.store.write(insert(100)).await.unwrap();
    test.store.write(insert(101)).await.unwrap();
    assert!(log() <= LIMIT, "{}", log());
    burst(200..300).await;
    assert!(log() <= LIMIT + LIMIT / 4, "{}", log());
}

fn settings(db: Db<'_>) -> Result<[String; 4]> {
    let setting = |name: &str| -> Result<String> {
        let select = format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}");
        Ok(db.row(&select, [], |row| Ok(row.get(0)?))?.unwrap_or_default())
    };
    Ok([
        setting("journal_mode")?,
        setting("foreign_keys")?,
        setting("secure_delete")?,
        setting("synchronous")?,
    ])
}

#[tokio::test]
async fn every_connection_has_the_safe_settings() {
    let test = TestContext::new().await;
    let expected = ["wal", "1", "1", "2"].map(str::to_owned);
    let written = test.store.write(|db| settings(db).map(Outcome::Commit)).await.unwrap();
    assert_eq!(written, expected, "a commit of the writer is synced");
    assert_eq!(test.store.read(settings).await.unwrap(), expected);
    let delete = test.store.read(|db| db.execute("DELETE FROM numbers", [])).await;
    assert!(delete.is_err(), "readers cannot write");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_is_synced_if_it_spends_a_one_time_password() {
    let test = TestContext::new().await;
    let account = AccountId(uuid::Uuid::from_u128(1));
    for (otp, synchronous) in [(None, "1"), (Some((account, OtpSpend::Step(1))), "2"), (None, "1")]
    {
        let holder = test.hold().await;
        let attempt = FinishAttempt::unreserved(audit_for_id(account, "sign_in")).with_otp(otp);
        // They are queued in this order, and share a transaction. The second needs no sync itself.
        let (finished, seen, ()) = tokio::join!(
            test.store.finish(&attempt),
            test.store.write_unsynced(|db| settings(db).map(Outcome::Commit)),
            holder.release(),
        );
        finished.unwrap();
        assert_eq!(seen.unwrap()[3], synchronous);
    }
}
