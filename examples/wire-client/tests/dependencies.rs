//! The dependencies of the wire types of each vendor.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::process::Command;

/// Returns the names of the crates that `package` needs without features, including itself.
fn crates(package: &str) -> BTreeSet<String> {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--package", package])
        .args(["--edges", "normal", "--prefix", "none", "--no-dedupe", "--format", "{p}"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8(tree.stdout).unwrap();
    tree.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

/// Proves E8.
#[test]
fn e8_the_wire_types_of_a_vendor_need_at_most_60_crates() {
    for vendor in ["ecom", "etna", "zap", "customer", "fabric"] {
        let package = format!("repass-spec-{vendor}");
        let crates = crates(&package);
        assert!(crates.contains(&package) && crates.contains("repass-core"), "{crates:?}");
        assert!(crates.len() <= 60, "{vendor}: {} crates: {crates:?}", crates.len());
        for server in ["repass-argon2", "argon2", "async-trait", "tokio", "validator"] {
            assert!(!crates.contains(server), "{vendor}: {server}");
        }
    }
}
