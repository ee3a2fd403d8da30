use repass_core::{
    Account, AccountError, AccountFilter, AccountId, AuditRecord, HashedPassword, Profile,
    StoreError,
};
use sqlx::query;

use crate::failure::unstorable;
use crate::row;
use crate::store::SqlStore;

impl SqlStore {
    pub(super) async fn insert_account(
        &self,
        account: &Account,
        hash: Option<&HashedPassword>,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
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
                "INSERT INTO credentials (account, hash, version, changed_at)
                 VALUES ($1, $2, 1, $3)",
            )
            .bind(account.id.to_string())
            .bind(hash.as_str())
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
        let (realm, user_id) =
            after.map_or(("", ""), |(realm, user_id)| (realm.as_str(), user_id.as_str()));
        let accounts = match &filter.realm {
            None => query(
                "SELECT id, realm, user_id, email, username, profile, active, created_at, updated_at
                 FROM accounts WHERE (realm, user_id) > ($1, $2)
                 ORDER BY realm, user_id LIMIT $3",
            ),
            Some(_) => query(
                "SELECT id, realm, user_id, email, username, profile, active, created_at, updated_at
                 FROM accounts WHERE (realm, user_id) > ($1, $2) AND realm = $4
                 ORDER BY realm, user_id LIMIT $3",
            ),
        };
        let accounts = accounts.bind(realm).bind(user_id).bind(i64::from(filter.limit));
        let accounts = match &filter.realm {
            None => accounts,
            Some(realm) => accounts.bind(realm.as_str()),
        };
        self.rows(accounts).await?.iter().map(row::account).collect()
    }

    pub(crate) async fn account_by_id(
        &self,
        account: AccountId,
    ) -> Result<Option<Account>, StoreError> {
        let found = query(
            "SELECT id, realm, user_id, email, username, profile, active, created_at, updated_at
             FROM accounts WHERE id = $1",
        )
        .bind(account.to_string());
        self.row(found).await?.as_ref().map(row::account).transpose()
    }

    pub(super) async fn activate(
        &self,
        account: AccountId,
        active: bool,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        let at = audit.at.as_microsecond();
        let mut transaction = self.begin().await?;
        let update = query("UPDATE accounts SET active = $1, updated_at = $2 WHERE id = $3")
            .bind(active)
            .bind(at)
            .bind(account.to_string());
        if self.write(&mut transaction, update).await? == 0 {
            return Err(AccountError::Unknown);
        }
        if !active {
            self.revoke_access_tokens(&mut transaction, account, None, at).await?;
            self.void_reset_tokens(&mut transaction, account, at).await?;
        }
        self.write_audit(&mut transaction, audit).await?;
        Ok(self.end(transaction, audit).await?)
    }
}

/// The profile as JSON that can be read again: what nests too deep for the reader is refused here,
/// not found out when the account signs in.
fn profile_text(profile: &Profile) -> Result<String, StoreError> {
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
