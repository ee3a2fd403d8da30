//! Says which programs are missing, so that the tests that need them are reported as ignored.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=PATH");
    println!("cargo::rustc-check-cfg=cfg(browser_missing)");
    println!("cargo::rerun-if-changed=/usr/bin/chromedriver");
    if !["chromium", "chromedriver"].into_iter().all(is_installed) {
        println!("cargo::rustc-cfg=browser_missing");
    }
    println!("cargo::rustc-check-cfg=cfg(axe_missing)");
    println!("cargo::rerun-if-changed=../../target/axe-core/axe.min.js");
    if !Path::new("../../target/axe-core/axe.min.js").exists() {
        println!("cargo::rustc-cfg=axe_missing");
    }
}

fn is_installed(program: &str) -> bool {
    let output = Command::new(program).arg("--version").output();
    output.is_ok_and(|output| output.status.success())
}
