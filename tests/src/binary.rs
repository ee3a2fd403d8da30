use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

static PROGRAMS: LazyLock<HashMap<String, PathBuf>> = LazyLock::new(build);

/// The root of the workspace.
pub fn workspace() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.ancestors().find(|folder| folder.join("Cargo.lock").exists()).unwrap().to_owned()
}

/// The path of a program of this workspace, built as it is now, so that plain `cargo test` never
/// tests an old one.
pub fn binary(name: &str) -> PathBuf {
    PROGRAMS.get(name).unwrap_or_else(|| panic!("there is no program {name}")).clone()
}

/// Cargo, as a developer runs it: without the variables that it sets for tests. Build scripts read
/// these, so that half of the dependencies would be built again.
pub fn cargo() -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    for (name, _) in std::env::vars_os() {
        let told = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_MANIFEST_")
                || name.starts_with("CARGO_PKG_")
                || name == "OUT_DIR"
        });
        if told {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// Builds all programs at once and with the same features as `tests/run`, which then has nothing
/// left to build.
fn build() -> HashMap<String, PathBuf> {
    let output = cargo()
        .args(["build", "--quiet", "--workspace", "--all-features", "--bins"])
        .arg("--message-format=json")
        .current_dir(workspace())
        .output()
        .expect("cargo can be run");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the programs do not build:\n{errors}");
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|message| {
            let program = PathBuf::from(message["executable"].as_str()?);
            Some((message["target"]["name"].as_str()?.to_owned(), program))
        })
        .collect()
}
