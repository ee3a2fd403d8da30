//! Accounts in a users table of another application.

mod changes;
mod operators;
mod suite;

use crate::{Test, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test("accounts_table::conformance", suite::passes),
        test("accounts_table::only_the_hash_is_written", changes::only_the_hash_is_written),
        test(
            "accounts_table::hashes_of_other_families_are_replaced",
            changes::hashes_of_other_families_are_replaced,
        ),
        test(
            "accounts_table::h1_only_a_hash_that_determines_the_password_is_replaced_in_place",
            changes::h1_only_a_hash_that_determines_the_password_is_replaced_in_place,
        ),
        test(
            "accounts_table::what_the_application_changes_counts",
            changes::what_the_application_changes_counts,
        ),
        test(
            "accounts_table::a_hash_that_changed_meanwhile_conflicts",
            changes::a_hash_that_changed_meanwhile_conflicts,
        ),
        test("accounts_table::of_changes_at_once_one_wins", changes::of_changes_at_once_one_wins),
        test("accounts_table::rows_may_go_at_any_time", changes::rows_may_go_at_any_time),
        test(
            "accounts_table::a1_a_holder_that_cannot_be_read_is_in_nobodys_way",
            changes::a1_a_holder_that_cannot_be_read_is_in_nobodys_way,
        ),
        test(
            "accounts_table::a_lockout_is_reported_before_anything_else_was_written",
            changes::a_lockout_is_reported_before_anything_else_was_written,
        ),
        test(
            "accounts_table::a_name_that_two_rows_have_is_damage",
            changes::a_name_that_two_rows_have_is_damage,
        ),
        test(
            "accounts_table::operators_see_and_guard_the_accounts",
            operators::operators_see_and_guard_the_accounts,
        ),
        test("accounts_table::tables_may_know_less", operators::tables_may_know_less),
        test(
            "accounts_table::rows_that_cannot_be_accounts_are_passed_over",
            operators::rows_that_cannot_be_accounts_are_passed_over,
        ),
        test(
            "accounts_table::guids_are_found_as_others_write_them",
            operators::guids_are_found_as_others_write_them,
        ),
        test(
            "accounts_table::every_problem_of_a_mapping_is_reported",
            operators::every_problem_of_a_mapping_is_reported,
        ),
        test(
            "accounts_table::every_program_finds_the_same_accounts",
            operators::every_program_finds_the_same_accounts,
        ),
        test(
            "accounts_table::accounts_of_repass_stay_where_they_are",
            operators::accounts_of_repass_stay_where_they_are,
        ),
        test(
            "accounts_table::a_table_that_is_altered_while_it_is_used_is_used_on",
            operators::a_table_that_is_altered_while_it_is_used_is_used_on,
        ),
    ]
}
