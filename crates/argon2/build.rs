//! Tells the crate whether it is compiled without optimization, which the language cannot ask.
#![allow(clippy::print_stdout, reason = "that is how Cargo is told")]

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(unoptimized)");
    if std::env::var("OPT_LEVEL").as_deref() == Ok("0") {
        println!("cargo::rustc-cfg=unoptimized");
    }
}
