//! Rehashing: replacing a hash in place, where the password stays as it is.

use super::report::AuditContext;
use super::{PasswordChangeService, Proved};
use crate::{AuditRecord, ChangeError, NewPassword, Rehash};

impl PasswordChangeService {
    /// Puts a fresh hash of the proved password in the place of one that needs a rehash (OWASP, Password
    /// Storage). Where the old one does not [determine](crate::Hasher::determines) that password, it
    /// waits for a change: the proved text may not be the password that was set.
    ///
    /// Nobody has asked for it, so it never fails the try that it comes with: where the hasher is busy,
    /// or the store fails, it is replaced another time.
    pub(super) async fn rehash(&self, proved: Proved, audit: &AuditContext) {
        let account = proved.account.id;
        match self.replace_hash(proved, audit).await {
            Ok(()) | Err(ChangeError::Busy { .. }) => {}
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, %account, "a hash that needs a rehash was not replaced");
            }
        }
    }

    async fn replace_hash(&self, proved: Proved, audit: &AuditContext) -> Result<(), ChangeError> {
        let Proved { account, credential: Some(credential), password: Some(password), .. } = proved
        else {
            return Ok(());
        };
        if self.hasher.is_current(&credential.hash)
            || !self.hasher.determines(&credential.hash, &password)
        {
            return Ok(());
        }
        let hash = self.hasher.hash(NewPassword::proved(password)).await?;
        let at = self.now_in_store_precision();
        let record = AuditRecord {
            action: "password.rehash".to_owned(),
            ..self.audit_record(audit, at, "ok", None)?
        };
        let rehash = Rehash::new(&account, &credential, hash, record);
        // Where it was not the expected one any more, somebody else was faster.
        self.store.rehash(&rehash).await?;
        Ok(())
    }
}
