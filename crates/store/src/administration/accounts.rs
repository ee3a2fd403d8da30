use repass_core::{
    Account, AccountError, AccountFilter, AccountId, AuditRecord, HashedPassword, Profile, Realm,
    StoreError,
};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, query};

use crate::accounts_source::AccountsSource;
use crate::commit::{access_tokens_cut_off, reset_tokens_voided};
use crate::failure::unstorable;
use crate::hash_columns::bind_hash;
use crate::row;
use crate::store::SqlStore;

impl SqlStore {
    pub(super) async fn insert_account(
        &self,
        account: &Account,
        hash: Option<&HashedPassword>,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        if self.accounts.foreign.is_some() {
            return Err(AccountError::KeptElsewhere);
        }
        let profile = profile_text(&account.profile)?;
        let mut transaction = self.begin().await?;
        let insert = query(
            "INSERT INTO accounts (id, realm, user_id, email, username, profile, active,
                                   created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (realm, user_id) DO NOTHING",
        )
        .bind(account.id.to_string())
        .bind(account.realm.as_str())
        .bind(account.user_id.as_str())
        .bind(account.email.clone())
        .bind(account.username.clone())
        .bind(profile)
        .bind(account.active)
        .bind(account.created_at.as_microsecond())
        .bind(account.updated_at.as_microsecond());
        if self.write(&mut transaction, insert).await? == 0 {
            return Err(AccountError::Exists);
        }
        if let Some(hash) = hash {
            let insert = query(
                "INSERT INTO credentials (hash, normalisation, pepper, account, version, changed_at)
                 VALUES ($1, $2, $3, $4, 1, $5)",
            );
            let insert = bind_hash(insert, hash)
                .bind(account.id.to_string())
                .bind(account.created_at.as_microsecond());
            self.write(&mut transaction, insert).await?;
        }
        self.write_audit(&mut transaction, audit).await?;
        Ok(self.end(transaction, audit).await?)
    }

    pub(super) async fn list_accounts(
        &self,
        filter: &AccountFilter,
    ) -> Result<Vec<Account>, StoreError> {
        // No realm is empty, so every account comes after that.
        let after = filter.after.as_ref();
        let mut after = after.map_or((String::new(), String::new()), |(realm, user_id)| {
            (realm.to_string(), user_id.to_string())
        });
        let limit = filter.limit as usize;
        let mut listed = Vec::new();
        loop {
            let asked = limit - listed.len();
            let page = self.page_of_accounts(filter.realm.as_ref(), &after, asked).await?;
            for found in &page {
                after = row::names(found)?;
                // A mapped table may have rows that can be no accounts.
                if self.accounts.foreign.is_none() || row::is_account(found) {
                    listed.push(row::account(found, &self.accounts)?);
                }
            }
            if page.len() < asked || listed.len() == limit {
                return Ok(listed);
            }
        }
    }

    async fn page_of_accounts(
        &self,
        within: Option<&Realm>,
        (realm, user_id): &(String, String),
        limit: usize,
    ) -> Result<Vec<AnyRow>, StoreError> {
        let AccountsSource { columns, all, realm: of_realm, user_id: named, .. } = &*self.accounts;
        let condition = within.map_or(String::new(), |_| format!("AND {of_realm} = $4"));
        let select = format!(
            "SELECT {columns} FROM {all}
             WHERE ({of_realm}, {named}) > ($1, $2) AND {named} IS NOT NULL {condition}
             ORDER BY {of_realm}, {named} LIMIT $3",
        );
        let page = query(AssertSqlSafe(select)).bind(realm.clone()).bind(user_id.clone());
        let page = page.bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let page = match within {
            None => page,
            Some(realm) => page.bind(realm.as_str()),
        };
        self.rows(page).await
    }

    pub(crate) async fn account_by_id(
        &self,
        account: AccountId,
    ) -> Result<Option<Account>, StoreError> {
        let source = &*self.accounts;
        let AccountsSource { columns, join, .. } = source;
        let select = format!("SELECT {columns} FROM accounts a {join} WHERE a.id = $1");
        let found = query(AssertSqlSafe(select)).bind(account.to_string());
        self.row(found).await?.map(|found| row::account(&found, source)).transpose()
    }

    pub(super) async fn activate(
        &self,
        account: AccountId,
        active: bool,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        let mut transaction = self.begin().await?;
        if self.lock_account(&mut transaction, account).await?.is_none() {
            return Err(AccountError::Unknown);
        }
        let update = query("UPDATE accounts SET active = $1, updated_at = $2 WHERE id = $3")
            .bind(active)
            .bind(audit.at.as_microsecond())
            .bind(account.to_string());
        self.write(&mut transaction, update).await?;
        if !active {
            let cut_off = access_tokens_cut_off(account, None, audit.at);
            let voided = reset_tokens_voided(account, audit.at);
            for effect in cut_off.into_iter().chain([voided]) {
                self.effect(&mut transaction, effect).await?;
            }
        }
        self.write_audit(&mut transaction, audit).await?;
        if let Some(table) = &self.accounts.foreign {
            self.write_foreign_active(&mut transaction, table, account, active).await?;
        }
        Ok(self.end(transaction, audit).await?)
    }
}

/// The profile as JSON that can be read again: what nests too deep for the reader is refused here,
/// not found out when the account signs in.
pub(super) fn profile_text(profile: &Profile) -> Result<String, StoreError> {
    let text = serde_json::to_string(profile)
        .map_err(|_| unstorable("the profile's attributes make no JSON"))?;
    serde_json::from_str::<Profile>(&text)
        .map_err(|_| unstorable("the profile's attributes nest too deep"))?;
    Ok(text)
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
        assert!(profile_text(&profile).is_ok());
        profile.attributes.insert("deep".to_owned(), nested(200));
        assert!(profile_text(&profile).is_err());
    }
}
