//! The real programs, over real sockets, on real databases.
// clippy's exception for tests covers test functions, not what they call.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod check_config;
mod common_rules;
mod crash;
mod customer;
mod demo;
mod ecom;
mod etna;
mod examples;
mod fabric;
mod health;
mod house;
mod races;
mod requests;
mod secrets;
mod shutdown;
mod slow_clients;
mod zap;
