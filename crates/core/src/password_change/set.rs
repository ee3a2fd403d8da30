//! Sets a password without a proof, for an operator.

use std::sync::Arc;

use super::report::AuditContext;
use super::{PasswordChangeService, Proved};
use crate::{AccountWithCredential, ChangeError, Changed, Context, Plaintext, Realm};

impl PasswordChangeService {
    /// Sets the password of an active account, if the policy accepts it. Like a reset, it revokes
    /// all access tokens and reset tokens of the account and clears its failures.
    pub(crate) async fn set(
        &self,
        realm: &Realm,
        found: AccountWithCredential,
        password: Plaintext,
        caller: &str,
        context: &Context,
    ) -> Result<Changed, ChangeError> {
        let mut audit = AuditContext::of(realm.clone(), "password.set", caller.to_owned(), context);
        audit.account = Some(found.account.id);
        match self.try_set(found, password, &audit).await {
            Ok(changed) => Ok(changed),
            Err(error) => Err(self.finish(audit, error).await),
        }
    }

    async fn try_set(
        &self,
        found: AccountWithCredential,
        password: Plaintext,
        audit: &AuditContext,
    ) -> Result<Changed, ChangeError> {
        if !found.account.active {
            return Err(ChangeError::Inactive);
        }
        let mut proved = Proved::without_password(found, None);
        let password = self.accept(&mut proved, Arc::new(password), audit).await?;
        let hash = self.hasher.hash(password).await?;
        self.commit(proved, hash, None, audit).await
    }
}
