//! The real programs, over real sockets, on real databases.
// clippy's exception for tests covers test functions, not what they call.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod accounts_table;
mod acme;
mod admin_api;
mod blocklists;
mod certificates;
mod check_config;
mod common_rules;
mod compromised;
mod crash;
mod customer;
mod database;
mod demo;
mod ecom;
mod etna;
mod examples;
mod fabric;
mod fairness;
mod families;
mod health;
mod import;
mod life_of_an_account;
mod listener;
mod log;
mod metrics;
mod nodes;
mod openapi;
mod outbox;
mod packages;
mod pepper;
mod policy;
mod proxies;
mod races;
mod requests;
mod rust_versions;
mod secrets;
mod shutdown;
mod slow_clients;
mod sockets;
mod test_context;
mod tls;
mod token_issuers;
mod traces;
mod vendor_page;
mod zap;
