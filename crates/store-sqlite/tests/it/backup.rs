//! Backups and integrity checks.

use std::fs;

use repass_core::AdministrationStore;
use repass_store_sqlite::{BackupError, SqliteOptions, SqliteStore};

use crate::database::{Database, add, has};

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_load_is_a_snapshot() {
    let database = Database::new();
    let store = database.open().await;
    for number in 0..50 {
        add(&store, number).await;
    }
    let busy: Vec<_> = (1..=4_u128)
        .map(|caller| {
            let store = store.clone();
            tokio::spawn(async move {
                for turn in 0.. {
                    add(&store, caller * 1_000_000 + turn).await;
                }
            })
        })
        .collect();
    let to = database.folder.path().join("backup.db");
    store.backup(&to).await.unwrap();
    busy.iter().for_each(tokio::task::JoinHandle::abort);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let error = store.backup(&to).await.unwrap_err();
    assert!(matches!(error, BackupError::Exists(_)), "{error:?}");

    let restored = SqliteStore::open(&to, &SqliteOptions::default()).await.unwrap();
    assert_eq!(restored.check().await.unwrap(), []);
    for number in 0..50 {
        assert!(has(&restored, number).await, "{number}");
    }
    let filter = repass_core::AuditFilter { limit: 1_000_000, ..Default::default() };
    for record in restored.audit(&filter).await.unwrap() {
        assert!(has(&restored, record.id.as_u128()).await, "each audit record has its account");
    }
    let mut left: Vec<_> = fs::read_dir(database.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with('.'))
        .collect();
    left.sort();
    assert_eq!(left, [""; 0], "no temporary file is left");
}

#[tokio::test]
async fn a_failed_backup_leaves_no_file() {
    let database = Database::new();
    let store = database.open().await;
    let error = store.backup(database.folder.path().join("missing/backup.db")).await.unwrap_err();
    assert!(matches!(error, BackupError::File { .. }), "{error:?}");
    let error = store.backup(database.path()).await.unwrap_err();
    assert!(matches!(error, BackupError::Exists(_)), "{error:?}");
    add(&store, 1).await;
}

#[tokio::test]
async fn a_check_finds_defects() {
    let database = Database::new();
    let store = database.open().await;
    add(&store, 1).await;
    assert_eq!(store.check().await.unwrap(), []);
    database
        .raw()
        .execute_batch(
            "PRAGMA foreign_keys = OFF;
             INSERT INTO repass_mapped_credentials VALUES
                 (x'00000000000000000000000000000009', zeroblob(32), 'none', NULL, 1, 0);
             UPDATE repass_audit SET context = 'no json'",
        )
        .unwrap();
    let findings = store.check().await.unwrap();
    let checks: Vec<_> = findings.iter().map(|finding| finding.check).collect();
    assert_eq!(checks, ["references", "profiles, contexts and payloads are JSON"], "{findings:?}");
    assert!(findings[0].detail.contains("repass_mapped_credentials"), "{findings:?}");
}

#[tokio::test]
async fn a_check_finds_a_damaged_page() {
    let database = Database::new();
    let store = database.open().await;
    for number in 0..200 {
        add(&store, number).await;
    }
    store.close().await.unwrap();
    let mut bytes = fs::read(database.path()).unwrap();
    let last = bytes.len() - 4096;
    bytes[last..].fill(0xA5);
    fs::write(database.path(), bytes).unwrap();
    let store = database.open().await;
    let found = store.check().await;
    assert!(found.as_ref().is_ok_and(|found| !found.is_empty()) || found.is_err(), "{found:?}");
}
