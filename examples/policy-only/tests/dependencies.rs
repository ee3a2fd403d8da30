//! The dependencies of a program that only evaluates passwords.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::process::Command;

/// Proves E8.
#[test]
fn e8_the_policy_needs_at_most_25_crates_and_none_of_the_engine() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--package", env!("CARGO_PKG_NAME")])
        .args(["--edges", "normal", "--prefix", "none", "--no-dedupe", "--format", "{p}"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8(tree.stdout).unwrap();
    let crates: BTreeSet<&str> =
        tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(crates.contains("repass-core"), "{crates:?}");
    assert!(crates.len() <= 25, "{} crates: {crates:?}", crates.len());
    for engine in ["repass-argon2", "argon2", "chacha20poly1305", "tokio", "validator", "uuid"] {
        assert!(!crates.contains(engine), "{engine}");
    }
}
