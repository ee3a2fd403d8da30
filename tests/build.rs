//! These tests are also built for PostgreSQL, in `postgres`, which sets these; here neither is.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(postgres, postgres_missing)");
    println!("cargo::rerun-if-changed=build.rs");
}
