//! The behaviour that every store has, as named checks to run over any of them.
//!
//! # Testing a store
//!
//! 1. Implement [`CredentialStore`](repass_core::CredentialStore). The calls that the engine makes at
//!    once from several tasks are atomic: reserving and releasing an attempt, committing a change,
//!    rehashing.
//! 2. Implement [`Fixture`] for it: it returns the store, and puts accounts into it, which that port
//!    cannot. If the store keeps reset tokens or one-time passwords, override the methods for these as
//!    well. If the store is an [`AdministrationStore`](repass_core::AdministrationStore), there is
//!    nothing to implement: take [`AdministrationFixture`].
//! 3. In a test, [`run`] all checks and assert that they passed. Use a tokio runtime of several threads,
//!    for it finds more races.
//!
//! ```
//! use std::sync::Arc;
//!
//! use async_trait::async_trait;
//! use repass_core::{Account, CredentialStore, HashedPassword};
//! # use repass_core::AdministrationStore;
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
//! #       let audit = repass_testkit::fixtures::audit(account, "account.add");
//! #       self.0.add_account(account, hash, &audit).await.unwrap();
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
//! The [`Report`] names every check that failed, with the values that were expected and seen, and every
//! check that was skipped, with what the store does not have. [`Report::assert_all_passed`] accepts no
//! skipped check.
//!
//! # One check alone
//!
//! [`run_one`] runs one check by its name, while you work on what it reports. [`checks`] lists them all;
//! with `libtest-mimic`, in a test target with `harness = false`, each is a test of its own that
//! `cargo test <name>` selects:
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
//! # What the checks need
//!
//! Each check makes realms and accounts of its own, and takes the time as it needs it: the store need
//! not be empty, and nothing waits. Checks may share a store one after the other, as in [`run`]. Checks
//! that run at the same time need a store each, because a claim of the outbox takes the events of all
//! accounts.
//!
//! Texts in the checks are harmless but odd: quotes, wildcards, characters beyond the basic plane.

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

/// Runs all checks, one after the other, and reports how each ended.
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
/// When the store does not behave.
///
/// # Panics
/// When there is no check of this name.
pub async fn run_one(name: &str, fixture: &dyn Fixture) -> Result<Outcome, Failure> {
    let check = checks().into_iter().find(|check| check.name() == name);
    check.unwrap_or_else(|| panic!("there is no check {name:?}")).run(fixture).await
}

/// Each line is a kind of check and the path of its function, which is its name.
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
    // With a store that its tasks can share.
    (@tasks $check:path) => {
        Run::Administration(|store| Box::pin(async { $check(store).await.into_outcome() }))
    };
}

/// All checks.
pub fn checks() -> Vec<Check> {
    checks! {
        credentials find::by_realm_and_user_id_exactly;
        credentials find::inactive_accounts_too;
        credentials find::guids_in_any_case;
        credentials find::texts_as_they_were;

        credentials attempts::each_path_is_locked_out_by_its_own_failures;
        credentials attempts::the_limit_locks_passwords_out_until_a_reset;
        credentials attempts::releases_restore_the_row;
        credentials attempts::reservations_at_once_never_exceed_the_threshold;
        credentials attempts::releases_at_once_are_all_counted;
        credentials attempts::each_account_has_its_own_row;
        credentials attempts::unknown_identifiers_are_forgotten;
        credentials attempts::expired_rows_are_deleted;

        credentials commit::sets_a_first_password;
        credentials commit::replaces_the_password;
        credentials commit::keeps_the_history_in_order;
        credentials commit::keeps_the_normalization;
        credentials commit::clears_attempts;
        credentials commit::refuses_other_versions;
        credentials commit::refuses_absent_and_inactive_accounts;
        credentials commit::one_of_many_at_once_wins;
        credentials commit::other_accounts_do_not_conflict;

        credentials rehash::replaces_the_hash_and_nothing_else;
        credentials rehash::refuses_other_hashes_and_versions;
        credentials rehash::refuses_absent_and_inactive_accounts;
        credentials rehash::one_of_many_at_once_wins;

        credentials reset::tokens_count_once;
        credentials reset::tokens_count_until_they_expire;
        credentials reset::tokens_count_for_their_account_only;
        credentials reset::newer_tokens_void_older;
        credentials reset::any_change_voids_tokens;
        credentials reset::refused_changes_spend_no_token;
        credentials reset::one_redemption_of_many_at_once_wins;
        credentials reset::signed_tokens_count_once;
        credentials reset::one_signed_redemption_of_many_at_once_wins;

        credentials one_time_password::steps_only_go_up;
        credentials one_time_password::codes_count_once;
        credentials one_time_password::refused_changes_use_up_nothing;
        credentials one_time_password::one_use_of_many_at_once_wins;

        administration administration::accounts::are_added_once;
        administration administration::accounts::are_listed_in_pages;
        administration administration::accounts::are_deactivated_with_their_tokens;
        administration administration::accounts::are_unlocked;
        administration administration::accounts::name_the_peppers_they_need;

        administration administration::tokens::keys_are_kept_and_revoked_once;
        administration administration::tokens::access_tokens_are_kept_and_revoked_once;
        administration administration::tokens::a_key_and_a_token_are_found_together;
        administration administration::tokens::reset_tokens_are_kept;
        administration administration::tokens::one_time_passwords_are_replaced;
        administration administration::tokens::p9_tokens_are_pruned;
        administration administration::tokens::k1_check_values_of_keys_are_kept;

        administration administration::trail::is_listed_newest_first;
        administration administration::trail::a3_is_filtered_and_paged;
        administration administration::trail::p9_is_pruned;
        administration administration::trail::keeps_odd_texts;

        administration administration::effects::a_change_leaves_everything_behind;
        administration administration::effects::a_change_keeps_one_access_token;
        administration administration::effects::a_change_uses_up_its_one_time_password;
        administration administration::effects::refusals_write_nothing;
        administration administration::effects::events_stand_in_order;
        administration administration::effects::a_rehash_leaves_a_record_and_nothing_else;

        administration administration::sessions::a_change_cuts_off_what_was_issued_before;
        administration administration::sessions::a_cut_keeps_one_token_until_the_next;
        administration administration::sessions::a_cut_never_moves_back;
        administration administration::sessions::deactivation_cuts_off_too;
        tasks administration::sessions::a_token_that_races_a_change_is_cut_off;

        administration outbox::events_are_given_out_in_order;
        tasks outbox::one_dispatcher_of_many_gets_an_event;
        administration outbox::leases_end;
        administration outbox::a1_channels_are_apart;
        administration outbox::are_listed_in_pages;
        administration outbox::are_pruned;
        administration outbox::operators_retry_and_drop;
        administration outbox::resets_are_announced;
        administration outbox::a_lockout_is_announced_once_the_proof_failed;
        administration outbox::right_proofs_withdraw_the_deferred_lockout_event;

        administration administration::import::accounts_are_imported_once;
        administration administration::import::imports_leave_changed_passwords;
        administration administration::import::imports_take_the_first_of_two;
        administration administration::import::rehearsed_imports_write_nothing;
        tasks administration::import::rival_imports_add_each_once;
    }
}
