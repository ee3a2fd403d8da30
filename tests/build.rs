//! Says which programs are missing, so that the tests that need them are reported as ignored.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=PATH");
    println!("cargo::rustc-check-cfg=cfg(postgres_missing)");
    println!("cargo::rerun-if-env-changed={}", repass_postgres_cluster::VARIABLE);
    println!("cargo::rerun-if-changed=/usr/lib/postgresql");
    if repass_postgres_cluster::programs().is_err() {
        println!("cargo::rustc-cfg=postgres_missing");
    }
    println!("cargo::rustc-check-cfg=cfg(node_missing)");
    if !succeeds("node", &["--eval", "process.exit(globalThis.fetch ? 0 : 1)"]) {
        println!("cargo::rustc-cfg=node_missing");
    }
    println!("cargo::rustc-check-cfg=cfg(python_missing)");
    if !succeeds("python3", &["--version"]) {
        println!("cargo::rustc-cfg=python_missing");
    }
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}
