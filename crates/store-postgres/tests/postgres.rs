//! The store on real servers. Reported as ignored where there is no PostgreSQL.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

#[path = "postgres/acknowledgements.rs"]
mod acknowledgements;
#[path = "postgres/conformance.rs"]
mod conformance;
#[path = "postgres/database.rs"]
mod database;
#[path = "postgres/failover.rs"]
mod failover;
#[path = "postgres/mapped.rs"]
mod mapped;
#[path = "postgres/network.rs"]
mod network;
#[path = "postgres/opening.rs"]
mod opening;
#[path = "postgres/trouble.rs"]
mod trouble;

use std::process::Command;

use libtest_mimic::{Arguments, Trial};

fn main() {
    let missing = repass_postgres_cluster::programs().err();
    let trial = |name: &str, test: fn()| {
        let trial = Trial::test(name, move || {
            test();
            Ok(())
        });
        match &missing {
            None => trial,
            Some(reason) => trial.with_kind(reason.to_string()).with_ignored_flag(true),
        }
    };
    macro_rules! trials {
        ($($module:ident::$test:ident),* $(,)?) => {
            vec![$(trial(
                concat!(stringify!($module), "::", stringify!($test)),
                || database::run($module::$test()),
            )),*]
        };
    }
    let mut trials = trials![conformance::one_store_passes, conformance::two_nodes_pass_as_one,];
    for (name, test) in [
        (
            "network::p1_installations_behind_a_pooler_stay_apart",
            (|| database::run(network::p1_installations_behind_a_pooler_stay_apart())) as fn(),
        ),
        ("network::p1_the_conformance_suite_passes_behind_a_pooler", || {
            database::run(network::p1_the_conformance_suite_passes_behind_a_pooler());
        }),
    ] {
        let trial = trial(name, test);
        trials.push(match repass_postgres_cluster::Pooler::program() {
            Ok(_) => trial,
            Err(reason) => trial.with_kind(reason.to_string()).with_ignored_flag(true),
        });
    }
    let english = trial("conformance::one_store_passes_in_english", || {
        database::run(conformance::one_store_passes_in_english());
    });
    trials.push(match version() {
        // Older ones order texts as the system does, which may know no English.
        Some(..15) => english.with_kind("needs PostgreSQL 15 or later").with_ignored_flag(true),
        _ => english,
    });
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// The server's major version.
fn version() -> Option<u32> {
    let server = repass_postgres_cluster::programs().ok()?.join("postgres");
    let told = Command::new(server).arg("--version").output().ok()?;
    let told = String::from_utf8(told.stdout).ok()?;
    // As in "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)".
    let version = told.split(' ').nth(2)?;
    version.split(|char: char| !char.is_ascii_digit()).next()?.parse().ok()
}
