//! Tests that run on both stores in addition to the conformance suite: accounts in a users table of
//! another application, imports, and a database shared with another application.
//!
//! [`tests`] returns the tests. Each gets an [`Application`], which gives access to its database
//! and opens stores in it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]
#![allow(missing_docs, reason = "the names of tests describe them")]

mod accounts_table;
mod application;
mod context;
mod import;
mod shared_database;

use std::pin::Pin;

pub use application::{Application, Backend};

/// A named test.
pub struct Test {
    pub name: &'static str,
    pub run: Box<dyn Fn(Application) -> TestFuture + Send>,
}

/// The future of a test.
pub type TestFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Returns all tests.
pub fn tests() -> Vec<Test> {
    let mut tests = accounts_table::tests();
    tests.extend(shared_database::tests());
    tests.extend(import::tests());
    tests
}

fn test<F, Fut>(name: &'static str, run: F) -> Test
where
    F: Fn(Application) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    Test { name, run: Box::new(move |application| Box::pin(run(application))) }
}
