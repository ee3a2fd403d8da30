//! The conformance suite on [`MemoryStore`], each check a separate test.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};
use repass_testkit::MemoryStore;
use repass_testkit::conformance::{self, AdministrationFixture, Outcome};

fn main() {
    let runtime = Arc::new(tokio::runtime::Runtime::new().unwrap());
    let trials = conformance::checks().into_iter().map(|check| {
        let runtime = Arc::clone(&runtime);
        Trial::test(check.name(), move || {
            let fixture = AdministrationFixture::new(Arc::new(MemoryStore::new()));
            match runtime.block_on(check.run(&fixture))? {
                Outcome::Passed => Ok(()),
                Outcome::Skipped(what) => Err(format!("the store has no {what}").into()),
            }
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit();
}
