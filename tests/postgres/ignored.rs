//! Where there is no PostgreSQL: every test that needs it, as ignored, with the reason. Where there
//! is, nothing.
#![cfg(postgres_missing)]
#![allow(clippy::panic)]

include!(concat!(env!("OUT_DIR"), "/ignored.rs"));
