//! What is particular to SQLite: files, schema versions, several processes, failures.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use repass_core::{
    Account, AccountId, AdministrationStore, AttemptKey, AttemptPath, AuditRecord, CredentialStore,
    FinishAttempt, HashedPassword, LockoutPolicy, ReserveAttempt, ReserveOutcome, StoreError,
    Subject,
};
use repass_store::{OpenError, SqlStore};
use repass_testkit::fixtures;
use sqlx::any::install_default_drivers;
use sqlx::{AnyConnection, Connection, Executor};
use tempfile::TempDir;
use uuid::Uuid;

struct Database {
    folder: TempDir,
}

impl Database {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("repass.db")
    }

    fn url(&self) -> String {
        format!("sqlite://{}", self.path().display())
    }

    async fn open(&self) -> SqlStore {
        SqlStore::open(&self.url()).await.unwrap()
    }

    /// A connection past the store.
    async fn raw(&self) -> AnyConnection {
        install_default_drivers();
        AnyConnection::connect(&self.url()).await.unwrap()
    }
}

fn account(number: u128) -> Account {
    let account = fixtures::account(&"shop".parse().unwrap(), &format!("user-{number}"));
    Account { id: AccountId(Uuid::from_u128(number)), ..account }
}

fn audit(number: u128) -> AuditRecord {
    let record = fixtures::audit(&account(number), "account.add");
    AuditRecord { id: Uuid::from_u128(number), account: None, ..record }
}

async fn add(store: &SqlStore, number: u128) {
    let hash = HashedPassword::from_stored("$argon2id$the-tag");
    store.add_account(&account(number), Some(&hash), &audit(number)).await.unwrap();
}

fn subject(number: u128) -> Subject {
    Subject::new("shop".parse().unwrap(), format!("user-{number}"))
}

/// The error and all its causes, as a program would print them.
fn printed(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(|error| format!("{error} {error:?} ")).collect()
}

