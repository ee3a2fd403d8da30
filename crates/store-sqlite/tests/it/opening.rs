//! Opening and closing.

use std::fs;

use repass_core::{
    AdministrationStore, CredentialStore, FinishAttempt, HashedPassword, StoreError,
};
use repass_store_sqlite::{OpenError, SqliteOptions, SqliteStore};

use crate::database::{Database, account, add, audit, has, printed, subject};

#[tokio::test]
async fn writes_are_found_after_reopening() {
    let database = Database::new();
    let store = database.open().await;
    add(&store, 1).await;
    let before = store.find(&subject(1)).await.unwrap().unwrap();
    store.close().await.unwrap();
    let left: Vec<_> = fs::read_dir(database.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(left, ["repass.db"], "closing removes the -wal and -shm files");

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
    assert!(has(&after_the_crash, 1).await);
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
        clone.check_ready().await.unwrap_err(),
        clone.close().await.unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_waits_for_earlier_calls() {
    let database = Database::new();
    let store = database.open().await;
    let adding: Vec<_> = (0..50)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move { crate::database::try_add(&store, number).await.is_ok() })
        })
        .collect();
    tokio::task::yield_now().await;
    store.close().await.unwrap();
    let store = database.open().await;
    for (number, added) in (0..).zip(adding) {
        assert_eq!(added.await.unwrap(), has(&store, number).await, "{number}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_programs_may_open_a_new_database() {
    let database = Database::new();
    let path = database.path();
    let opening: Vec<_> = (0..8)
        .map(|number| {
            let path = path.clone();
            tokio::spawn(async move {
                let store = SqliteStore::open(path, &SqliteOptions::default()).await.unwrap();
                add(&store, number).await;
            })
        })
        .collect();
    for one in opening {
        one.await.unwrap();
    }
    let store = database.open().await;
    for number in 0..8 {
        assert!(has(&store, number).await, "{number}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn asvs_14_2_only_their_owner_can_read_the_files() {
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
async fn paths_with_special_characters_are_opened_literally() {
    let folder = tempfile::tempdir().unwrap();
    let special = folder.path().join("a b#%41?é'.d;");
    fs::create_dir(&special).unwrap();
    for name in ["file:x?mode=ro", ":memory:"] {
        let store = SqliteStore::open(special.join(name), &SqliteOptions::default()).await.unwrap();
        add(&store, 1).await;
        store.close().await.unwrap();
        assert!(special.join(name).exists());
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(fs::read_dir(special).unwrap().count(), 2);
}

#[tokio::test]
async fn open_errors_name_the_path() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let error = async |name: &str, options: &SqliteOptions| {
        SqliteStore::open(at(name), options).await.unwrap_err()
    };
    let default = SqliteOptions::default();

    let missing = error("missing/repass.db", &default).await;
    assert!(matches!(&missing, OpenError::MissingFolder(path) if path.ends_with("missing")));
    let mut existing = SqliteOptions::default();
    existing.create = false;
    let missing = error("repass.db", &existing).await;
    assert!(matches!(&missing, OpenError::MissingFile(path) if path.ends_with("repass.db")));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "no file was created");

    fs::create_dir(at("folder")).unwrap();
    assert!(matches!(error("folder", &default).await, OpenError::File { .. }));
    assert!(matches!(error("..", &default).await, OpenError::InvalidPath(_)));
    fs::write(at("text"), "This is not a database.".repeat(100)).unwrap();
    let text = error("text", &default).await;
    assert!(matches!(text, OpenError::NotADatabase(_)), "{text:?}");
}

/// Proves ASVS 16.2.5.
#[tokio::test]
async fn asvs_16_2_5_failures_report_no_values() {
    let database = Database::new();
    let store = database.open().await;
    add(&store, 1).await;
    let hash = HashedPassword::from_stored("$argon2id$the-tag");
    // Another user id with an id that is taken.
    let mut twin = account(2);
    twin.id = account(1).id;
    let refused = store.add_account(&twin, Some(&hash), &audit(2)).await.unwrap_err();
    let text = printed(&refused);
    assert!(text.contains("UNIQUE") && !text.contains("user-2"), "{text}");

    let damage = r#"UPDATE repass_accounts SET profile = '{"given_name": "hunter2"'"#;
    database.raw().execute_batch(damage).unwrap();
    let damaged = store.find(&subject(1)).await.unwrap_err();
    assert!(matches!(damaged, StoreError::Damaged(_)), "{damaged:?}");
    let text = printed(&damaged);
    assert!(text.contains("profile") && !text.contains("hunter2"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn futures_may_be_dropped_at_any_time() {
    let database = Database::new();
    let store = database.open().await;
    for number in 0..40_u128 {
        let (store, account, audit) = (store.clone(), account(number), audit(number));
        let adding = tokio::spawn(async move { store.add_account(&account, None, &audit).await });
        for _ in 0..number {
            tokio::task::yield_now().await;
        }
        adding.abort();
        let _ = adding.await;
    }
    add(&store, 1000).await;
    let filter = repass_core::AuditFilter { limit: 1000, ..Default::default() };
    let records = store.audit(&filter).await.unwrap();
    for number in 0..40_u128 {
        let recorded = records.iter().any(|record| record.id == audit(number).id);
        assert_eq!(
            has(&store, number).await,
            recorded,
            "{number}: the account and its audit record"
        );
    }
}
