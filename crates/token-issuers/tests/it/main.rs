//! Tokens of an issuer on loopback, through the public API.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod accounts;
mod introspection;
mod issuer;
mod jwks;
mod jwt;
mod test_context;
