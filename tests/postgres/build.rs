//! Builds the tests for PostgreSQL; or, where there is none, the list of those that are ignored.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a build that fails panics")]

use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

fn main() {
    println!("cargo::rustc-check-cfg=cfg(postgres, postgres_missing)");
    println!("cargo::rustc-cfg=postgres");
    println!("cargo::rustc-env=TEST_DATABASE=postgres");
    println!("cargo::rerun-if-env-changed={}", repass_postgres_cluster::VARIABLE);
    println!("cargo::rerun-if-env-changed=PATH");
    println!("cargo::rerun-if-changed=/usr/lib/postgresql");
    println!("cargo::rerun-if-changed=../it");

    let mut ignored = String::new();
    if let Err(reason) = repass_postgres_cluster::programs() {
        println!("cargo::rustc-cfg=postgres_missing");
        list(Path::new("../it"), &reason.to_string(), &mut ignored);
    }
    let file = Path::new(&env::var_os("OUT_DIR").expect("cargo sets it")).join("ignored.rs");
    fs::write(file, ignored).expect("cargo's own folder can be written to");
}

/// Writes an ignored test for each test function in the files of `folder`.
fn list(folder: &Path, reason: &str, ignored: &mut String) {
    let entries = fs::read_dir(folder).expect("the tests are there");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("readable").path()).collect();
    paths.sort();
    for path in paths {
        let module = path.file_stem().expect("a name").to_string_lossy().into_owned();
        if module == "demo" {
            // On SQLite in any case.
            continue;
        }
        if path.is_dir() {
            writeln!(ignored, "mod {module} {{").unwrap();
            list(&path, reason, ignored);
            ignored.push_str("}\n");
            continue;
        }
        let text = fs::read_to_string(&path).expect("a source file");
        let mut lines = text.lines().map(str::trim);
        // Two modules may be of one name: a folder and the file beside it.
        writeln!(ignored, "mod in_{module} {{").unwrap();
        while let Some(line) = lines.next() {
            if !line.starts_with("#[test]") && !line.starts_with("#[tokio::test") {
                continue;
            }
            let function = lines.find_map(|line| line.split_once("fn ")).expect("a function").1;
            let name = function.split('(').next().expect("a name");
            writeln!(
                ignored,
                "#[test] #[ignore = {reason:?}] fn {name}() {{ panic!({reason:?}) }}"
            )
            .unwrap();
        }
        ignored.push_str("}\n");
    }
}
