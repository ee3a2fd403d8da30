use std::collections::{HashMap, HashSet};

use repass_core::{
    Account, AccountBatch, AccountError, AccountId, AccountWithCredential, Email, HashedPassword,
    Imported, Realm, StoreError,
};
use uuid::Uuid;

use super::accounts::{name_keys, profile_json};
use crate::accounts_source::list_key;
use crate::audit::insert_audit;
use crate::failure::unstorable;
use crate::query::Query;
use crate::row::{self, get};
use crate::store::PostgresStore;
use crate::transaction::{Durability, Transaction};

/// Accounts per statement, which has at most 65,535 parameters.
const ROWS: usize = 100;

impl PostgresStore {
    pub(super) async fn import_batch(
        &self,
        batch: &AccountBatch,
    ) -> Result<Vec<Imported>, AccountError> {
        if !self.keeps_accounts() {
            return Err(AccountError::KeptElsewhere);
        }
        let mut transaction = self.begin(Durability::Immediate).await?;
        let mut added = HashSet::new();
        let mut present = HashMap::new();
        let mut accounts: Vec<&AccountWithCredential> = batch.accounts.iter().collect();
        // In one order, so that concurrent imports wait for each other and do not deadlock.
        accounts.sort_by_key(|found| &found.account.user_id);
        for accounts in accounts.chunks(ROWS) {
            let new = transaction.run_one(inserted_accounts(accounts)?).await?;
            let new: HashSet<AccountId> = new
                .rows
                .iter()
                .map(|row| Ok(AccountId(get::<Uuid>(row, "id")?)))
                .collect::<Result<_, StoreError>>()?;
            let others = accounts.iter().copied();
            let others: Vec<_> = others.filter(|found| !new.contains(&found.account.id)).collect();
            added.extend(new);
            let others = accounts_within(&mut transaction, &batch.audit.realm, &others).await?;
            present.extend(others.into_iter().map(|account| (account.user_id.clone(), account)));
        }
        if batch.dry_run || added.is_empty() {
            transaction.rollback().await?;
        } else {
            let record = batch.record(added.len());
            // Before COMMIT, so that the lookup of a lost commit waits for this transaction.
            transaction.run_one(insert_audit(&record, "")?).await?;
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

/// Inserts the accounts whose realm and user id are not taken, and returns their ids.
fn inserted_accounts(accounts: &[&AccountWithCredential]) -> Result<Query, StoreError> {
    let mut query = Query::default();
    let mut rows = Vec::with_capacity(accounts.len());
    for AccountWithCredential { account, credential, .. } in accounts {
        let (credential, hash) =
            (credential.as_ref(), credential.as_ref().map(|credential| &credential.hash));
        let [email_key, username_key] = name_keys(account);
        let values = [
            query.value(account.id),
            query.value(account.realm.as_str()),
            query.value(account.user_id.as_str()),
            query.value(account.email.as_ref().map(Email::to_string)),
            query.value(account.username.clone()),
            query.value(email_key),
            query.value(username_key),
            query.value(profile_json(&account.profile)?),
            query.value(account.active),
            query.value(account.created_at),
            query.value(account.updated_at),
            query.value(list_key(account.realm.as_str(), account.user_id.as_str())),
            query.value(hash.map(|hash| hash.as_str().to_owned())),
            query.value(hash.map(|hash| hash.normalization().as_str().to_owned())),
            query.value(hash.and_then(HashedPassword::pepper)),
            query.value(credential.map(|credential| credential.version)),
            query.value(credential.map(|credential| credential.changed_at)),
        ];
        rows.push(format!("({})", values.join(", ")));
    }
    Ok(query.with_sql(format!(
        "INSERT INTO @accounts (id, realm, user_id, email, username, email_key, username_key,
                                profile, active, created_at, updated_at, list_key, hash,
                                normalization, pepper, version, changed_at)
         VALUES {} ON CONFLICT (realm, user_id) DO NOTHING RETURNING id",
        rows.join(", "),
    )))
}

/// Returns the accounts of these user ids, including those that `transaction` inserted.
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
