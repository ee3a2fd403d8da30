//! `repass database`

use std::fs;

use crate::bench::Bench;

#[test]
fn a_database_and_its_key_are_made_once() {
    let bench = Bench::new();
    let made = bench.run(&["database", "init"]).succeeded().stdout;
    assert!(
        made.starts_with("made the installation key ") && made.contains("repass.db.key"),
        "{made}"
    );
    let again = bench.run(&["database", "init"]).succeeded().stdout;
    assert!(again.contains("are ready"), "{again}");
    let json = bench.json(&["database", "init"], "");
    assert_eq!(json["key_created"], false);
    bench.run(&["audit", "list"]).succeeded();
}

#[test]
fn a_named_key_file_is_made_for_all_nodes() {
    let bench = Bench::new();
    bench.run(&["database", "init", "--key-file", "shared.key"]).succeeded();
    assert!(bench.folder.path().join("shared.key").exists());
    bench.run(&["audit", "list", "--key-file", "shared.key"]).succeeded();
}

/// Proves P5.
#[test]
fn p5_only_migrate_upgrades_and_reading_commands_make_nothing() {
    let bench = Bench::new();
    bench.run(&["database", "migrate"]).failed(2, &["there is no database", "database init"]);
    fs::File::create(bench.database()).unwrap();
    bench.run(&["audit", "list"]).failed(2, &["schema version 0", "`repass database migrate`"]);
    let done = bench.run(&["database", "migrate"]).succeeded().stdout;
    assert_eq!(done, "the schema is up to date\n");
    bench.run(&["database", "init"]).succeeded();
    bench.run(&["audit", "list"]).succeeded();
}

/// Proves K2.
#[test]
fn k2_a_lost_key_is_missed_and_replaced_only_if_asked() {
    let bench = Bench::with_pat();
    let key = bench.database().with_extension("db.key");
    let first = fs::read(&key).unwrap();
    fs::remove_file(&key).unwrap();
    for reading in [&["audit", "list"][..], &["account", "list"]] {
        bench.run(reading).failed(2, &["repass.db.key is missing", "accept-keys"]);
    }
    assert!(!key.exists());
    bench.run(&["database", "accept-keys"]).succeeded();
    assert_ne!(fs::read(&key).unwrap(), first);
    bench.run(&["account", "list"]).succeeded();
}

/// Proves K1.
#[test]
fn k1_another_key_is_refused() {
    let bench = Bench::with_pat();
    let key = bench.database().with_extension("db.key");
    let other = bench.folder.path().join("other.key");
    fs::write(&other, "A".repeat(43)).unwrap();
    let refused = ["account", "list", "--key-file", "other.key"];
    bench.run(&refused).failed(2, &["this is not the installation key"]);
    fs::copy(&other, &key).unwrap();
    bench.run(&["account", "list"]).failed(2, &["this is not the installation key"]);
}

#[test]
fn a_backup_can_take_the_place_of_the_database() {
    let bench = Bench::with_pat();
    bench.run(&["database", "check"]).succeeded();
    bench.run(&["database", "backup", "copy.db"]).succeeded();
    bench.run(&["database", "backup", "copy.db"]).failed(1, &["copy.db exists already"]);
    bench.run(&["account", "deactivate", "--user-id", "pat"]).succeeded();
    fs::rename(bench.folder.path().join("copy.db"), bench.database()).unwrap();
    let shown = bench.json(&["account", "show", "--user-id", "pat"], "");
    assert_eq!(shown["active"], true, "as it was when it was copied");
}

#[test]
fn a_damaged_database_is_reported() {
    let bench = Bench::with_pat();
    let mut bytes = fs::read(bench.database()).unwrap();
    let end = bytes.len();
    bytes[8192..end.min(40960)].fill(0xa5);
    fs::write(bench.database(), bytes).unwrap();
    bench.run(&["database", "check"]).failed(2, &["is damaged", "restore a backup"]);
}
