//! The service, tested as a client uses it.

// clippy.toml allows these in test functions; here all functions are for tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bodies;
mod capture;
mod disconnect;
mod faults;
mod headers;
mod logging;
mod order;
mod permits;
mod routing;
mod servers;
mod test_context;
mod vendor;
