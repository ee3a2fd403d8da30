use repass_core::{AccountBatch, AccountError, Imported};

use super::accounts::insert;
use crate::accounts::AccountsSource;
use crate::audit_and_events;
use crate::connection::Db;
use crate::failure::{Failure, Result};
use crate::store::SqliteStore;
use crate::writer::Outcome;

impl SqliteStore {
    pub(super) async fn import(
        &self,
        batch: &AccountBatch,
    ) -> std::result::Result<Vec<Imported>, AccountError> {
        if !self.keeps_accounts() {
            return Err(AccountError::KeptElsewhere);
        }
        let (accounts, batch) = (self.accounts(), batch.clone());
        Ok(self.write(move |db| import(db, &accounts, &batch)).await?)
    }
}

fn import(
    db: Db<'_>,
    accounts: &AccountsSource,
    batch: &AccountBatch,
) -> Result<Outcome<Vec<Imported>>> {
    let mut outcomes = Vec::with_capacity(batch.accounts.len());
    for found in &batch.accounts {
        let account = &found.account;
        if insert(db, account, found.credential.as_ref())? {
            outcomes.push(Imported::Added);
            continue;
        }
        let present = accounts.find(db, &account.realm, &account.user_id)?;
        let present = present.ok_or(Failure::Unstorable("an account was not added"))?;
        outcomes.push(Imported::Present(Box::new(present.account)));
    }
    let added = outcomes.iter().filter(|outcome| **outcome == Imported::Added).count();
    if batch.dry_run || added == 0 {
        return Ok(Outcome::Rollback(outcomes));
    }
    audit_and_events::write_audit(db, &batch.record(added))?;
    Ok(Outcome::Commit(outcomes))
}
