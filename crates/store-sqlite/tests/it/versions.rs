//! Schema versions.

use std::fs;

use repass_store_sqlite::{OpenError, SqliteOptions, SqliteStore};

use crate::database::{Database, add, has};

/// Opens without migrating.
async fn open_without_migrating(database: &Database) -> Result<SqliteStore, OpenError> {
    let mut options = SqliteOptions::default();
    options.migrate = false;
    SqliteStore::open(database.path(), &options).await
}

fn insert_version(database: &Database, version: i64) {
    let insert = "INSERT INTO repass_migrations (version, name, applied_at) VALUES (?1, 'next', 0)";
    database.raw().execute(insert, [version]).unwrap();
}

#[tokio::test]
async fn migrations_run_once() {
    let database = Database::new();
    for number in 1..=3 {
        let store = database.open().await;
        add(&store, number).await;
        store.close().await.unwrap();
    }
    let count = "SELECT COUNT(*) FROM repass_migrations";
    let applied: i64 = database.raw().query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(applied, 1);
}

/// Proves P5.
#[tokio::test]
async fn p5_without_migrating_a_database_must_be_up_to_date() {
    let database = Database::new();
    let missing = open_without_migrating(&database).await.unwrap_err();
    assert!(matches!(missing, OpenError::MissingFile(_)), "{missing:?}");
    assert!(!database.path().exists());

    fs::write(database.path(), "").unwrap();
    let error = open_without_migrating(&database).await.unwrap_err();
    assert!(matches!(error, OpenError::OutOfDate { found: 0, known: 1, .. }), "{error:?}");
    assert!(error.to_string().contains("repass database migrate"), "{error}");
    let tables = "SELECT COUNT(*) FROM sqlite_schema";
    let tables: i64 = database.raw().query_row(tables, [], |row| row.get(0)).unwrap();
    assert_eq!(tables, 0, "no table was created");

    database.open().await.close().await.unwrap();
    let store = open_without_migrating(&database).await.unwrap();
    assert!(!store.schema_ahead());
    store.check_ready().await.unwrap();
}

/// Proves P5.
#[tokio::test]
async fn p5_a_schema_one_version_ahead_is_served() {
    let database = Database::new();
    let store = database.open().await;
    insert_version(&database, 2);
    add(&store, 1).await;
    store.check_ready().await.unwrap();
    store.close().await.unwrap();
    for store in [database.open().await, open_without_migrating(&database).await.unwrap()] {
        assert!(store.schema_ahead());
        assert!(has(&store, 1).await);
        store.check_ready().await.unwrap();
        store.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_schema_two_versions_ahead_is_refused_without_a_write() {
    let database = Database::new();
    let store = database.open().await;
    insert_version(&database, 3);
    store.check_ready().await.unwrap_err();
    store.close().await.unwrap();
    let before = fs::read(database.path()).unwrap();
    let error = database.try_open().await.unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 3, known: 1, .. }), "{error:?}");
    assert_eq!(fs::read(database.path()).unwrap(), before);
}
