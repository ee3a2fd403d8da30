//! The key file beside the database.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::fs;
use std::path::Path;
use std::sync::Barrier;

use repass_core::{InstallationKeyError, Randomness, RandomnessError, SystemRandomness};
use repass_store::{KeyFileError, LoadedKey, load_installation_key};
use tempfile::TempDir;

fn url(folder: &TempDir) -> String {
    format!("sqlite://{}", folder.path().join("repass.db").display())
}

fn beside(folder: &TempDir) -> Result<LoadedKey, KeyFileError> {
    load_installation_key(&url(folder), None, &SystemRandomness)
}

fn given(path: &Path) -> Result<LoadedKey, KeyFileError> {
    load_installation_key("postgres://db/x", Some(path), &SystemRandomness)
}

fn same(one: &LoadedKey, other: &LoadedKey) -> bool {
    one.key.digest("test", &[]) == other.key.digest("test", &[])
}

#[test]
fn a_missing_key_is_made_once() {
    let folder = tempfile::tempdir().unwrap();
    let first = beside(&folder).unwrap();
    let second = beside(&folder).unwrap();
    assert!(first.created && !second.created);
    assert!(same(&first, &second));
    assert_eq!(first.path, folder.path().join("repass.db.key"));
    assert!(!first.open_to_others);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left behind");
}

#[test]
fn many_at_once_end_up_with_one_key() {
    const RIVALS: usize = 16;
    let folder = tempfile::tempdir().unwrap();
    let start = Barrier::new(RIVALS);
    let keys: Vec<LoadedKey> = std::thread::scope(|scope| {
        let rivals: Vec<_> = (0..RIVALS)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    beside(&folder).unwrap()
                })
            })
            .collect();
        rivals.into_iter().map(|rival| rival.join().unwrap()).collect()
    });
    assert!(keys.iter().all(|key| same(key, &keys[0])));
    assert_eq!(keys.iter().filter(|key| key.created).count(), 1);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "the losers clean up");
}

#[cfg(unix)]
#[test]
fn the_file_is_its_owners_and_others_are_told_of() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = beside(&folder).unwrap().path;
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(beside(&folder).unwrap().open_to_others);
}

#[test]
fn a_given_file_must_be_there_and_hold_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    assert!(matches!(given(&path), Err(KeyFileError::Unreadable { .. })));
    assert!(!path.exists(), "a given file is never made");
    for bad in [&b""[..], b"hunter2", b"\xff\xfe", &[b'A'; 5000]] {
        fs::write(&path, bad).unwrap();
        let error = given(&path).unwrap_err();
        let KeyFileError::Malformed { source, .. } = &error else { panic!("{error}") };
        assert_eq!(*source, InstallationKeyError::Malformed);
        assert!(!format!("{error:?}").contains("hunter2"));
    }
    let made = beside(&folder).unwrap();
    fs::write(&path, format!("  {}\r\n", made.key.to_text().expose())).unwrap();
    assert!(same(&given(&path).unwrap(), &made), "white space around the key is ignored");
}

#[test]
fn a_damaged_key_is_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("repass.db.key");
    fs::write(&path, "damaged").unwrap();
    assert!(matches!(beside(&folder), Err(KeyFileError::Malformed { .. })));
    assert_eq!(fs::read_to_string(&path).unwrap(), "damaged");
}

#[test]
fn a_database_on_a_server_needs_a_given_file() {
    let refused = load_installation_key("postgres://u:p@db/x", None, &SystemRandomness);
    assert!(matches!(refused, Err(KeyFileError::Required)));
    let refused = load_installation_key("mysql://u:p@db/x", None, &SystemRandomness);
    assert!(matches!(refused, Err(KeyFileError::Url(_))));
}

#[test]
fn without_randomness_or_room_no_key_is_made() {
    #[derive(Debug)]
    struct Dry;
    impl Randomness for Dry {
        fn fill(&self, _: &mut [u8]) -> Result<(), RandomnessError> {
            Err(RandomnessError("dry".to_owned()))
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let refused = load_installation_key(&url(&folder), None, &Dry);
    assert!(matches!(refused, Err(KeyFileError::Randomness(_))));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind");

    let nowhere = format!("sqlite://{}", folder.path().join("missing/repass.db").display());
    let refused = load_installation_key(&nowhere, None, &SystemRandomness);
    assert!(matches!(refused, Err(KeyFileError::Unwritable { .. })));
}
