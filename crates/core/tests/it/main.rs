//! The engine through its public door, on the in-memory store.

// clippy's exception for tests covers test functions, not what they call.
#![allow(clippy::unwrap_used, clippy::panic)]

mod attempts;
mod faults;
mod house;
mod old_password;
mod policy;
mod races;
mod reset;
