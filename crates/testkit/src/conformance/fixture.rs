use std::sync::Arc;

use async_trait::async_trait;
use repass_core::{
    Account, AccountError, AccountId, AdministrationStore, CredentialStore, HashedPassword,
    OlderTokens, OtpEnrollment, Randomness, ResetToken, SystemRandomness,
};

use super::sample;

/// A store under test. The fixture adds the rows that [`CredentialStore`] has no method for.
#[async_trait]
pub trait Fixture: Send + Sync {
    /// Returns the store.
    fn store(&self) -> Arc<dyn CredentialStore>;

    /// Adds an account to the store, with its first credential (version 1, changed at the
    /// account's `created_at`) when `hash` is given. Other accounts may have its e-mail address and
    /// user name.
    ///
    /// # Panics
    /// When the account cannot be added.
    async fn add_account(&self, account: &Account, hash: Option<&HashedPassword>);

    /// Adds a reset token to the store and voids the account's earlier ones, as
    /// [`AdministrationStore::add_reset_token`] does. Returns whether the store supports reset
    /// tokens. The default returns `false`, and the checks of reset tokens are skipped.
    ///
    /// # Panics
    /// When the token cannot be added.
    async fn add_reset_token(&self, token: &ResetToken) -> bool {
        let _ = token;
        false
    }

    /// Replaces the one-time password enrollment of an account. Returns whether the store supports
    /// one-time passwords. The default returns `false`, and their checks are skipped.
    ///
    /// # Panics
    /// When the enrollment cannot be replaced.
    async fn set_otp(&self, account: AccountId, enrollment: &OtpEnrollment) -> bool {
        let _ = (account, enrollment);
        false
    }

    /// Returns the same store as an [`AdministrationStore`]. The default returns `None`, and the
    /// checks of that trait are skipped.
    fn administration(&self) -> Option<Arc<dyn AdministrationStore>> {
        None
    }
}

/// The fixture for any [`AdministrationStore`].
pub struct AdministrationFixture(Vec<Arc<dyn AdministrationStore>>);

impl AdministrationFixture {
    /// Creates a fixture that runs every check on one store.
    pub fn new(store: Arc<dyn AdministrationStore>) -> Self {
        Self(vec![store])
    }

    /// Creates a fixture that runs the checks of a [`CredentialStore`] on the nodes of a cluster,
    /// which share one database. Each call uses a random node.
    pub fn for_nodes(nodes: impl IntoIterator<Item = Arc<dyn AdministrationStore>>) -> Self {
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
        let (audit, store) = (sample::audit(account, "account.add"), self.any());
        match store.add_account(account, hash, &audit).await {
            // Only accounts of another system can share names.
            Err(AccountError::NameTaken { .. }) => {
                let batch = sample::batch(account, hash);
                store.import_accounts(&batch).await.expect("import_accounts");
            }
            added => added.expect("add_account"),
        }
    }

    async fn add_reset_token(&self, token: &ResetToken) -> bool {
        let audit = sample::audit_for_id(token.account, "reset-token.add");
        let event = sample::event(token.account, 0);
        self.any()
            .add_reset_token(token, OlderTokens::Void, &audit, &event)
            .await
            .expect("add_reset_token");
        true
    }

    async fn set_otp(&self, account: AccountId, enrollment: &OtpEnrollment) -> bool {
        let audit = sample::audit_for_id(account, "otp.set");
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
