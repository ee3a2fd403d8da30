//! Runs the tests on both stores.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

#[path = "stores/postgres.rs"]
mod postgres;
#[path = "stores/sqlite.rs"]
mod sqlite;

use libtest_mimic::{Arguments, Trial};
use repass_store_tests::{Application, Test, TestFuture};

fn main() {
    let mut trials = Vec::new();
    for Test { name, run } in repass_store_tests::tests() {
        trials.push(trial(format!("sqlite::{name}"), run, sqlite::application));
    }
    let missing = repass_postgres_cluster::programs().err();
    for Test { name, run } in repass_store_tests::tests() {
        let trial = trial(format!("postgres::{name}"), run, postgres::application);
        trials.push(match &missing {
            None => trial,
            Some(reason) => trial.with_kind(reason.to_string()).with_ignored_flag(true),
        });
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// Returns a trial that runs a test with an application on a new database. The guard deletes the
/// database.
fn trial<Guard: 'static>(
    name: String,
    run: Box<dyn Fn(Application) -> TestFuture + Send>,
    start: fn() -> (Application, Guard),
) -> Trial {
    Trial::test(name, move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (application, _guard) = start();
            run(application).await;
        });
        Ok(())
    })
}
