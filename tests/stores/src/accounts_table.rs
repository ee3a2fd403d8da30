//! Accounts in a users table of another application.

mod changes;
mod names;
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
            "accounts_table::hashes_that_the_application_sets_are_used",
            changes::hashes_that_the_application_sets_are_used,
        ),
        test(
            "accounts_table::a_hash_that_changed_meanwhile_conflicts",
            changes::a_hash_that_changed_meanwhile_conflicts,
        ),
        test(
            "accounts_table::one_of_many_concurrent_changes_wins",
            changes::one_of_many_concurrent_changes_wins,
        ),
        test(
            "accounts_table::rows_may_be_deleted_at_any_time",
            changes::rows_may_be_deleted_at_any_time,
        ),
        test(
            "accounts_table::a1_an_invalid_account_does_not_block_events_of_others",
            changes::a1_an_invalid_account_does_not_block_events_of_others,
        ),
        test(
            "accounts_table::a_lockout_writes_the_first_rows_of_an_account",
            changes::a_lockout_writes_the_first_rows_of_an_account,
        ),
        test(
            "accounts_table::a_duplicate_user_id_is_an_error",
            changes::a_duplicate_user_id_is_an_error,
        ),
        test(
            "accounts_table::operators_list_and_deactivate_accounts",
            operators::operators_list_and_deactivate_accounts,
        ),
        test(
            "accounts_table::optional_columns_may_be_missing",
            operators::optional_columns_may_be_missing,
        ),
        test(
            "accounts_table::rows_that_are_not_valid_accounts_are_skipped",
            operators::rows_that_are_not_valid_accounts_are_skipped,
        ),
        test(
            "accounts_table::names_are_found_as_the_database_compares_them",
            names::names_are_found_as_the_database_compares_them,
        ),
        test("accounts_table::only_mapped_names_are_found", names::only_mapped_names_are_found),
        test(
            "accounts_table::a_name_of_many_rows_is_read_in_part",
            names::a_name_of_many_rows_is_read_in_part,
        ),
        test("accounts_table::guids_are_found_in_any_case", operators::guids_are_found_in_any_case),
        test(
            "accounts_table::every_problem_of_a_mapping_is_reported",
            operators::every_problem_of_a_mapping_is_reported,
        ),
        test(
            "accounts_table::the_mapping_is_recorded_in_the_database",
            operators::the_mapping_is_recorded_in_the_database,
        ),
        test(
            "accounts_table::existing_accounts_prevent_a_mapping",
            operators::existing_accounts_prevent_a_mapping,
        ),
        test(
            "accounts_table::a_table_that_is_altered_while_in_use_stays_usable",
            operators::a_table_that_is_altered_while_in_use_stays_usable,
        ),
    ]
}
