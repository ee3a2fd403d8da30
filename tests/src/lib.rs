//! What the whole-process tests share: the real binaries, started and stopped, and a client that
//! speaks to them over real sockets.
//!
//! Nothing here is of use outside tests; what goes wrong panics, as a test should.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod admin_context;
mod binary;
mod client;
mod database;
mod server;
mod sql;

pub use admin_context::{AdminContext, FIRST_PASSWORD, TestAccount};
pub use binary::{binary, cargo, workspace};
pub use client::{Answer, Client};
pub use database::Database;
pub use server::{LogReader, Server, ServerBuilder, Stopped};
pub use sql::{Row, Sql};
