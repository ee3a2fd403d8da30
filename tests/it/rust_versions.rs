//! Every member of the workspace builds on the Rust version that it declares. The test here shows
//! that no dependency declares a newer one. clippy checks the uses of the standard library, and
//! `.ci/each-library` builds each library on its version.

use std::collections::{HashMap, HashSet};

use repass_tests::{cargo, workspace};
use serde_json::Value;

/// Proves E6.
#[test]
fn e6_no_dependency_needs_a_newer_rust_than_its_member_declares() {
    let metadata = metadata();
    let declared: HashMap<&str, [u64; 3]> = list(&metadata["packages"])
        .map(|package| (text(&package["id"]), version(&package["rust_version"])))
        .collect();
    let built_with: HashMap<&str, Vec<&str>> = list(&metadata["resolve"]["nodes"])
        .map(|node| {
            let built = list(&node["deps"]).filter(|dependency| {
                list(&dependency["dep_kinds"]).any(|kind| kind["kind"] != "dev")
            });
            (text(&node["id"]), built.map(|dependency| text(&dependency["pkg"])).collect())
        })
        .collect();

    for member in list(&metadata["workspace_members"]).map(text) {
        assert_ne!(declared[member], [0; 3], "{member} declares no rust-version");
        let (mut seen, mut waiting) = (HashSet::new(), vec![member]);
        while let Some(package) = waiting.pop() {
            assert!(
                declared[package] <= declared[member],
                "{member} declares Rust {:?}, but {package} needs {:?}",
                declared[member],
                declared[package]
            );
            if seen.insert(package) {
                waiting.extend(&built_with[package]);
            }
        }
    }
}

/// The metadata for all platforms, since a library may be built on any.
fn metadata() -> Value {
    let output = cargo()
        .args(["metadata", "--format-version", "1", "--all-features", "--locked"])
        .current_dir(workspace())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Parses a version such as "1.91" or "1.91.0"; 0 if the package declares none.
fn version(declared: &Value) -> [u64; 3] {
    let mut parts =
        declared.as_str().unwrap_or_default().split('.').map_while(|part| part.parse().ok());
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().unwrap().iter()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
