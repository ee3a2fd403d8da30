//! Tests of the engine's public API on the in-memory store.

// clippy's exception for tests does not cover the functions that tests call.
#![allow(clippy::unwrap_used, clippy::panic)]

mod administration;
mod attempts;
mod authentication;
mod compromised;
#[cfg(feature = "hash-families")]
mod families;
mod faults;
mod hasher;
mod import;
mod key_checks;
mod mailed_resets;
mod normalization;
mod old_password;
mod pepper;
mod policy;
mod races;
#[cfg(feature = "hash-families")]
mod rehash;
mod reset;
mod sign_in;
mod status;
#[cfg(feature = "hash-families")]
mod stored_hashes;
mod test_context;
