//! The store on real servers. Without PostgreSQL, the tests are reported as ignored.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

#[path = "postgres/acknowledgements.rs"]
mod acknowledgements;
#[path = "postgres/conformance.rs"]
mod conformance;
#[path = "postgres/database.rs"]
mod database;
#[path = "postgres/failover.rs"]
mod failover;
#[path = "postgres/faults.rs"]
mod faults;
#[path = "postgres/mapped.rs"]
mod mapped;
#[path = "postgres/network.rs"]
mod network;
#[path = "postgres/opening.rs"]
mod opening;
#[path = "postgres/pool.rs"]
mod pool;
#[path = "postgres/round_trips.rs"]
mod round_trips;
#[path = "postgres/tls.rs"]
mod tls;

use std::process::Command;

use libtest_mimic::{Arguments, Trial};
use repass_postgres_cluster::{Pooler, PoolerKind};

type Test = Box<dyn FnOnce() + Send>;

fn main() {
    let missing = repass_postgres_cluster::programs().err();
    let trial = |name: &str, test: Test| {
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
                Box::new(|| database::run($module::$test())),
            )),*]
        };
    }
    let mut trials = trials![
        conformance::one_store_passes,
        conformance::two_nodes_pass,
        opening::concurrent_nodes_may_open_a_new_database,
        opening::p5_one_version_ahead_is_served_and_more_is_refused,
        opening::p5_opening_fails_within_the_time_out_while_migrations_are_locked,
        opening::p5_nothing_is_created_without_migrate,
        opening::p7_roles_with_the_documented_grants_migrate_and_serve,
        opening::open_errors_contain_no_credentials,
        opening::p1_no_session_locks_or_session_state_are_used,
        opening::e2_an_application_may_have_tables_of_the_same_names,
        faults::conflicts_are_retried,
        faults::permanent_conflicts_fail_after_some_retries,
        faults::a_deadlock_is_retried,
        faults::a_connection_lost_within_a_transaction_is_replaced,
        faults::the_store_recovers_after_a_restart_of_the_server,
        faults::a_crash_loses_no_acknowledged_change,
        faults::a_renamed_database_is_unavailable_until_it_is_renamed_back,
        faults::concurrent_first_attempts_are_all_counted,
        faults::concurrent_additions_of_an_account_add_it_once,
        faults::an_import_locks_its_accounts_in_the_order_of_user_ids,
        faults::expired_attempts_are_deleted_unless_locked,
        faults::asvs_16_2_5_errors_contain_no_values,
        acknowledgements::a_commit_with_a_lost_answer_applies_once,
        acknowledgements::a_commit_that_never_arrived_is_sent_again,
        acknowledgements::a_running_commit_is_awaited,
        acknowledgements::a_commit_that_is_sent_twice_applies_once,
        acknowledgements::a_sign_in_with_a_lost_answer_is_finished_once,
        acknowledgements::p2_a_change_is_durable_despite_the_settings_of_the_database,
        acknowledgements::a_reservation_with_a_lost_answer_is_not_repeated,
        failover::p2_a_promotion_under_load_loses_no_acknowledged_change,
        failover::p2_l2_a_standby_is_neither_opened_nor_ready,
        failover::p4_calls_fail_within_the_deadline_if_the_primary_is_silent,
        failover::p4_calls_fail_within_the_deadline_if_the_standby_is_stopped,
        network::p4_calls_fail_within_the_deadline_if_the_network_is_frozen,
        network::p4_a_silent_host_does_not_block_the_next_one,
        network::p4_cut_connections_are_replaced,
        network::p3_an_invalid_server_response_is_an_outage,
        round_trips::p8_requests_take_few_round_trips,
        round_trips::p8_a_claim_does_not_read_the_whole_backlog,
        round_trips::asvs_6_3_8_wrong_passwords_take_as_many_round_trips_without_an_account,
        round_trips::asvs_6_3_8_a_look_up_by_name_takes_one_round_trip_without_an_account,
        pool::p6_connections_are_bounded_named_and_closed_when_idle,
        pool::a_pool_of_the_embedder_is_used,
        tls::sslmode_works_as_in_libpq,
        tls::a_client_certificate_is_presented,
        mapped::p7_a_changed_column_type_is_detected,
        mapped::l2_a_renamed_table_is_not_ready_until_it_is_renamed_back,
    ];
    for (name, kind) in [
        ("pgbouncer", PoolerKind::Transaction),
        ("pgbouncer_in_session_mode", PoolerKind::Session),
        ("pgpool", PoolerKind::Pgpool),
    ] {
        let isolated: Test =
            Box::new(move || database::run(network::p1_installations_are_isolated(kind)));
        let suite: Test =
            Box::new(move || database::run(network::p1_the_conformance_suite_passes(kind)));
        for (test, of) in [(isolated, "installations_are_isolated"), (suite, "the_suite_passes")] {
            let trial = trial(&format!("network::p1_{of}_behind_{name}"), test);
            trials.push(match Pooler::program(kind) {
                Ok(_) => trial,
                Err(reason) => trial.with_kind(reason.to_string()).with_ignored_flag(true),
            });
        }
    }
    let english: Test = Box::new(|| database::run(conformance::one_store_passes_in_english()));
    let english = trial("conformance::one_store_passes_in_english", english);
    trials.push(match version() {
        // Older versions use the collations of the system, which may lack English.
        Some(..15) => english.with_kind("needs PostgreSQL 15 or later").with_ignored_flag(true),
        _ => english,
    });
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// Returns the major version of the server.
fn version() -> Option<u32> {
    let server = repass_postgres_cluster::programs().ok()?.join("postgres");
    let output = Command::new(server).arg("--version").output().ok()?;
    let output = String::from_utf8(output.stdout).ok()?;
    // As in "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)".
    let version = output.split(' ').nth(2)?;
    version.split(|char: char| !char.is_ascii_digit()).next()?.parse().ok()
}
