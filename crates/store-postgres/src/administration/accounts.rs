use repass_core::{
    Account, AccountError, AccountFilter, AccountId, AttemptKey, AuditRecord, Email,
    HashedPassword, Profile, StoreError,
};
use serde_json::Value as JsonValue;

use crate::accounts_source::{AccountsSource, list_key};
use crate::change::{ALLOWED, Change, account_locked};
use crate::commit::done;
use crate::failure::unstorable;
use crate::query::Query;
use crate::row::{self, get};
use crate::store::PostgresStore;

impl PostgresStore {
    pub(super) async fn insert_account(
        &self,
        account: &Account,
        hash: Option<&HashedPassword>,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        if !self.keeps_accounts() {
            return Err(AccountError::KeptElsewhere);
        }
        let mut change = Change::new(account.id, account.created_at, audit);
        let (id, created_at) = (change.account.clone(), change.at.clone());
        let values = [
            change.value(account.realm.as_str()),
            change.value(account.user_id.as_str()),
            change.value(account.email.as_ref().map(Email::to_string)),
            change.value(account.username.clone()),
            change.value(profile_json(&account.profile)?),
            change.value(account.active),
            change.value(account.updated_at),
            change.value(list_key(account.realm.as_str(), account.user_id.as_str())),
            change.value(hash.map(|hash| hash.as_str().to_owned())),
            change.value(hash.map(|hash| hash.normalization().as_str().to_owned())),
            change.value(hash.and_then(HashedPassword::pepper)),
            change.value(hash.map(|_| 1)),
            change.value(hash.map(|_| account.created_at)),
        ];
        let insert = format!(
            "INSERT INTO @accounts (id, created_at, realm, user_id, email, username, profile, active,
                                    updated_at, list_key, hash, normalization, pepper, version,
                                    changed_at)
             SELECT {id}, {created_at}, {} WHERE {} ON CONFLICT (realm, user_id) DO NOTHING RETURNING 1",
            values.join(", "),
            change.unrecorded,
        );
        change.part("allowed", insert);
        let change = change.finish(audit)?;
        match self.change([], change, audit).await? {
            Some(reply) if !done(&reply)? => Err(AccountError::Exists),
            _ => Ok(()),
        }
    }

    pub(super) async fn list_accounts(
        &self,
        filter: &AccountFilter,
    ) -> Result<Vec<Account>, StoreError> {
        let source = self.accounts();
        let after = filter.after.as_ref();
        let mut after = after
            .map_or_else(Vec::new, |(realm, user_id)| list_key(realm.as_str(), user_id.as_str()));
        let limit = filter.limit as usize;
        let mut listed = Vec::new();
        loop {
            let asked = limit - listed.len();
            let page = i64::try_from(asked).unwrap_or(i64::MAX);
            let page = self.rows(&source.page(filter, after.clone(), page)).await?;
            for found in &page {
                after = list_key(get(found, "realm")?, get(found, "user_id")?);
                // A mapped table may have rows that can be no accounts.
                if source.mapped.is_none() || row::names(found).is_some() {
                    listed.push(source.account(found)?);
                }
            }
            if page.len() < asked || listed.len() == limit {
                return Ok(listed);
            }
        }
    }

    pub(super) async fn activate(
        &self,
        account: AccountId,
        active: bool,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        let source = self.accounts();
        if let Some(table) = &source.mapped {
            return self.set_active_mapped(&source, table, account, active, audit).await;
        }
        let change = activation(&source, account, active, audit)?;
        self.account_change([account_locked(account)], change, audit).await
    }

    pub(super) async fn clear_attempts(
        &self,
        account: AccountId,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        let key = AttemptKey::account(account);
        let mut change = Change::new(account, audit.at, audit);
        change.begin(&self.accounts());
        let row = change.value(key.as_bytes());
        change.part("cleared", format!("DELETE FROM @attempts WHERE key = {row} AND {ALLOWED}"));
        let change = change.finish(audit)?;
        self.account_change([account_locked(account)], change, audit).await
    }

    /// Makes a change that happens if there is such an account.
    pub(super) async fn account_change(
        &self,
        locks: impl IntoIterator<Item = Query>,
        change: Query,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        match self.change(locks, change, audit).await? {
            Some(reply) if !done(&reply)? => Err(AccountError::Unknown),
            _ => Ok(()),
        }
    }
}

/// Activates or deactivates an account, as far as repass's own tables say so.
pub(crate) fn activation(
    source: &AccountsSource,
    account: AccountId,
    active: bool,
    audit: &AuditRecord,
) -> Result<Query, StoreError> {
    let mut change = Change::new(account, audit.at, audit);
    change.begin(source);
    let (at, value) = (change.at.clone(), change.value(active));
    let mut columns = vec![format!("active = {value}"), format!("updated_at = {at}")];
    if !active {
        columns.extend(change.cut_off(None));
        change.access_tokens_revoked(None);
        change.reset_tokens_voided();
    }
    change.account_set(&columns);
    change.finish(audit)
}

/// The profile as JSON that can be read again: what nests too deep for the reader is refused here,
/// not found out when the account signs in.
pub(super) fn profile_json(profile: &Profile) -> Result<JsonValue, StoreError> {
    let text = serde_json::to_string(profile)
        .map_err(|_| unstorable("the profile's attributes make no JSON"))?;
    serde_json::from_str::<Profile>(&text)
        .map_err(|_| unstorable("the profile's attributes nest too deep"))?;
    serde_json::to_value(profile).map_err(|_| unstorable("the profile's attributes make no JSON"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn profiles_that_could_not_be_read_again_are_refused() {
        let nested = |depth| (0..depth).fold(json!("bottom"), |inner, _| Value::Array(vec![inner]));
        let mut profile = Profile::default();
        profile.attributes.insert("deep".to_owned(), nested(100));
        assert!(profile_json(&profile).is_ok());
        profile.attributes.insert("deep".to_owned(), nested(200));
        assert!(profile_json(&profile).is_err());
    }
}
