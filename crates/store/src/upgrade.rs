use repass_core::{Rehash, StoreError};
use sqlx::query;

use crate::hash_columns::bind_hash;
use crate::store::SqlStore;
use crate::transaction::WriteTransaction;

impl SqlStore {
    /// Puts the new hash in the place of the expected one, or undoes everything when that is not
    /// there any more.
    pub(crate) async fn upgrade_hash(&self, upgrade: &Rehash) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let replaced = self.replace_in_place(&mut transaction, upgrade).await?;
        if replaced {
            self.end(transaction, &upgrade.audit).await?;
        } else {
            self.undo(transaction).await?;
        }
        Ok(replaced)
    }

    async fn replace_in_place(
        &self,
        transaction: &mut WriteTransaction,
        upgrade: &Rehash,
    ) -> Result<bool, StoreError> {
        let Rehash { account, realm, user_id, expected_hash, hash, .. } = upgrade;
        if self.lock_named(transaction, *account, realm, user_id).await? != Some(true) {
            return Ok(false);
        }
        let foreign = self.accounts.foreign.as_ref();
        let expected = match foreign {
            None => self.replace_own_in_place(transaction, upgrade).await?,
            Some(_) => self.note_foreign_upgrade(transaction, upgrade).await?,
        };
        if !expected {
            return Ok(false);
        }
        self.write_audit(transaction, &upgrade.audit).await?;
        match foreign {
            None => Ok(true),
            Some(table) => {
                let expected = Some(expected_hash);
                self.write_foreign_hash(transaction, table, *account, expected, hash).await
            }
        }
    }

    async fn replace_own_in_place(
        &self,
        transaction: &mut WriteTransaction,
        upgrade: &Rehash,
    ) -> Result<bool, StoreError> {
        let replace = query(
            "UPDATE credentials SET hash = $1, normalisation = $2, pepper = $3
             WHERE account = $4 AND version = $5 AND hash = $6",
        );
        let replace = bind_hash(replace, &upgrade.hash)
            .bind(upgrade.account.to_string())
            .bind(upgrade.expected_version)
            .bind(upgrade.expected_hash.as_str().to_owned());
        Ok(self.write(transaction, replace).await? == 1)
    }
}
