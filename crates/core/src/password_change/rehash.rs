//! Rehashing: replacing a stored hash by a new hash of the same password.

use super::report::AuditContext;
use super::{PasswordChangeService, Proved};
use crate::{AuditRecord, ChangeError, NewPassword, Rehash};

impl PasswordChangeService {
    /// Replaces a stored hash that needs a rehash by a new hash of the proved password (OWASP,
    /// Password Storage). A hash that does not [determine](crate::Hasher::determines) the password
    /// is kept until the next change, because the proved text may differ from the password that was
    /// set.
    ///
    /// A failed rehash does not fail the attempt; the next one tries again.
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
        // If the stored hash has changed concurrently, no rehash is needed.
        if self.store.rehash(&rehash).await? {
            self.counters.count(|status| status.rehashes += 1);
        }
        Ok(())
    }
}
