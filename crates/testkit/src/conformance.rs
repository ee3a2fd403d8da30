//! The behaviour that every store shows, as one suite to run over any of them.
//!
//! [`credential_store`] needs nothing of a store but that it is a [`CredentialStore`], and a
//! [`Fixture`] that puts accounts into it. [`administration_store`] checks a whole
//! [`AdministrationStore`], the former included. Both panic at the first check that fails and say
//! what was expected. They run in a tokio runtime; one with several threads finds more.
//!
//! Every check makes realms and accounts of its own, and takes the time as it wishes it to be, so
//! the suite needs no empty store, no clock and no waiting. The texts in it are harmless but odd:
//! quotes, wildcards, characters beyond the basic plane.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! use std::sync::Arc;
//!
//! use repass_testkit::{MemoryStore, conformance};
//!
//! conformance::administration_store(Arc::new(MemoryStore::new())).await;
//! # });
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a check that fails panics; that is what a test does"
)]

mod administration;
mod attempts;
mod commit;
mod find;
mod one_time_password;
mod outbox;
mod reset;
mod sample;
#[cfg(test)]
mod tests;
mod upgrade;

use std::sync::Arc;

use async_trait::async_trait;

use repass_core::{
    Account, AccountId, AdministrationStore, CredentialStore, HashedPassword, OtpEnrolment,
    ResetToken,
};

/// A store under test, and how to put into it what its port cannot.
#[async_trait]
pub trait Fixture: Send + Sync {
    /// The store. Every call gives the same one.
    fn store(&self) -> Arc<dyn CredentialStore>;

    /// Puts an account into the store, with its first credential (version 1, changed at the
    /// account's `created_at`) when `hash` is given.
    ///
    /// # Panics
    /// When it cannot.
    async fn add_account(&self, account: &Account, hash: Option<&HashedPassword>);

    /// Puts a reset token into the store and voids the account's earlier ones, as
    /// [`AdministrationStore::add_reset_token`] does. Says whether the store keeps reset tokens at
    /// all; where it does not, as by default, the checks of them are left out.
    ///
    /// # Panics
    /// When it should, but cannot.
    async fn add_reset_token(&self, token: &ResetToken) -> bool {
        let _ = token;
        false
    }

    /// Replaces what an account has to check one-time passwords with. Says whether the store keeps
    /// that at all; where it does not, as by default, the checks of it are left out.
    ///
    /// # Panics
    /// When it should, but cannot.
    async fn set_otp(&self, account: AccountId, enrolment: &OtpEnrolment) -> bool {
        let _ = (account, enrolment);
        false
    }
}

/// Checks a [`CredentialStore`] by what it answers: finding, charging, refunding and forgetting attempts,
/// committing changes and replacing drifted hashes, alone and many at once.
///
/// # Panics
/// When the store does not behave.
pub async fn credential_store(fixture: &dyn Fixture) {
    find::by_realm_and_user_id_exactly(fixture).await;
    find::inactive_accounts_too(fixture).await;
    find::guids_in_any_case(fixture).await;
    find::texts_as_they_were(fixture).await;

    attempts::paths_close_by_their_own_failures(fixture).await;
    attempts::the_limit_closes_passwords_for_good(fixture).await;
    attempts::refunds_restore(fixture).await;
    attempts::parallel_charges_never_exceed(fixture).await;
    attempts::parallel_refunds_are_all_counted(fixture).await;
    attempts::rows_are_apart(fixture).await;
    attempts::unknown_identifiers_are_forgotten(fixture).await;
    attempts::expired_rows_are_deleted(fixture).await;

    commit::sets_a_first_password(fixture).await;
    commit::replaces_the_password(fixture).await;
    commit::keeps_the_history_in_order(fixture).await;
    commit::keeps_the_normalisation(fixture).await;
    commit::clears_attempts(fixture).await;
    commit::refuses_other_versions(fixture).await;
    commit::refuses_absent_and_inactive_accounts(fixture).await;
    commit::one_of_many_at_once_wins(fixture).await;
    commit::other_accounts_do_not_conflict(fixture).await;

    upgrade::replaces_the_hash_and_nothing_else(fixture).await;
    upgrade::refuses_other_hashes_and_versions(fixture).await;
    upgrade::refuses_absent_and_inactive_accounts(fixture).await;
    upgrade::one_of_many_at_once_wins(fixture).await;

    reset::tokens_count_once(fixture).await;
    reset::tokens_count_until_they_expire(fixture).await;
    reset::tokens_count_for_their_account_only(fixture).await;
    reset::newer_tokens_void_older(fixture).await;
    reset::any_change_voids_tokens(fixture).await;
    reset::refused_changes_spend_no_token(fixture).await;
    reset::one_redemption_of_many_at_once_wins(fixture).await;
    reset::signed_tokens_count_once(fixture).await;
    reset::one_signed_redemption_of_many_at_once_wins(fixture).await;

    one_time_password::steps_only_go_up(fixture).await;
    one_time_password::codes_count_once(fixture).await;
    one_time_password::refused_changes_use_up_nothing(fixture).await;
    one_time_password::one_use_of_many_at_once_wins(fixture).await;
}

