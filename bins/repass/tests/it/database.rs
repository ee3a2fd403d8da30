//! `repass database`

use std::fs;

use crate::test_context::TestContext;

#[test]
fn init_creates_the_database_and_its_key_once() {
    let test = TestContext::new();
    let created = test.run(&["database", "init"]).succeeded().stdout;
    assert!(
        created.starts_with("created the installation key ") && created.contains("repass.db.key"),
        "{created}"
    );
    let again = test.run(&["database", "init"]).succeeded().stdout;
    assert!(again.contains("are ready"), "{again}");
    let json = test.json(&["database", "init"], "");
    assert_eq!(json["key_created"], false);
    test.run(&["audit", "list"]).succeeded();
}

#[test]
fn init_creates_the_key_file_that_is_given() {
    let test = TestContext::new();
    test.run(&["database", "init", "--key-file", "shared.key"]).succeeded();
    assert!(test.folder.path().join("shared.key").exists());
    test.run(&["audit", "list", "--key-file", "shared.key"]).succeeded();
}

/// Proves P5.
#[test]
fn p5_only_migrate_upgrades_and_reading_commands_create_nothing() {
    let test = TestContext::new();
    test.run(&["database", "migrate"]).failed(2, &["there is no database", "database init"]);
    fs::File::create(test.database()).unwrap();
    test.run(&["audit", "list"]).failed(2, &["schema version 0", "`repass database migrate`"]);
    let done = test.run(&["database", "migrate"]).succeeded().stdout;
    assert_eq!(done, "the schema is up to date\n");
    test.run(&["database", "init"]).succeeded();
    test.run(&["audit", "list"]).succeeded();
}

/// Proves K2.
#[test]
fn k2_a_lost_key_is_reported_and_replaced_only_by_accept_keys() {
    let test = TestContext::with_pat();
    let key = test.database().with_extension("db.key");
    let first = fs::read(&key).unwrap();
    fs::remove_file(&key).unwrap();
    for reading in [&["audit", "list"][..], &["account", "list"]] {
        test.run(reading).failed(2, &["repass.db.key is missing", "accept-keys"]);
    }
    test.run(&["database", "init"]).failed(2, &["repass.db.key is missing", "accept-keys"]);
    assert!(!key.exists());
    test.run(&["database", "accept-keys"]).succeeded();
    assert_ne!(fs::read(&key).unwrap(), first);
    test.run(&["account", "list"]).succeeded();
}

/// Proves K1.
#[test]
fn k1_another_key_is_refused() {
    let test = TestContext::with_pat();
    let key = test.database().with_extension("db.key");
    let other = test.folder.path().join("other.key");
    fs::write(&other, "A".repeat(43)).unwrap();
    let refused = ["account", "list", "--key-file", "other.key"];
    test.run(&refused).failed(2, &["this is not the installation key"]);
    let check = ["database", "check", "--key-file", "other.key"];
    test.run(&check).failed(2, &["this is not the installation key"]);
    fs::copy(&other, &key).unwrap();
    test.run(&["account", "list"]).failed(2, &["this is not the installation key"]);
}

#[test]
fn a_backup_can_replace_the_database() {
    let test = TestContext::with_pat();
    test.run(&["database", "check"]).succeeded();
    test.run(&["database", "backup", "copy.db"]).succeeded();
    test.run(&["database", "backup", "copy.db"]).failed(2, &["copy.db exists already"]);
    let copy = format!("sqlite://{}", test.folder.path().join("copy.db").display());
    let checked = test.run(&["database", "check", "--database", &copy]).succeeded();
    assert!(checked.stderr.contains("give it with --key-file"), "{}", checked.stderr);
    let key = ["database", "check", "--database", &copy, "--key-file", "repass.db.key"];
    assert_eq!(test.run(&key).succeeded().stderr, "");
    test.run(&["account", "deactivate", "--user-id", "pat"]).succeeded();
    fs::rename(test.folder.path().join("copy.db"), test.database()).unwrap();
    let shown = test.json(&["account", "show", "--user-id", "pat"], "");
    assert_eq!(shown["active"], true, "the state at the time of the backup");
}

#[test]
fn a_damaged_database_is_reported() {
    let test = TestContext::with_pat();
    let mut bytes = fs::read(test.database()).unwrap();
    let end = bytes.len();
    bytes[8192..end.min(40960)].fill(0xa5);
    fs::write(test.database(), bytes).unwrap();
    test.run(&["database", "check"]).failed(2, &["is damaged", "restore a backup"]);
}
