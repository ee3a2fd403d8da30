//! What is particular to PostgreSQL: several nodes, lost connections, restarts. Reported as ignored
//! where there is no PostgreSQL.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

#[path = "postgres/acknowledgements.rs"]
mod acknowledgements;
#[path = "accounts_table/application.rs"]
mod application;
#[path = "accounts_table/changes.rs"]
mod changes;
#[path = "accounts_table/house.rs"]
mod house;
#[path = "accounts_table/operators.rs"]
mod operators;
#[path = "accounts_table/suite.rs"]
mod suite;

#[path = "postgres/accounts_table.rs"]
mod accounts_table;
#[path = "postgres/conformance.rs"]
mod conformance;
#[path = "postgres/database.rs"]
mod database;
#[path = "postgres/opening.rs"]
mod opening;
#[path = "postgres/proxy.rs"]
mod proxy;
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
        accounts_table::passes,
        accounts_table::only_the_hash_is_written,
        accounts_table::hashes_of_other_families_are_replaced,
        accounts_table::h1_only_a_hash_that_determines_the_password_is_replaced_in_place,
        accounts_table::what_the_application_changes_counts,
        accounts_table::a_hash_that_changed_meanwhile_conflicts,
        accounts_table::of_changes_at_once_one_wins,
        accounts_table::rows_may_go_at_any_time,
        accounts_table::a_closing_account_is_told_of_before_it_was_ever_written,
        accounts_table::a_name_that_two_rows_have_is_damage,
        accounts_table::operators_see_and_guard_the_accounts,
        accounts_table::tables_may_know_less,
        accounts_table::rows_that_can_be_no_accounts_are_passed_over,
        accounts_table::guids_are_found_as_others_write_them,
        accounts_table::everything_that_does_not_fit_is_told_at_once,
        accounts_table::everybody_finds_the_same_accounts,
        accounts_table::accounts_of_our_own_stay_our_own,
        accounts_table::columns_must_hold_and_take_a_hash,
        accounts_table::own_tables_stand_in_their_own_schema,
        accounts_table::names_are_taken_as_they_are_written,
        conformance::one_store_passes,
        conformance::two_nodes_pass_as_one,
        opening::many_nodes_may_open_a_new_database_at_once,
        opening::a_newer_schema_is_refused,
        opening::a_schema_that_was_tampered_with_is_refused,
        opening::a_node_that_may_not_change_the_schema_opens_a_current_one,
        opening::what_cannot_be_opened_is_told_without_credentials,
        opening::neither_advisory_locks_nor_listen_are_used,
        trouble::what_conflicts_is_tried_again,
        trouble::what_conflicts_for_ever_is_given_up,
        trouble::a_deadlock_is_tried_again,
        trouble::a_connection_lost_within_a_transaction_is_replaced,
        trouble::a_server_that_restarts_is_unavailable_and_then_back,
        trouble::a_crash_loses_nothing_that_was_acknowledged,
        trouble::first_tries_at_once_are_all_counted,
        trouble::expired_attempts_are_deleted_but_never_one_in_use,
        trouble::asvs_16_2_5_failures_tell_no_values,
        acknowledgements::a_commit_whose_answer_is_lost_is_done_once,
        acknowledgements::a_commit_that_never_arrived_is_made_again,
        acknowledgements::a_commit_that_arrives_late_is_waited_for,
        acknowledgements::a_charge_whose_answer_is_lost_is_not_made_again,
    ];
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
