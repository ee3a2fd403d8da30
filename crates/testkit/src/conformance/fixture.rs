use std::sync::Arc;

use async_trait::async_trait;
use repass_core::{
    Account, AccountId, AdministrationStore, CredentialStore, HashedPassword, OtpEnrollment,
    Randomness, ResetToken, SystemRandomness,
};

use super::sample;

/// The store under test, and how to put into it what its port cannot.
#[async_trait]
pub trait Fixture: Send + Sync {
    /// Returns the store.
    fn store(&self) -> Arc<dyn CredentialStore>;

    /// Puts an account into the store, with its first credential (version 1, changed at the
    /// account's `created_at`) when `hash` is given.
    ///
    /// # Panics
    /// When it cannot.
    async fn add_account(&self, account: &Account, hash: Option<&HashedPassword>);

    /// Puts a reset token into the store and voids the account's earlier ones, as
    /// [`AdministrationStore::add_reset_token`] does. Returns whether the store keeps reset tokens at
    /// all; if not, which is the default, their checks are skipped.
    ///
    /// # Panics
    /// When it should, but cannot.
    async fn add_reset_token(&self, token: &ResetToken) -> bool {
        let _ = token;
        false
    }

    /// Replaces what an account has to check one-time passwords with. Returns whether the store keeps
    /// that at all; if not, which is the default, its checks are skipped.
    ///
    /// # Panics
    /// When it should, but cannot.
    async fn set_otp(&self, account: AccountId, enrollment: &OtpEnrollment) -> bool {
        let _ = (account, enrollment);
        false
    }

    /// Returns the same store as an [`AdministrationStore`]; if `None`, which is the default, the
    /// checks of that are skipped.
    fn administration(&self) -> Option<Arc<dyn AdministrationStore>> {
        None
    }
}

/// The fixture of any [`AdministrationStore`], which needs no help to be filled.
pub struct AdministrationFixture(Vec<Arc<dyn AdministrationStore>>);

impl AdministrationFixture {
    /// Runs every check over one store.
    pub fn new(store: Arc<dyn AdministrationStore>) -> Self {
        Self(vec![store])
    }

    /// Runs the checks of a [`CredentialStore`] over several stores on one database, as the nodes of a
    /// cluster have them: each call goes to one of them at random.
    pub fn of_nodes(nodes: impl IntoIterator<Item = Arc<dyn AdministrationStore>>) -> Self {
        Self(nodes.into_iter().collect())
    }

    fn any(&self) -> Arc<dyn AdministrationStore> {
        let mut byte = [0];
        SystemRandomness.fill(&mut byte).expect("randomness");
        Arc::clone(&self.0[usize::from(byte[0]) % self.0.len()])
    }
}

#[async_trait]
impl Fixture for AdministrationFixture {
    fn store(&self) -> Arc<dyn CredentialStore> {
        self.any()
    }

    async fn add_account(&self, account: &Account, hash: Option<&HashedPassword>) {
        let audit = sample::audit(account, "account.add");
        self.any().add_account(account, hash, &audit).await.expect("add_account");
    }

    async fn add_reset_token(&self, token: &ResetToken) -> bool {
        let audit = sample::audit_of(token.account, "reset-token.add");
        let event = sample::event(token.account, 0);
        self.any().add_reset_token(token, &audit, &event).await.expect("add_reset_token");
        true
    }

    async fn set_otp(&self, account: AccountId, enrollment: &OtpEnrollment) -> bool {
        let audit = sample::audit_of(account, "otp.set");
        self.any().set_otp(account, enrollment, &audit).await.expect("set_otp");
        true
    }

    fn administration(&self) -> Option<Arc<dyn AdministrationStore>> {
        match self.0.as_slice() {
            [only] => Some(Arc::clone(only)),
            _ => None,
        }
    }
}
