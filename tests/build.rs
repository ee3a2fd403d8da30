//! Says whether PostgreSQL is missing, so that the tests that need it are reported as ignored.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(postgres_missing)");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={}", repass_postgres_cluster::VARIABLE);
    println!("cargo::rerun-if-env-changed=PATH");
    println!("cargo::rerun-if-changed=/usr/lib/postgresql");
    if repass_postgres_cluster::programs().is_err() {
        println!("cargo::rustc-cfg=postgres_missing");
    }
}
