//! The conformance suite: named checks of the behavior that every store must have.
//!
//! # Testing a store
//!
//! 1. Implement [`CredentialStore`](repass_core::CredentialStore). The calls that the engine makes
//!    concurrently must be atomic: reserving and releasing an attempt, committing a change, rehashing.
//! 2. Implement [`Fixture`], which returns the store and adds accounts to it. If the store supports reset
//!    tokens or one-time passwords, override their methods as well. If the store is an
//!    [`AdministrationStore`](repass_core::AdministrationStore), use [`AdministrationFixture`] instead.
//! 3. In a test, [`run`] all checks and assert that they passed. Use a multi-threaded tokio runtime, which
//!    finds more races.
//!
//! ```
//! use std::sync::Arc;
//!
//! use async_trait::async_trait;
//! use repass_core::{Account, CredentialStore, HashedPassword};
//! use repass_testkit::conformance::{self, Fixture};
//! # use repass_testkit::MemoryStore as YourStore;
//!
//! struct Tested(Arc<YourStore>);
//!
//! #[async_trait]
//! impl Fixture for Tested {
//!     fn store(&self) -> Arc<dyn CredentialStore> {
//!         self.0.clone()
//!     }
//!
//!     async fn add_account(&self, account: &Account, hash: Option<&HashedPassword>) {
//!         // INSERT INTO your_users …
//! #       let fixture = conformance::AdministrationFixture::new(self.0.clone());
//! #       fixture.add_account(account, hash).await;
//!     }
//! }
//!
//! // #[tokio::test(flavor = "multi_thread")]
//! async fn the_store_conforms() {
//!     let fixture = Tested(Arc::new(YourStore::new()));
//!     let report = conformance::run(&fixture).await;
//!     println!("{report}");
//!     report.assert_passed();
//! }
//! # tokio::runtime::Builder::new_multi_thread().build().unwrap().block_on(the_store_conforms());
//! ```
//!
//! The [`Report`] names every check that failed, with the expected and the actual value, and every
//! check that was skipped, with the feature that the store lacks. [`Report::assert_all_passed`]
//! accepts no skipped check.
//!
//! # Running one check
//!
//! [`run_one`] runs one check by its name. [`checks`] returns all of them. With `libtest-mimic`, in
//! a test target with `harness = false`, each is a separate test that `cargo test <name>` selects:
//!
//! ```
//! # use std::sync::Arc;
//! use libtest_mimic::{Arguments, Trial};
//! use repass_testkit::MemoryStore as YourStore;
//! use repass_testkit::conformance::{self, AdministrationFixture};
//!
//! let runtime = Arc::new(tokio::runtime::Runtime::new().unwrap());
//! let trials = conformance::checks().into_iter().map(|check| {
//!     let runtime = Arc::clone(&runtime);
//!     Trial::test(check.name(), move || {
//!         let fixture = AdministrationFixture::new(Arc::new(YourStore::new()));
//!         runtime.block_on(check.run(&fixture))?;
//!         Ok(())
//!     })
//! });
//! let arguments = Arguments::default(); // `Arguments::from_args()` in your test
//! libtest_mimic::run(&arguments, trials.collect()).exit_if_failed();
//! ```
//!
//! # Requirements of the checks
//!
//! Each check creates its own realms and accounts, and passes times instead of waiting, so the
//! store need not be empty. Checks may run on one store one after the other, as in [`run`].
//! Concurrent checks need separate stores, because a claim of the outbox returns the events of all
//! accounts.
//!
//! Texts in the checks contain quotes, wildcards and characters beyond the Basic Multilingual
//! Plane.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a check fails by a panic, which `Check::run` catches"
)]

mod administration;
mod attempts;
mod check;
mod commit;
mod find;
mod fixture;
mod one_time_password;
mod outbox;
mod rehash;
mod reset;
mod sample;
#[cfg(test)]
mod tests;

pub use check::{Check, Failure, Outcome, Report};
pub use fixture::{AdministrationFixture, Fixture};

use check::{IntoOutcome, Run};

/// Runs all checks, one after the other, and returns their outcomes.
pub async fn run(fixture: &dyn Fixture) -> Report {
    let mut report = Report::default();
    for check in checks() {
        report.add(check, check.run(fixture).await);
    }
    report
}

/// Runs the check of this name.
///
/// # Errors
/// When the check fails.
///
/// # Panics
/// When there is no check of this name.
pub async fn run_one(name: &str, fixture: &dyn Fixture) -> Result<Outcome, Failure> {
    let check = checks().into_iter().find(|check| check.name() == name);
    check.unwrap_or_else(|| panic!("there is no check {name:?}")).run(fixture).await
}

/// Each line is the kind of a check and the path of its function, which is also its name.
macro_rules! checks {
    ($($kind:ident $check:path;)*) => {
        vec![$(Check::new(stringify!($check), checks!(@$kind $check))),*]
    };
    (@credentials $check:path) => {
        Run::Credentials(|fixture| Box::pin(async { $check(fixture).await.into_outcome() }))
    };
    (@administration $check:path) => {
        Run::Administration(|store| Box::pin(async { $check(&**store).await.into_outcome() }))
    };
    // Tasks of the check share the store.
    (@concurrent $check:path) => {
        Run::Administration(|store| Box::pin(async { $check(store).await.into_outcome() }))
    };
}

