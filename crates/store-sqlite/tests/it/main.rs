//! Tests that are specific to SQLite: files, schema versions, several processes, failures. Tests of
//! both stores are in `tests/stores`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod backup;
mod conformance;
mod crash;
mod database;
mod file;
mod locks;
mod mapping;
mod opening;
mod versions;
