use jiff::Timestamp;
use repass_core::{
    Account, AccountError, AccountFilter, AccountId, AccountWithCredential, AttemptKey,
    AuditRecord, Email, HashedPassword, NameKind, Profile, StoreError,
};
use serde_json::Value as JsonValue;
use uuid::Uuid;

use crate::accounts_source::{AccountsSource, list_key};
use crate::change::{ALLOWED, Change, lock_account};
use crate::commit::done;
use crate::connections::Reply;
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
        let [email_key, username_key] = name_keys(account);
        let values = [
            change.value(account.realm.as_str()),
            change.value(account.user_id.as_str()),
            change.value(account.email.as_ref().map(Email::to_string)),
            change.value(account.username.clone()),
            change.value(email_key),
            change.value(username_key),
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
            "INSERT INTO @accounts (id, created_at, realm, user_id, email, username, email_key,
                                    username_key, profile, active, updated_at, list_key, hash,
                                    normalization, pepper, version, changed_at)
             SELECT {id}, {created_at}, {} WHERE {} AND NOT EXISTS (SELECT 1 FROM taken)
             ON CONFLICT (realm, user_id) DO NOTHING RETURNING 1",
            values.join(", "),
            change.unrecorded,
        );
        let [realm, user_id, _, _, email_key, username_key, ..] = &values;
        // A second account of the user id is refused for this reason, even if the names are taken.
        let same =
            format!("SELECT id FROM @accounts WHERE realm = {realm} AND user_id = {user_id}");
        change.cte("same", same);
        change.cte(
            "taken",
            format!(
                "SELECT id, COALESCE(email_key = {email_key}, FALSE) AS is_email FROM @accounts
                 WHERE realm = {realm} AND NOT EXISTS (SELECT 1 FROM same)
                   AND (email_key = {email_key} OR username_key = {username_key})
                 ORDER BY is_email DESC LIMIT 1"
            ),
        );
        change.cte("allowed", insert);
        let change = change.finish_with(audit, TAKEN, "")?;
        match self.change(lock_names(account), change, audit).await? {
            Some(reply) if !done(&reply)? => Err(taken(&reply)?.unwrap_or(AccountError::Exists)),
            _ => Ok(()),
        }
    }

    pub(super) async fn list_accounts(
        &self,
        filter: &AccountFilter,
    ) -> Result<Vec<AccountWithCredential>, StoreError> {
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
                // Rows without a valid realm or user id are not accounts.
                if source.mapped.is_none() || row::realm_and_user_id(found).is_some() {
                    listed.push(source.with_credential(found)?);
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
        self.account_change([lock_account(account)], change, audit).await
    }

    pub(super) async fn edit_account(
        &self,
        old: &Account,
        new: &Account,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        if !self.keeps_accounts() {
            return Err(AccountError::KeptElsewhere);
        }
        let mut change = Change::new(new.id, audit.at, audit);
        let (id, expected) = (change.account.clone(), change.value(old.updated_at));
        let [email_key, username_key] = name_keys(new).map(|key| change.value(key));
        let known = format!(
            "SELECT realm, updated_at, email_key, username_key FROM @accounts WHERE id = {id}"
        );
        change.cte("known", known);
        let new_name = |key: &str, value: &str| {
            let is_same = format!("other.{key} = {value} AND known.{key} IS DISTINCT FROM {value}");
            format!("COALESCE({is_same}, FALSE)")
        };
        let (email, username) =
            (new_name("email_key", &email_key), new_name("username_key", &username_key));
        change.cte(
            "taken",
            format!(
                "SELECT other.id, {email} AS is_email FROM @accounts AS other, known
                 WHERE other.realm = known.realm AND other.id <> {id} AND ({email} OR {username})
                 ORDER BY is_email DESC LIMIT 1"
            ),
        );
        let allowed = format!(
            "SELECT 1 FROM known WHERE updated_at = {expected} AND {}
             AND NOT EXISTS (SELECT 1 FROM taken)",
            change.unrecorded
        );
        change.cte("allowed", allowed);
        let mut columns = vec![
            format!("email = {}", change.value(new.email.as_ref().map(Email::to_string))),
            format!("username = {}", change.value(new.username.clone())),
            format!("email_key = {email_key}"),
            format!("username_key = {username_key}"),
            format!("profile = {}", change.value(profile_json(&new.profile)?)),
            format!("active = {}", change.value(new.active)),
            format!("updated_at = GREATEST(updated_at + INTERVAL '1 microsecond', {})", change.at),
        ];
        if old.active && !new.active {
            columns.extend(end_tokens(&mut change));
        }
        change.update_account(&columns);
        let columns = format!(
            "EXISTS (SELECT 1 FROM known) AS known,
             EXISTS (SELECT 1 FROM known WHERE updated_at = {expected}) AS unchanged, {TAKEN}"
        );
        let change = change.finish_with(audit, &columns, "")?;
        let locks = lock_names(new).into_iter().chain([lock_account(new.id)]);
        let Some(reply) = self.change(locks, change, audit).await? else { return Ok(()) };
        if done(&reply)? {
            return Ok(());
        }
        let is =
            |column| reply.rows.first().is_some_and(|row| get(row, column).unwrap_or_default());
        Err(match (is("known"), is("unchanged")) {
            (false, _) => AccountError::Unknown,
            (true, false) => AccountError::Changed,
            (true, true) => taken(&reply)?.unwrap_or(AccountError::Changed),
        })
    }

    /// Deletes the account; foreign keys delete the rows of other tables that refer to it.
    pub(super) async fn remove_account(
        &self,
        account: AccountId,
        unchanged_since: Option<Timestamp>,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        if !self.keeps_accounts() {
            return Err(AccountError::KeptElsewhere);
        }
        let mut change = Change::new(account, audit.at, audit);
        let (id, since) = (change.account.clone(), change.value(unchanged_since));
        change.cte("known", format!("SELECT updated_at FROM @accounts WHERE id = {id}"));
        let unchanged = format!(
            "SELECT 1 FROM known WHERE updated_at = COALESCE({since}, updated_at) AND {}",
            change.unrecorded
        );
        change.cte("allowed", unchanged);
        let key = change.value(AttemptKey::account(account).as_bytes());
        for (name, rows) in [
            ("attempts_deleted", format!("@attempts WHERE key = {key}")),
            ("events_deleted", format!("@events WHERE account = {id}")),
            ("account_deleted", format!("@accounts WHERE id = {id}")),
        ] {
            change.cte(name, format!("DELETE FROM {rows} AND {ALLOWED}"));
        }
        let change = change.finish_with(audit, "EXISTS (SELECT 1 FROM known) AS known,", "")?;
        let reply = self.change([lock_account(account)], change, audit).await?;
        let Some(reply) = reply else { return Ok(()) };
        if done(&reply)? {
            return Ok(());
        }
        let is_known = reply.rows.first().is_some_and(|row| get(row, "known").unwrap_or_default());
        Err(if is_known { AccountError::Changed } else { AccountError::Unknown })
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
        change.cte(
            "attempts_cleared",
            format!("DELETE FROM @attempts WHERE key = {row} AND {ALLOWED}"),
        );
        let change = change.finish(audit)?;
        self.account_change([lock_account(account)], change, audit).await
    }

    /// Runs a change. Fails if the account does not exist.
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

/// Returns the change that activates or deactivates an account in repass's own tables.
pub(crate) fn activation(
    source: &AccountsSource,
    account: AccountId,
    active: bool,
    audit: &AuditRecord,
) -> Result<Query, StoreError> {
    let mut change = Change::new(account, audit.at, audit);
    change.begin(source);
    let (at, value) = (change.at.clone(), change.value(active));
    let mut columns =
        vec![format!("active = {value}"), format!("updated_at = GREATEST(updated_at, {at})")];
    if !active {
        columns.extend(end_tokens(&mut change));
    }
    change.update_account(&columns);
    change.finish(audit)
}

/// Revokes the access tokens of a deactivated account, and voids its reset tokens. Returns the
/// assignments to columns of the account.
fn end_tokens(change: &mut Change) -> Vec<String> {
    change.revoke_access_tokens(None);
    change.void_reset_tokens();
    change.revocation_columns(None)
}

/// Returns the values of `email_key` and `username_key`.
pub(super) fn name_keys(account: &Account) -> [Option<String>; 2] {
    NameKind::ALL.map(|kind| kind.key(account))
}

/// Locks the names of the account until the end of the transaction: another transaction that inserts
/// the same keys waits for its end. In one order, so that two transactions do not wait for each other.
fn lock_names(account: &Account) -> [Query; 2] {
    let realm = account.realm.as_str();
    let keys = NameKind::ALL
        .into_iter()
        .filter_map(|kind| kind.key(account).map(|key| format!("{realm} {kind} {key}")));
    let keys: Vec<String> = keys.collect();
    let insert =
        "INSERT INTO @name_locks (key) SELECT key FROM unnest($1::text[]) AS key ORDER BY key";
    let delete = "DELETE FROM @name_locks WHERE key = ANY ($1::text[])";
    [Query::new(insert).bind(keys.clone()), Query::new(delete).bind(keys)]
}

/// The columns of a result that [`taken`] reads.
const TAKEN: &str =
    "(SELECT id FROM taken) AS taken_by, (SELECT is_email FROM taken) AS taken_email,";

/// Returns the error if a name is that of another account.
fn taken(reply: &Reply) -> Result<Option<AccountError>, StoreError> {
    let Some(row) = reply.rows.first() else { return Ok(None) };
    let Some(by) = get::<Option<Uuid>>(row, "taken_by")? else { return Ok(None) };
    let is_email: Option<bool> = get(row, "taken_email")?;
    let kind = if is_email == Some(true) { NameKind::Email } else { NameKind::Username };
    Ok(Some(AccountError::NameTaken { kind, by: AccountId(by) }))
}

/// Converts a profile to JSON, and checks that it can be read back: JSON that is nested too deeply
/// is refused here.
pub(super) fn profile_json(profile: &Profile) -> Result<JsonValue, StoreError> {
    let text = serde_json::to_string(profile)
        .map_err(|_| unstorable("the profile's attributes cannot be written as JSON"))?;
    serde_json::from_str::<Profile>(&text)
        .map_err(|_| unstorable("the profile's attributes are nested too deeply"))?;
    serde_json::to_value(profile)
        .map_err(|_| unstorable("the profile's attributes cannot be written as JSON"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn profiles_that_cannot_be_read_back_are_refused() {
        let nested = |depth| (0..depth).fold(json!("bottom"), |inner, _| Value::Array(vec![inner]));
        let mut profile = Profile::default();
        profile.attributes.insert("deep".to_owned(), nested(100));
        assert!(profile_json(&profile).is_ok());
        profile.attributes.insert("deep".to_owned(), nested(200));
        assert!(profile_json(&profile).is_err());
    }
}
