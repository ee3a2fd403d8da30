//! Files that are deleted, replaced, read-only or on a full disk.

use std::fs;
use std::time::Duration;

use repass_core::{AccountError, StoreError};
use repass_store_sqlite::{OpenError, SqliteStore};

use crate::database::{Database, add, has, printed, try_add};

async fn is_refused(store: &SqliteStore, number: u128) -> String {
    let error = try_add(store, number).await.unwrap_err();
    assert!(matches!(error, AccountError::Store(StoreError::Unavailable(_))), "{error:?}");
    let not_ready = store.check_ready().await.unwrap_err();
    assert!(matches!(not_ready, StoreError::Unavailable(_)), "{not_ready:?}");
    printed(&error)
}

/// Waits until the cached result of the readiness probe has expired.
async fn probe_expired() {
    tokio::time::sleep(Duration::from_millis(1_100)).await;
}

/// Proves L2.
#[tokio::test]
async fn l2_after_the_file_was_deleted_no_change_succeeds() {
    let database = Database::new();
    let store = database.open().await;
    add(&store, 1).await;
    store.check_ready().await.unwrap();
    fs::remove_file(database.path()).unwrap();
    probe_expired().await;
    let text = is_refused(&store, 2).await;
    assert!(text.contains("repass.db") && text.contains("no longer exists"), "{text}");
}

/// Proves L2.
#[tokio::test]
async fn l2_after_the_file_was_replaced_no_change_succeeds() {
    let database = Database::new();
    let store = database.open().await;
    add(&store, 1).await;
    let aside = database.folder.path().join("aside.db");
    fs::rename(database.path(), &aside).unwrap();
    fs::copy(&aside, database.path()).unwrap();
    let text = is_refused(&store, 2).await;
    assert!(text.contains("replaced"), "{text}");
    fs::rename(&aside, database.path()).unwrap();
    probe_expired().await;
    store.check_ready().await.unwrap();
    assert!(!has(&store, 2).await, "a failed write was not committed");
    add(&store, 3).await;
}

/// Proves L2.
#[cfg(unix)]
#[tokio::test]
async fn l2_a_file_that_is_read_only_is_not_ready() {
    use std::os::unix::fs::PermissionsExt;
    let database = Database::new();
    let store = database.open().await;
    add(&store, 1).await;
    let set = |mode| fs::set_permissions(database.path(), fs::Permissions::from_mode(mode));
    set(0o400).unwrap();
    let text = is_refused(&store, 2).await;
    assert!(text.contains("read-only"), "{text}");
    assert!(has(&store, 1).await);
    assert!(!has(&store, 2).await, "a failed write was not committed");
    let error = database.try_open().await.unwrap_err();
    assert!(matches!(error, OpenError::ReadOnly { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("mode 0400") && text.contains("runs as user"), "{text}");
    set(0o600).unwrap();
    probe_expired().await;
    store.check_ready().await.unwrap();
    add(&store, 3).await;
}

/// Proves L2.
#[cfg(unix)]
#[tokio::test]
async fn l2_after_the_write_ahead_log_was_deleted_or_replaced_no_change_succeeds() {
    let database = Database::new();
    let store = database.open().await;
    let log = database.folder.path().join("repass.db-wal");
    let aside = database.folder.path().join("aside");
    add(&store, 1).await;
    fs::rename(&log, &aside).unwrap();
    let text = is_refused(&store, 2).await;
    assert!(text.contains("repass.db") && text.contains("-wal"), "{text}");
    fs::copy(&aside, &log).unwrap();
    probe_expired().await;
    is_refused(&store, 2).await;
    fs::rename(&aside, &log).unwrap();
    probe_expired().await;
    store.check_ready().await.unwrap();
    assert!(!has(&store, 2).await, "a failed write was not committed");
    add(&store, 3).await;

    fs::remove_file(&log).unwrap();
    probe_expired().await;
    is_refused(&store, 4).await;
    store.close().await.unwrap();
    let store = database.open().await;
    assert!(has(&store, 1).await && has(&store, 3).await, "closing saved what was in the log");
}

/// Runs on a file system of 2 MiB, if this process may mount one.
///
/// Proves L2.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn l2_a_full_disk_is_not_ready_and_recovers() {
    use std::process::Command;

    struct Mounted<'a>(&'a std::path::Path);
    impl Drop for Mounted<'_> {
        fn drop(&mut self) {
            let _ = Command::new("umount").arg("--lazy").arg(self.0).status();
        }
    }

    let database = Database::new();
    let folder = database.folder.path();
    let mount = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=2m", "none"])
        .arg(folder)
        .stderr(std::process::Stdio::null())
        .status();
    if !mount.is_ok_and(|status| status.success()) {
        // A full disk is also simulated, in `src/writer/tests.rs`.
        return;
    }
    let _mounted = Mounted(folder);
    let store = database.open().await;
    let mut added = 0;
    let error = loop {
        match try_add(&store, added).await {
            Ok(()) => added += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, AccountError::Store(StoreError::Unavailable(_))), "{error:?}");
    store.check_ready().await.unwrap_err();
    for number in 0..added {
        assert!(has(&store, number).await, "{number} was acknowledged");
    }
    assert!(!has(&store, added).await);

    let resize = Command::new("mount").args(["-o", "remount,size=8m"]).arg(folder).status();
    assert!(resize.unwrap().success());
    probe_expired().await;
    store.check_ready().await.unwrap();
    add(&store, added).await;
    assert_eq!(store.check().await.unwrap(), []);
    store.close().await.unwrap();
}
