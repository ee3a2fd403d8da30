//! Sets `cfg(unoptimized)` if the crate is compiled without optimization.
#![allow(clippy::print_stdout, reason = "build scripts print instructions for Cargo")]

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(unoptimized)");
    if std::env::var("OPT_LEVEL").as_deref() == Ok("0") {
        println!("cargo::rustc-cfg=unoptimized");
    }
}
