//! The admin API through its public interface: [`AdminApi`](repass_admin_api::AdminApi) on the in-memory
//! store, with a manual clock. Each answer that a test receives is compared with the OpenAPI document.
//!
//! "What bit others" names a row of the contract's table of faults that were found in other APIs.
// clippy's exception for tests covers test functions, not what they call.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod access;
mod accounts;
mod audit;
mod bodies;
mod document;
mod faults;
mod import;
mod keys;
mod lists;
mod names;
mod otp;
mod outbox;
mod patch;
mod policy;
mod resets;
mod routes;
mod secrets;
mod sessions;
mod sign_in;
mod test_context;
mod tokens;
