use repass_core::{Rehash, StoreError};

use crate::audit_and_events;
use crate::store::SqliteStore;
use crate::writer::Outcome;

impl SqliteStore {
    /// Replaces the expected hash. Returns `false` if it is not current or the account is inactive.
    pub(crate) async fn replace_in_place(&self, rehash: &Rehash) -> Result<bool, StoreError> {
        let (accounts, rehash) = (self.accounts(), rehash.clone());
        self.write(move |db| {
            let Rehash { account, realm, user_id, .. } = &rehash;
            let replaced = accounts.register(db, *account, realm, user_id)?
                && accounts.is_active(db, *account)? == Some(true)
                && accounts.rehash(db, &rehash)?;
            if !replaced {
                return Ok(Outcome::Rollback(false));
            }
            audit_and_events::write_audit(db, &rehash.audit)?;
            Ok(Outcome::Commit(true))
        })
        .await
    }
}
