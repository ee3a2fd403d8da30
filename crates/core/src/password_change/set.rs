//! Sets a password without a proof, for an operator.

use std::sync::Arc;

use super::report::AuditContext;
use super::{PasswordChangeService, Proved};
use crate::{ChangeError, Changed, Context, Plaintext};

impl PasswordChangeService {
    /// Sets the password of an active account, if the policy accepts it. Like a reset, it revokes
    /// all access tokens and reset tokens of the account and clears its failures.
    pub(crate) async fn set(
        &self,
        proved: Proved,
        password: Plaintext,
        caller: &str,
        context: &Context,
    ) -> Result<Changed, ChangeError> {
        let realm = proved.account.realm.clone();
        let mut audit = AuditContext::of(realm, "password.set", caller.to_owned(), context);
        audit.account = Some(proved.account.id);
        match self.try_set(proved, password, &audit).await {
            Ok(changed) => Ok(changed),
            Err(error) => Err(self.finish(audit, error).await),
        }
    }

    async fn try_set(
        &self,
        mut proved: Proved,
        password: Plaintext,
        audit: &AuditContext,
    ) -> Result<Changed, ChangeError> {
        if !proved.account.active {
            return Err(ChangeError::Inactive);
        }
        let password = self.accept(&mut proved, Arc::new(password), audit).await?;
        let hash = self.hasher.hash(password).await?;
        self.commit(proved, hash, None, audit).await
    }
}
