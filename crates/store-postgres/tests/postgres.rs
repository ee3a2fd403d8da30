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
#[path = "postgres/pool.rs"]
mod pool;
#[path = "postgres/round_trips.rs"]
mod round_trips;
#[path = "postgres/tls.rs"]
mod tls;
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
    let mut trials = trials![
        conformance::one_store_passes,
        conformance::two_nodes_pass_as_one,
        opening::many_nodes_may_open_a_new_database_at_once,
        opening::p5_one_version_ahead_is_served_and_more_is_refused,
        opening::p5_a_lock_on_the_migrations_ends_the_start_in_time,
        opening::p5_nothing_is_made_without_migrate,
        opening::p7_roles_with_the_documented_grants_migrate_and_serve,
        opening::what_cannot_be_opened_is_told_without_credentials,
        opening::p1_neither_locks_of_sessions_nor_their_state_are_used,
        opening::e2_an_application_has_tables_of_the_same_names,
        trouble::what_conflicts_is_tried_again,
        trouble::what_conflicts_for_ever_is_given_up,
        trouble::a_deadlock_is_tried_again,
        trouble::a_connection_lost_within_a_transaction_is_replaced,
        trouble::a_server_that_restarts_is_unavailable_and_then_back,
        trouble::a_crash_loses_nothing_that_was_acknowledged,
        trouble::a_database_that_is_renamed_is_unavailable_until_it_is_back,
        trouble::first_tries_at_once_are_all_counted,
        trouble::expired_attempts_are_deleted_but_never_one_in_use,
        trouble::asvs_16_2_5_failures_tell_no_values,
        acknowledgements::a_commit_whose_answer_is_lost_is_done_once,
        acknowledgements::a_commit_that_never_arrived_is_made_again,
        acknowledgements::a_commit_that_is_under_way_is_waited_for,
        acknowledgements::a_commit_that_is_sent_twice_is_made_once,
        acknowledgements::p2_a_change_is_durable_whatever_the_database_is_set_to,
        acknowledgements::a_reservation_whose_answer_is_lost_is_not_made_again,
        failover::p2_a_standby_is_promoted_under_load_and_nothing_acknowledged_is_lost,
        failover::p2_l2_a_standby_alone_is_neither_opened_nor_ready,
        failover::p4_a_silent_primary_and_its_standby_are_answered_within_the_deadline,
        failover::p4_a_frozen_standby_is_answered_within_the_deadline,
        network::p4_a_frozen_network_is_answered_within_the_deadline,
        network::p4_a_silent_host_does_not_hide_the_next,
        network::p4_cut_connections_are_replaced,
        network::p3_nonsense_instead_of_a_server_is_an_outage,
        round_trips::p8_requests_take_few_round_trips,
        round_trips::p8_a_claim_does_not_read_the_whole_backlog,
        round_trips::asvs_6_3_8_wrong_passwords_take_as_long_without_an_account,
        pool::p6_connections_are_bounded_named_and_closed_when_idle,
        pool::a_pool_of_the_embedders_is_used,
        tls::sslmode_means_what_it_means_to_libpq,
        tls::a_client_certificate_is_presented,
        mapped::p7_a_column_that_changes_its_type_is_met,
        mapped::l2_a_renamed_table_is_not_ready_until_it_is_back,
    ];
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