#[tokio::test]
async fn what_was_written_is_there_after_reopening() {
    let database = Database::new();
    let store = database.open().await;
    add(&store, 1).await;
    let before = store.find(&subject(1)).await.unwrap().unwrap();
    store.close().await.unwrap();
    let left: Vec<_> = fs::read_dir(database.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(left, ["repass.db"], "closing leaves the one file that is worth backing up");

    let store = database.open().await;
    assert_eq!(store.find(&subject(1)).await.unwrap(), Some(before));
}

#[tokio::test]
async fn a_store_that_was_not_closed_loses_nothing() {
    let database = Database::new();
    let store = database.open().await;
    add(&store, 1).await;
    let copy = Database::new();
    for suffix in ["", "-wal"] {
        let name = format!("repass.db{suffix}");
        fs::copy(database.folder.path().join(&name), copy.folder.path().join(&name)).unwrap();
    }
    let after_the_crash = copy.open().await;
    assert!(after_the_crash.find(&subject(1)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_closed_store_is_unavailable() {
    let database = Database::new();
    let store = database.open().await;
    let clone = store.clone();
    store.close().await.unwrap();
    for error in [
        clone.find(&subject(1)).await.unwrap_err(),
        clone.finish_attempt(&FinishAttempt::unreserved(audit(1))).await.unwrap_err(),
        clone.close().await.unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    }
}

#[tokio::test]
async fn migrations_run_once() {
    let database = Database::new();
    for number in 1..=3 {
        let store = database.open().await;
        add(&store, number).await;
        store.close().await.unwrap();
    }
    let mut raw = database.raw().await;
    let count = "SELECT COUNT(*) FROM _sqlx_migrations";
    let applied: i64 = sqlx::query_scalar(count).fetch_one(&mut raw).await.unwrap();
    assert_eq!(applied, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_may_open_a_new_database_at_once() {
    let database = Database::new();
    let opening: Vec<_> = (0..8)
        .map(|number| {
            let url = database.url();
            tokio::spawn(async move {
                let store = SqlStore::open(&url).await.unwrap();
                add(&store, number).await;
            })
        })
        .collect();
    for one in opening {
        one.await.unwrap();
    }
    let store = database.open().await;
    for number in 0..8 {
        assert!(store.find(&subject(number)).await.unwrap().is_some(), "{number}");
    }
}

#[tokio::test]
async fn a_newer_schema_is_refused_untouched() {
    let database = Database::new();
    database.open().await.close().await.unwrap();
    let mut raw = database.raw().await;
    raw.execute(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (99, 'from the future', TRUE, x'00', 0)",
    )
    .await
    .unwrap();
    raw.close().await.unwrap();
    let before = fs::read(database.path()).unwrap();
    let error = SqlStore::open(&database.url()).await.unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 99, known: 5 }), "{error:?}");
    assert_eq!(fs::read(database.path()).unwrap(), before);
}

#[tokio::test]
async fn a_schema_that_was_tampered_with_is_refused() {
    let database = Database::new();
    database.open().await.close().await.unwrap();
    let mut raw = database.raw().await;
    raw.execute("UPDATE _sqlx_migrations SET checksum = x'00'").await.unwrap();
    raw.close().await.unwrap();
    let error = SqlStore::open(&database.url()).await.unwrap_err();
    assert!(matches!(error, OpenError::Schema(_)), "{error:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn asvs_14_2_the_files_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let database = Database::new();
    let store = database.open().await;
    add(&store, 1).await;
    for suffix in ["", "-wal", "-shm"] {
        let path = database.folder.path().join(format!("repass.db{suffix}"));
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
}

#[tokio::test]
async fn odd_paths_are_opened_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let odd = folder.path().join("a b#%41?é'.d;");
    fs::create_dir(&odd).unwrap();
    let encoded = odd.to_str().unwrap().replace('%', "%25").replace('?', "%3F");
    let store = SqlStore::open(&format!("sqlite://{encoded}/file:x?mode=rwc")).await.unwrap();
    add(&store, 1).await;
    store.close().await.unwrap();
    assert!(odd.join("file:x").exists());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn what_cannot_be_opened_is_told_clearly() {
    async fn error(url: &str) -> OpenError {
        SqlStore::open(url).await.unwrap_err()
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| format!("sqlite://{}", folder.path().join(name).display());

    let missing = error(&at("missing/repass.db")).await;
    assert!(matches!(&missing, OpenError::MissingFolder(path) if path.ends_with("missing")));
    let missing = error(&at("repass.db?mode=rw")).await;
    assert!(matches!(&missing, OpenError::MissingFile(path) if path.ends_with("repass.db")));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was made");

    fs::create_dir(folder.path().join("folder")).unwrap();
    assert!(matches!(error(&at("folder")).await, OpenError::File { .. }));
    fs::write(folder.path().join("text"), "This is no database.".repeat(100)).unwrap();
    assert!(matches!(error(&at("text")).await, OpenError::NoDatabase(_)));

    for url in ["postgres://user:hunter2@db:x/x", "mysql://user:hunter2@db/x", "sqlite::memory:"] {
        let error = error(url).await;
        assert!(!printed(&error).contains("hunter2"), "{error:?}");
    }
}

#[tokio::test]
async fn asvs_16_2_5_failures_tell_no_values() {
    let database = Database::new();
    let store = database.open().await;
    add(&store, 1).await;
    let hash = HashedPassword::from_stored("$argon2id$the-tag");
    // Another user id, but an identifier that is taken.
    let mut twin = account(2);
    twin.id = account(1).id;
    let refused = store.add_account(&twin, Some(&hash), &audit(2)).await.unwrap_err();
    let text = printed(&refused);
    assert!(text.contains("UNIQUE") && !text.contains("user-2"), "{text}");

    let mut raw = database.raw().await;
    raw.execute("UPDATE accounts SET profile = '{\"given_name\": \"hunter2\"'").await.unwrap();
    let damaged = store.find(&subject(1)).await.unwrap_err();
    assert!(matches!(damaged, StoreError::Damaged(_)), "{damaged:?}");
    let text = printed(&damaged);
    assert!(text.contains("profile") && !text.contains("hunter2"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn futures_may_be_dropped_at_any_time() {
    let database = Database::new();
    let store = Arc::new(database.open().await);
    for number in 0..40_u128 {
        let (store, account, audit) = (Arc::clone(&store), account(number), audit(number));
        let adding = tokio::spawn(async move { store.add_account(&account, None, &audit).await });
        for _ in 0..number {
            tokio::task::yield_now().await;
        }
        adding.abort();
        let _ = adding.await;
    }
    add(&store, 1000).await;
    let filter = repass_core::AuditFilter { limit: 1000, ..Default::default() };
    let trail = store.audit(&filter).await.unwrap();
    for number in 0..40_u128 {
        let added = store.find(&subject(number)).await.unwrap().is_some();
        let recorded = trail.iter().any(|record| record.id == Uuid::from_u128(number));
        assert_eq!(added, recorded, "{number}: all or nothing");
    }
}

#[test]
fn the_schema_stands_in_versioned_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    assert_eq!(fs::read_dir(folder).unwrap().count(), 5, "each file is named in dialect.rs");
}

#[tokio::test]
async fn a_table_that_is_missing_for_a_while_is_missed_no_longer_than_that() {
    let database = Database::new();
    let store = database.open().await;
    add(&store, 1).await;
    let key = AttemptKey::account(account(1).id);
    let rename = async |from: &str, to: &str| {
        let mut raw = database.raw().await;
        let rename = format!("PRAGMA busy_timeout = 1000; ALTER TABLE {from} RENAME TO {to}");
        raw.execute(sqlx::AssertSqlSafe(rename)).await.unwrap();
        raw.close().await.unwrap();
    };
    // Twice, since what SQLite has planned before fails otherwise than what it has not.
    for failures in 1..=2 {
        let charge = || {
            let rules = LockoutPolicy::default();
            let now = Timestamp::UNIX_EPOCH;
            let (store, key) = (store.clone(), key.clone());
            async move {
                store
                    .reserve_attempt(&ReserveAttempt::new(&key, AttemptPath::Password, &rules, now))
                    .await
            }
        };
        for _ in 0..2 {
            rename("attempts", "mislaid").await;
            charge().await.unwrap_err();
            rename("mislaid", "attempts").await;
        }
        let ReserveOutcome::Reserved(reservation) = charge().await.unwrap() else {
            panic!("locked out")
        };
        assert_eq!(reservation.failures, failures);
    }
}