/// Returns all checks.
pub fn checks() -> Vec<Check> {
    checks! {
        credentials find::by_realm_and_user_id_exactly;
        credentials find::inactive_accounts_too;
        credentials find::guids_in_any_case;
        credentials find::by_name_in_any_case;
        credentials find::every_account_of_a_name;
        credentials find::texts_unchanged;

        credentials attempts::each_path_is_locked_out_by_its_own_failures;
        credentials attempts::an_account_is_found_with_its_reservation;
        credentials attempts::the_maximum_locks_passwords_out_until_a_reset;
        credentials attempts::releases_restore_the_row;
        credentials attempts::successes_clear_the_row;
        credentials attempts::concurrent_reservations_never_exceed_the_threshold;
        credentials attempts::concurrent_releases_are_all_counted;
        credentials attempts::each_account_has_its_own_row;
        credentials attempts::rows_of_unknown_identifiers_expire;
        credentials attempts::expired_rows_are_deleted;

        credentials commit::sets_a_first_password;
        credentials commit::replaces_the_password;
        credentials commit::keeps_the_history_in_order;
        credentials commit::keeps_the_normalization;
        credentials commit::clears_attempts;
        credentials commit::refuses_other_versions;
        credentials commit::refuses_accounts_changed_since;
        credentials commit::refuses_absent_and_inactive_accounts;
        credentials commit::one_of_many_concurrent_changes_wins;
        credentials commit::other_accounts_do_not_conflict;

        credentials rehash::replaces_the_hash_and_nothing_else;
        credentials rehash::refuses_other_hashes_and_versions;
        credentials rehash::refuses_absent_and_inactive_accounts;
        credentials rehash::one_of_many_concurrent_rehashes_wins;

        credentials reset::tokens_are_accepted_once;
        credentials reset::tokens_are_accepted_until_they_expire;
        credentials reset::tokens_are_accepted_for_their_account_only;
        credentials reset::newer_tokens_void_older;
        credentials reset::any_change_voids_tokens;
        credentials reset::refused_changes_spend_no_token;
        credentials reset::one_of_many_concurrent_redemptions_wins;
        credentials reset::signed_tokens_are_accepted_once;
        credentials reset::one_of_many_concurrent_signed_redemptions_wins;

        credentials one_time_password::steps_must_increase;
        credentials one_time_password::codes_are_accepted_once;
        credentials one_time_password::a_sign_in_uses_one_up;
        credentials one_time_password::refused_changes_use_up_nothing;
        credentials one_time_password::one_of_many_concurrent_uses_wins;

        administration administration::accounts::are_added_once;
        administration administration::accounts::are_listed_in_pages;
        administration administration::accounts::are_filtered;
        administration administration::accounts::are_deactivated_with_their_tokens;
        administration administration::accounts::are_unlocked;
        administration administration::accounts::have_names_of_their_own;
        concurrent administration::accounts::of_concurrent_accounts_of_one_name_one_is_added;
        administration administration::accounts::c3_are_edited;
        administration administration::accounts::are_deactivated_by_an_edit;
        administration administration::accounts::c3_are_deleted_with_their_data;
        administration administration::accounts::list_the_peppers_of_current_and_earlier_hashes;

        administration administration::tokens::keys_are_kept_and_revoked_once;
        administration administration::tokens::the_use_of_access_tokens_is_recorded;
        administration administration::tokens::access_tokens_are_kept_and_revoked_once;
        administration administration::tokens::a_key_and_a_token_are_found_together;
        administration administration::tokens::reset_tokens_are_kept;
        administration administration::tokens::c3_tokens_of_an_account_are_listed;
        administration administration::tokens::reset_tokens_are_listed_in_pages;
        administration administration::tokens::one_time_passwords_are_replaced;
        administration administration::tokens::p9_tokens_are_pruned;
        administration administration::tokens::k1_check_values_of_keys_are_kept;

        administration administration::audit::is_listed_newest_first;
        administration administration::audit::a3_is_filtered_and_paged;
        administration administration::audit::p9_is_pruned;
        administration administration::audit::keeps_special_characters;

        administration administration::effects::a_change_writes_all_its_effects;
        administration administration::effects::a_change_keeps_one_access_token;
        administration administration::effects::a_change_uses_up_its_one_time_password;
        administration administration::effects::refusals_write_nothing;
        administration administration::effects::events_are_listed_in_order;
        administration administration::effects::a_rehash_writes_the_hash_and_its_audit_record_only;

        administration administration::sessions::a_change_revokes_tokens_issued_before;
        administration administration::sessions::a_kept_token_is_valid_until_the_next_change;
        administration administration::sessions::the_revocation_cutoff_never_moves_back;
        administration administration::sessions::deactivation_revokes_tokens;
        administration administration::sessions::all_are_ended;
        concurrent administration::sessions::tokens_issued_during_a_change_are_revoked;

        administration outbox::events_are_claimed_in_order;
        concurrent outbox::one_of_many_concurrent_claims_gets_an_event;
        administration outbox::leases_expire;
        administration outbox::a1_channels_are_independent;
        administration outbox::are_listed_in_pages;
        administration outbox::are_listed_by_realm;
        administration outbox::pending_events_are_counted;
        administration outbox::are_pruned;
        administration outbox::operators_retry_and_drop;
        administration outbox::a_reset_token_writes_an_event;
        administration outbox::a_lockout_event_is_deferred_until_the_proof_has_failed;
        administration outbox::a_correct_proof_deletes_the_deferred_lockout_event;

        administration administration::import::accounts_are_imported_once;
        administration administration::import::imports_keep_changed_passwords;
        administration administration::import::the_first_row_of_a_user_id_is_imported;
        administration administration::import::rehearsed_imports_write_nothing;
        concurrent administration::import::concurrent_imports_add_each_account_once;
    }
}
