//! The real programs, over real sockets, on real databases.
// clippy's exception for tests covers test functions, not what they call.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
// Then `../postgres/ignored.rs` says so of every test.
#![cfg(not(postgres_missing))]

#[cfg(postgres)]
extern crate repass_tests_postgres as repass_tests;

mod accounts_table;
mod check_config;
mod common_rules;
mod crash;
mod customer;
mod database;
#[cfg(not(postgres))] // A demo is on SQLite in any case.
mod demo;
mod ecom;
mod etna;
mod examples;
mod fabric;
mod families;
mod health;
mod import;
mod listener;
mod log;
#[cfg(postgres)] // Nodes on one SQLite file would have to share a machine.
mod nodes;
mod outbox;
mod pepper;
mod races;
mod requests;
#[cfg(not(postgres))] // Nothing of a database.
mod rust_versions;
mod secrets;
mod shutdown;
mod slow_clients;
mod test_context;
mod vendor_page;
mod zap;
