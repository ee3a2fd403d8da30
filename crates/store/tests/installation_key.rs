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
    let url = Store::url_of(&folder.path().join("repass.db")).unwrap();
    Store::open(&url, &StoreOptions::default()).await.unwrap()
}

async fn beside(store: &Store) -> Result<LoadedKey, KeyFileError> {
    store.installation_key(None, &SystemRandomness).await
}

fn same(one: &LoadedKey, other: &LoadedKey) -> bool {
    one.key.digest("test", &[]) == other.key.digest("test", &[])
}

/// The files of the folder that begin as key files do.
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
    let first = beside(&store).await.unwrap();
    let second = beside(&store).await.unwrap();
    assert!(first.created && !second.created);
    assert!(same(&first, &second));
    assert_eq!(first.path, fs::canonicalize(folder.path()).unwrap().join("repass.db.key"));
    assert!(!first.open_to_others);
    assert_eq!(key_files(&folder), 1, "nothing else is left behind");
}

/// Proves K2.
#[tokio::test]
async fn k2_a_lost_key_is_not_replaced_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let first = beside(&store).await.unwrap();
    check_keys(&*store.ports(), &first.key, &Peppers::none()).await.unwrap();
    fs::remove_file(&first.path).unwrap();
    let error = beside(&store).await.unwrap_err();
    assert!(matches!(&error, KeyFileError::Missing(path) if *path == first.path), "{error}");
    assert!(!first.path.exists());
    let asked = store.read_or_make_key(None, &SystemRandomness).unwrap();
    assert!(asked.created && !same(&asked, &first));
    assert!(check_keys(&*store.ports(), &asked.key, &Peppers::none()).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_end_up_with_one_key() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let rivals: Vec<_> = (0..16)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { beside(&store).await.unwrap() })
        })
        .collect();
    let mut keys = Vec::new();
    for rival in rivals {
        keys.push(rival.await.unwrap());
    }
    assert!(keys.iter().all(|key| same(key, &keys[0])));
    assert_eq!(keys.iter().filter(|key| key.created).count(), 1);
    assert_eq!(key_files(&folder), 1, "those that came late clean up");
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_its_owners_and_others_are_reported() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let path = beside(&store).await.unwrap().path;
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(beside(&store).await.unwrap().open_to_others);
}

#[tokio::test]
async fn a_given_file_must_exist_and_hold_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let path = folder.path().join("given");
    let missing = store.installation_key(Some(&path), &SystemRandomness).await;
    assert!(matches!(missing, Err(KeyFileError::Missing(_))));
    assert!(!path.exists(), "a given file is not made unasked");
    for bad in [&b""[..], b"hunter2", b"\xff\xfe", &[b'A'; 5000]] {
        fs::write(&path, bad).unwrap();
        let error = read_installation_key(&path).unwrap_err();
        let KeyFileError::Malformed { source, .. } = &error else { panic!("{error}") };
        assert_eq!(*source, InstallationKeyError::Malformed);
        assert!(!format!("{error:?}").contains("hunter2"));
    }
    let made = beside(&store).await.unwrap();
    fs::write(&path, format!("  {}\r\n", made.key.to_text().expose())).unwrap();
    let given = read_installation_key(&path).unwrap();
    assert!(same(&given, &made), "white space around the key is ignored");
}

#[tokio::test]
async fn a_damaged_key_is_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("repass.db.key");
    fs::write(&path, "damaged").unwrap();
    let store = open(&folder).await;
    assert!(matches!(beside(&store).await, Err(KeyFileError::Malformed { .. })));
    let made = store.read_or_make_key(None, &SystemRandomness);
    assert!(matches!(made, Err(KeyFileError::Malformed { .. })));
    assert_eq!(fs::read_to_string(&path).unwrap(), "damaged");
}

#[tokio::test]
async fn without_randomness_or_room_no_key_is_made() {
    #[derive(Debug)]
    struct Dry;
    impl Randomness for Dry {
        fn fill(&self, _: &mut [u8]) -> Result<(), RandomnessError> {
            Err(RandomnessError("dry".to_owned()))
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let refused = store.read_or_make_key(None, &Dry);
    assert!(matches!(refused, Err(KeyFileError::Randomness(_))));
    assert_eq!(key_files(&folder), 0, "nothing is left behind");
    let nowhere = Path::new("/nonexistent-folder/key");
    let refused = store.read_or_make_key(Some(nowhere), &SystemRandomness);
    assert!(matches!(refused, Err(KeyFileError::Unwritable { .. })));
}
