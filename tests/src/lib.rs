//! The harness of the whole-process tests: it starts and stops the real programs, and has a client
//! that sends requests over real sockets.
//!
//! Only for tests: it panics on errors.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod admin_api;
mod admin_context;
mod binary;
mod client;
mod database;
mod mail_server;
mod server;
mod sql;

pub use admin_api::AdminApi;
pub use admin_context::{AdminContext, FIRST_PASSWORD, TestAccount};
pub use binary::{binary, cargo, installed, with_socket, workspace};
pub use client::{Answer, Client};
pub use database::Database;
pub use mail_server::{Encryption, Mail, MailServer};
pub use server::{LogReader, Server, ServerBuilder, Stopped};
pub use sql::{Row, Sql};
