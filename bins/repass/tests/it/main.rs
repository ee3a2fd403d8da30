//! Runs the real `repass` on databases in temporary folders.

#![allow(clippy::panic, clippy::unwrap_used, missing_docs, unreachable_pub)]

mod test_context;

mod accounts;
mod audit;
mod compromised;
mod config;
mod database;
mod export;
mod hash;
mod help;
mod import;
mod import_hashes;
mod keys;
mod otp;
mod passwords;
mod policy;
#[cfg(unix)]
mod prompt;
mod secrets;
mod tokens;
mod usage;
