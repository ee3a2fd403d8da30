use std::collections::{HashMap, HashSet};

use repass_core::{
    Account, AccountBatch, AccountError, AccountId, AccountWithCredential, Email, Imported, Realm,
    StoreError,
};
use uuid::Uuid;

use super::accounts::profile_json;
use crate::accounts_source::list_key;
use crate::audit::audit_written;
use crate::failure::unstorable;
use crate::query::Query;
use crate::row::{self, get};
use crate::store::PostgresStore;
use crate::transaction::{Durability, Transaction};

/// Accounts in one statement, which takes at most 65,535 values.
const ROWS: usize = 100;

impl PostgresStore {
    pub(super) async fn import_batch(
        &self,
        batch: &AccountBatch,
    ) -> Result<Vec<Imported>, AccountError> {
        if !self.keeps_accounts() {
            return Err(AccountError::KeptElsewhere);
        }
        let mut transaction = self.begin(Durability::Power).await?;
        let mut added = HashSet::new();
        let mut present = HashMap::new();
        for accounts in batch.accounts.chunks(ROWS) {
            let new = transaction.run_one(inserted_accounts(accounts)?).await?;
            let new: HashSet<AccountId> = new
                .rows
                .iter()
                .map(|row| Ok(AccountId(get::<Uuid>(row, "id")?)))
                .collect::<Result<_, StoreError>>()?;
            let (new, others): (Vec<&AccountWithCredential>, Vec<&AccountWithCredential>) =
                accounts.iter().partition(|found| new.contains(&found.account.id));
            added.extend(new.iter().map(|found| found.account.id));
            if let Some(insert) = inserted_credentials(&new) {
                transaction.run_one(insert).await?;
            }
            let others = accounts_within(&mut transaction, &batch.audit.realm, &others).await?;
            present.extend(others.into_iter().map(|account| (account.user_id.clone(), account)));
        }
        if batch.rehearsal || added.is_empty() {
            transaction.rollback().await?;
        } else {
            let record = batch.record(added.len());
            // Before the commit, so that whoever looks for it waits until the server is done.
            transaction.run_one(audit_written(&record, "")?).await?;
            transaction.commit(&[], Some(&record)).await?;
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
}

/// Inserts those of the accounts whose names are not taken, and returns their ids.
fn inserted_accounts(accounts: &[AccountWithCredential]) -> Result<Query, StoreError> {
    let mut query = Query::default();
    let mut rows = Vec::with_capacity(accounts.len());
    for AccountWithCredential { account, .. } in accounts {
        let values = [
            query.value(account.id),
            query.value(account.realm.as_str()),
            query.value(account.user_id.as_str()),
            query.value(account.email.as_ref().map(Email::to_string)),
            query.value(account.username.clone()),
            query.value(profile_json(&account.profile)?),
            query.value(account.active),
            query.value(account.created_at),
            query.value(account.updated_at),
            query.value(list_key(account.realm.as_str(), account.user_id.as_str())),
        ];
        rows.push(format!("({})", values.join(", ")));
    }
    Ok(query.with_sql(format!(
        "INSERT INTO @accounts (id, realm, user_id, email, username, profile, active, created_at,
                                updated_at, list_key)
         VALUES {} ON CONFLICT (realm, user_id) DO NOTHING RETURNING id",
        rows.join(", "),
    )))
}

fn inserted_credentials(accounts: &[&AccountWithCredential]) -> Option<Query> {
    let mut query = Query::default();
    let mut rows = Vec::with_capacity(accounts.len());
    for AccountWithCredential { account, credential } in accounts {
        let Some(credential) = credential else { continue };
        let values = [
            query.value(account.id),
            query.value(credential.hash.as_str()),
            query.value(credential.hash.normalisation().as_str()),
            query.value(credential.hash.pepper()),
            query.value(credential.version),
            query.value(credential.changed_at),
        ];
        rows.push(format!("({})", values.join(", ")));
    }
    let insert = || {
        query.with_sql(format!(
            "INSERT INTO @credentials (account, hash, normalisation, pepper, version, changed_at)
             VALUES {}",
            rows.join(", "),
        ))
    };
    (!rows.is_empty()).then(insert)
}

/// The accounts of these user ids, with what `transaction` has written of them.
async fn accounts_within(
    transaction: &mut Transaction<'_>,
    realm: &Realm,
    accounts: &[&AccountWithCredential],
) -> Result<Vec<Account>, StoreError> {
    if accounts.is_empty() {
        return Ok(Vec::new());
    }
    let user_ids: Vec<String> =
        accounts.iter().map(|found| found.account.user_id.to_string()).collect();
    let named = Query::new("SELECT * FROM @accounts WHERE realm = $1 AND user_id = ANY ($2)");
    let found = transaction.run_one(named.bind(realm.as_str()).bind(user_ids)).await?;
    found.rows.iter().map(row::account).collect()
}
