//! The key file of a database.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::fs;
use std::path::Path;

use repass_core::{
    InstallationKeyError, Peppers, Randomness, RandomnessError, SystemRandomness, check_keys,
};
use repass_store::{KeyFileError, LoadedKey, Store, StoreOptions, read_installation_key};
use tempfile::TempDir;

async fn open(folder: &TempDir) -> Store {
    let url = Store::file_url(&folder.path().join("repass.db")).unwrap();
    Store::open(&url, &StoreOptions::default()).await.unwrap()
}

async fn default_key(store: &Store) -> Result<LoadedKey, KeyFileError> {
    store.installation_key(None, &SystemRandomness).await
}

fn same_key(one: &LoadedKey, other: &LoadedKey) -> bool {
    one.key.digest("test", &[]) == other.key.digest("test", &[])
}

/// Returns the number of files in the folder with `key` in their names.
fn key_files(folder: &TempDir) -> usize {
    let files = fs::read_dir(folder.path()).unwrap();
    files
        .filter(|file| file.as_ref().unwrap().file_name().to_str().unwrap().contains("key"))
        .count()
}

#[tokio::test]
async fn a_new_database_gets_a_key_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let first = default_key(&store).await.unwrap();
    let second = default_key(&store).await.unwrap();
    assert!(first.created && !second.created);
    assert!(same_key(&first, &second));
    assert_eq!(first.path, fs::canonicalize(folder.path()).unwrap().join("repass.db.key"));
    assert!(!first.accessible_to_others);
    assert_eq!(key_files(&folder), 1, "no temporary file is left");
}

/// Proves K2.
#[tokio::test]
async fn k2_a_lost_key_is_not_replaced_automatically() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let first = default_key(&store).await.unwrap();
    check_keys(&*store.ports(), &first.key, &Peppers::none()).await.unwrap();
    fs::remove_file(&first.path).unwrap();
    let error = default_key(&store).await.unwrap_err();
    assert!(matches!(&error, KeyFileError::Missing(path) if *path == first.path), "{error}");
    assert!(!first.path.exists());
    let created = store.read_or_create_key(None, &SystemRandomness).unwrap();
    assert!(created.created && !same_key(&created, &first));
    assert!(check_keys(&*store.ports(), &created.key, &Peppers::none()).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_programs_get_one_key() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { default_key(&store).await.unwrap() })
        })
        .collect();
    let mut keys = Vec::new();
    for task in tasks {
        keys.push(task.await.unwrap());
    }
    assert!(keys.iter().all(|key| same_key(key, &keys[0])));
    assert_eq!(keys.iter().filter(|key| key.created).count(), 1);
    assert_eq!(key_files(&folder), 1, "temporary files are deleted");
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_private_and_other_modes_are_reported() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let path = default_key(&store).await.unwrap().path;
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(default_key(&store).await.unwrap().accessible_to_others);
}

#[tokio::test]
async fn a_configured_file_must_exist_and_contain_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let path = folder.path().join("given");
    let missing = store.installation_key(Some(&path), &SystemRandomness).await;
    assert!(matches!(missing, Err(KeyFileError::Missing(_))));
    assert!(!path.exists(), "a configured file is not created");
    for bad in [&b""[..], b"hunter2", b"\xff\xfe", &[b'A'; 5000]] {
        fs::write(&path, bad).unwrap();
        let error = read_installation_key(&path).unwrap_err();
        match &error {
            KeyFileError::Malformed { source, .. } => {
                assert_eq!(*source, InstallationKeyError::Malformed);
            }
            error => assert!(matches!(error, KeyFileError::Unreadable(_)), "{error}"),
        }
        assert!(!format!("{error:?}").contains("hunter2"));
    }
    let created = default_key(&store).await.unwrap();
    fs::write(&path, format!("  {}\r\n", created.key.to_text().expose())).unwrap();
    let given = read_installation_key(&path).unwrap();
    assert!(same_key(&given, &created), "white space around the key is ignored");
}

#[tokio::test]
async fn a_damaged_key_is_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("repass.db.key");
    fs::write(&path, "damaged").unwrap();
    let store = open(&folder).await;
    assert!(matches!(default_key(&store).await, Err(KeyFileError::Malformed { .. })));
    let created = store.read_or_create_key(None, &SystemRandomness);
    assert!(matches!(created, Err(KeyFileError::Malformed { .. })));
    assert_eq!(fs::read_to_string(&path).unwrap(), "damaged");
}

#[tokio::test]
async fn no_key_is_created_without_randomness_or_a_folder() {
    #[derive(Debug)]
    struct NoRandomness;
    impl Randomness for NoRandomness {
        fn fill(&self, _: &mut [u8]) -> Result<(), RandomnessError> {
            Err(RandomnessError("no entropy".to_owned()))
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let refused = store.read_or_create_key(None, &NoRandomness);
    assert!(matches!(refused, Err(KeyFileError::Randomness(_))));
    assert_eq!(key_files(&folder), 0, "no file is left");
    let nowhere = Path::new("/nonexistent-folder/key");
    let refused = store.read_or_create_key(Some(nowhere), &SystemRandomness);
    assert!(matches!(refused, Err(KeyFileError::Unwritable { .. })));
}
