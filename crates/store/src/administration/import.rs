use std::collections::{HashMap, HashSet};

use repass_core::{
    Account, AccountBatch, AccountError, AccountId, AccountWithCredential, Imported, Realm,
    StoreError, UserId,
};
use sqlx::{AssertSqlSafe, query};

use super::accounts::profile_text;
use crate::failure::unstorable;
use crate::hash_columns::bind_hash;
use crate::row;
use crate::store::SqlStore;
use crate::transaction::WriteTransaction;

/// Accounts in one statement. SQLite takes 32,766 values in one, PostgreSQL 65,535.
const ROWS: usize = 100;

impl SqlStore {
    pub(super) async fn import_batch(
        &self,
        batch: &AccountBatch,
    ) -> Result<Vec<Imported>, AccountError> {
        if self.accounts.foreign.is_some() {
            return Err(AccountError::KeptElsewhere);
        }
        let mut transaction = self.begin().await?;
        let mut added = HashSet::new();
        let mut present = HashMap::new();
        for accounts in batch.accounts.chunks(ROWS) {
            let new = self.insert_accounts(&mut transaction, accounts).await?;
            let (new, others): (Vec<&AccountWithCredential>, Vec<&AccountWithCredential>) =
                accounts.iter().partition(|found| new.contains(&found.account.id));
            added.extend(new.iter().map(|found| found.account.id));
            self.insert_credentials(&mut transaction, &new).await?;
            let others: Vec<&UserId> = others.iter().map(|found| &found.account.user_id).collect();
            let others =
                self.accounts_within(&mut transaction, &batch.audit.realm, &others).await?;
            present.extend(others.into_iter().map(|account| (account.user_id.clone(), account)));
        }
        if batch.rehearsal || added.is_empty() {
            self.undo(transaction).await?;
        } else {
            let record = batch.record(added.len());
            self.write_audit(&mut transaction, &record).await?;
            self.end(transaction, &record).await?;
        }
        let outcome = |found: &AccountWithCredential| {
            if added.contains(&found.account.id) {
                return Ok(Imported::Added);
            }
            let present = present.get(&found.account.user_id).cloned();
            let present = present.ok_or(unstorable("an account was neither added nor present"))?;
            Ok(Imported::Present(Box::new(present)))
        };
        batch.accounts.iter().map(outcome).collect()
    }

    /// Inserts those of the accounts whose names are not taken, and says which.
    async fn insert_accounts(
        &self,
        transaction: &mut WriteTransaction,
        accounts: &[AccountWithCredential],
    ) -> Result<HashSet<AccountId>, StoreError> {
        let sql = format!(
            "INSERT INTO accounts (id, realm, user_id, email, username, profile, active,
                                   created_at, updated_at)
             VALUES {} ON CONFLICT (realm, user_id) DO NOTHING RETURNING id",
            rows(accounts.len(), 9),
        );
        let mut insert = query(AssertSqlSafe(sql));
        for AccountWithCredential { account, .. } in accounts {
            insert = insert
                .bind(account.id.to_string())
                .bind(account.realm.to_string())
                .bind(account.user_id.to_string())
                .bind(account.email.clone())
                .bind(account.username.clone())
                .bind(profile_text(&account.profile)?)
                .bind(account.active)
                .bind(account.created_at.as_microsecond())
                .bind(account.updated_at.as_microsecond());
        }
        self.rows_within(transaction, insert).await?.iter().map(row::account_id).collect()
    }

    async fn insert_credentials(
        &self,
        transaction: &mut WriteTransaction,
        accounts: &[&AccountWithCredential],
    ) -> Result<(), StoreError> {
        let credentials: Vec<_> = accounts
            .iter()
            .filter_map(|found| Some((found.account.id, found.credential.as_ref()?)))
            .collect();
        if credentials.is_empty() {
            return Ok(());
        }
        let sql = format!(
            "INSERT INTO credentials (hash, normalisation, pepper, account, version, changed_at)
             VALUES {}",
            rows(credentials.len(), 6),
        );
        let mut insert = query(AssertSqlSafe(sql));
        for (account, credential) in credentials {
            insert = bind_hash(insert, &credential.hash)
                .bind(account.to_string())
                .bind(credential.version)
                .bind(credential.changed_at.as_microsecond());
        }
        self.write(transaction, insert).await.map(drop)
    }

    /// The accounts of these user ids, with what `transaction` has written of them.
    async fn accounts_within(
        &self,
        transaction: &mut WriteTransaction,
        realm: &Realm,
        user_ids: &[&UserId],
    ) -> Result<Vec<Account>, StoreError> {
        if user_ids.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT {} FROM {} WHERE a.realm = $1 AND a.user_id IN ({})",
            self.accounts.columns,
            self.accounts.all,
            places(2, user_ids.len()),
        );
        let mut named = query(AssertSqlSafe(sql)).bind(realm.to_string());
        for user_id in user_ids {
            named = named.bind(user_id.to_string());
        }
        let found = self.rows_within(transaction, named).await?;
        found.iter().map(|row| row::account(row, &self.accounts)).collect()
    }
}

/// `($1, $2), ($3, $4)` for two rows of two columns.
fn rows(rows: usize, columns: usize) -> String {
    let row = |row: usize| format!("({})", places(row * columns + 1, columns));
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

/// `$2, $3, $4` for three values from the second on.
fn places(first: usize, values: usize) -> String {
    let place = |place| format!("${place}");
    (first..first + values).map(place).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_a_place_of_its_own() {
        assert_eq!(places(2, 3), "$2, $3, $4");
        assert_eq!(rows(1, 1), "($1)");
        assert_eq!(rows(2, 2), "($1, $2), ($3, $4)");
        assert!(rows(ROWS, 9).ends_with("$899, $900)"));
    }
}
