//! What both stores must do beside the conformance suite: accounts in a users table of another
//! application, imports, and tables beside those of an application that has chosen the same names.
//!
//! [`tests`] lists the tests. Each gets an [`Application`], through which it reaches the database as its
//! owner does, and opens stores beside it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]
#![allow(missing_docs, reason = "the names of tests say what they show")]

mod accounts_table;
mod application;
mod beside;
mod context;
mod import;

use std::pin::Pin;

pub use application::{Application, Backend};

/// A test by its name.
pub struct Test {
    pub name: &'static str,
    pub run: Box<dyn Fn(Application) -> Running + Send>,
}

/// A test under way.
pub type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Every test.
pub fn tests() -> Vec<Test> {
    let mut tests = accounts_table::tests();
    tests.extend(beside::tests());
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
