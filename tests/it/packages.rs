//! The libraries and programs as packages for a registry.

use repass_tests::{cargo, workspace};

/// Cargo refuses a package whose dependencies in the workspace have no version, or that lacks a
/// licence or a description.
///
/// Proves E13.
#[test]
fn e13_every_library_and_program_can_be_packaged_with_its_licences() {
    let target = tempfile::tempdir().unwrap();
    let package = |arguments: &[&str]| {
        let mut command = cargo();
        command.args(["package", "--offline", "--allow-dirty", "--target-dir"]).arg(target.path());
        let output = command.args(arguments).current_dir(workspace()).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{told}");
        (String::from_utf8(output.stdout).unwrap(), told)
    };
    let folders = ["crates", "bins"].map(|folder| std::fs::read_dir(workspace().join(folder)));
    let entries = folders.into_iter().flat_map(Result::unwrap).map(Result::unwrap);
    let members = entries.filter(|entry| entry.path().join("Cargo.toml").exists()).count();
    let (files, _) = package(&["--list"]);
    for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
        assert_eq!(files.lines().filter(|file| *file == licence).count(), members, "{licence}");
    }
    let (_, told) = package(&["--no-verify"]);
    assert_eq!(told.matches(" Packaged ").count(), members, "{told}");
    assert!(!told.contains("no license") && !told.contains("no description"), "{told}");
}