/// Checks an [`AdministrationStore`]: all of [`credential_store`], what an operator does, and
/// everything that a change leaves behind or a refused one must not.
///
/// # Panics
/// When the store does not behave.
pub async fn administration_store(store: Arc<dyn AdministrationStore>) {
    credential_store(&Administered(Arc::clone(&store))).await;

    outbox::one_courier_of_many_gets_an_event(&store).await;
    let shared = store;
    let store = shared.as_ref();
    administration::accounts::are_added_once(store).await;
    administration::accounts::are_listed_in_pages(store).await;
    administration::accounts::are_deactivated_with_their_tokens(store).await;
    administration::accounts::are_unlocked(store).await;
    administration::accounts::name_the_peppers_they_need(store).await;
    administration::tokens::keys_are_kept_and_revoked_once(store).await;
    administration::tokens::access_tokens_are_kept_and_revoked_once(store).await;
    administration::tokens::a_key_and_a_token_are_found_together(store).await;
    administration::tokens::reset_tokens_are_kept(store).await;
    administration::tokens::one_time_passwords_are_replaced(store).await;
    administration::trail::is_listed_newest_first(store).await;
    administration::trail::keeps_odd_texts(store).await;
    administration::effects::a_change_leaves_everything_behind(store).await;
    administration::effects::a_change_keeps_one_access_token(store).await;
    administration::sessions::a_change_cuts_off_what_was_issued_before(store).await;
    administration::sessions::a_cut_keeps_one_token_until_the_next(store).await;
    administration::sessions::a_cut_never_moves_back(store).await;
    administration::sessions::deactivation_cuts_off_too(store).await;
    administration::sessions::a_token_that_races_a_change_is_cut_off(&shared).await;
    administration::effects::a_change_uses_up_its_one_time_password(store).await;
    administration::effects::refusals_write_nothing(store).await;
    administration::effects::events_stand_in_order(store).await;
    administration::effects::an_upgrade_leaves_a_record_and_nothing_else(store).await;

    outbox::events_are_given_out_in_order(store).await;
    outbox::leases_end(store).await;
    outbox::channels_are_apart(store).await;
    outbox::operators_retry_and_drop(store).await;
    outbox::resets_are_told(store).await;
    outbox::closing_an_account_is_told(store).await;
    outbox::right_proofs_take_alarms_back(store).await;
}

/// Checks the imports of an [`AdministrationStore`] that adds accounts itself. One that refuses to, with
/// [`AccountError::KeptElsewhere`](repass_core::AccountError::KeptElsewhere), leaves these out.
///
/// # Panics
/// When the store does not behave.
pub async fn importing_store(store: Arc<dyn AdministrationStore>) {
    administration::import::rival_imports_add_each_once(&store).await;
    let store = store.as_ref();
    administration::import::accounts_are_imported_once(store).await;
    administration::import::imports_leave_changed_passwords(store).await;
    administration::import::imports_take_the_first_of_two(store).await;
    administration::import::rehearsed_imports_write_nothing(store).await;
}

/// An administration store needs no help of its tester.
struct Administered(Arc<dyn AdministrationStore>);

#[async_trait]
impl Fixture for Administered {
    fn store(&self) -> Arc<dyn CredentialStore> {
        Arc::clone(&self.0) as Arc<dyn CredentialStore>
    }

    async fn add_account(&self, account: &Account, hash: Option<&HashedPassword>) {
        let audit = sample::audit(account, "account.add");
        self.0.add_account(account, hash, &audit).await.expect("add_account");
    }

    async fn add_reset_token(&self, token: &ResetToken) -> bool {
        let audit = sample::audit_of(token.account, "reset-token.add");
        self.0
            .add_reset_token(token, &audit, &sample::event(token.account, 0))
            .await
            .expect("add_reset_token");
        true
    }

    async fn set_otp(&self, account: AccountId, enrolment: &OtpEnrolment) -> bool {
        let audit = sample::audit_of(account, "otp.set");
        self.0.set_otp(account, enrolment, &audit).await.expect("set_otp");
        true
    }
}
