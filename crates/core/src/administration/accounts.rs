use std::sync::Arc;

use jiff::Timestamp;

use super::{Administration, AdministrationError, with_account};
use crate::{
    Account, AccountId, AttemptKey, AttemptState, Email, Plaintext, PolicyContext, Profile, Realm,
    UserId, random_uuid,
};

/// An account to add.
#[derive(Debug)]
pub struct NewAccount {
    /// The realm of the account.
    pub realm: Realm,
    /// The vendor's identifier.
    pub user_id: UserId,
    /// E-mail address.
    pub email: Option<Email>,
    /// Name the user signs in with: 1 to 320 characters without control characters.
    pub username: Option<String>,
    /// Names and other attributes of the user.
    pub profile: Profile,
}

impl NewAccount {
    /// Validates the account.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        check_username(self.username.as_deref())
    }

    /// Returns the account, active.
    pub(super) fn into_account(self, id: AccountId, created_at: Timestamp) -> Account {
        Account {
            email: self.email,
            username: self.username,
            profile: self.profile,
            ..Account::new(id, self.realm, self.user_id, created_at)
        }
    }
}

fn check_username(name: Option<&str>) -> Result<(), &'static str> {
    match name {
        Some(name) if !(1..=320).contains(&name.chars().count()) => {
            Err("a user name has 1 to 320 characters")
        }
        Some(name) if name.chars().any(char::is_control) => {
            Err("a user name has no control characters")
        }
        _ => Ok(()),
    }
}

impl Administration {
    /// Adds an active account. Without a password, only a reset can set the first one.
    ///
    /// # Errors
    /// When the account exists, a value is out of bounds, or the policy refuses the password.
    pub async fn add_account(
        &self,
        new: NewAccount,
        password: Option<Plaintext>,
    ) -> Result<Account, AdministrationError> {
        new.check().map_err(|reason| AdministrationError::Invalid(reason.to_owned()))?;
        let id = AccountId(random_uuid(&*self.randomness)?);
        let account = new.into_account(id, self.clock.now());
        let hash = match password {
            None => None,
            Some(password) => {
                let context =
                    PolicyContext { words: (&account).into(), ..PolicyContext::default() };
                let accepted = self
                    .policy
                    .accept(Arc::new(password), &context)
                    .map_err(AdministrationError::Rejected)?;
                Some(self.hasher.hash(accepted).await.map_err(AdministrationError::Hash)?)
            }
        };
        let audit = self.audit(&account.realm, Some(account.id), "account.add", None)?;
        self.store
            .add_account(&account, hash.as_ref(), &audit)
            .await
            .map_err(|error| with_account(error, &account))?;
        Ok(account)
    }

    /// Returns the account and its failures.
    ///
    /// # Errors
    /// When there is no such account.
    pub async fn show_account(
        &self,
        realm: &Realm,
        user_id: &str,
    ) -> Result<(Account, AttemptState), AdministrationError> {
        let account = self.find_account(realm, user_id).await?;
        let attempts = self.store.attempts(&AttemptKey::account(account.id)).await?;
        Ok((account, attempts))
    }

    /// Activates or deactivates the account. Deactivating revokes its access tokens and reset
    /// tokens.
    ///
    /// # Errors
    /// When there is no such account.
    pub async fn set_active(
        &self,
        realm: &Realm,
        user_id: &str,
        active: bool,
    ) -> Result<Account, AdministrationError> {
        let account = self.registered_account(realm, user_id).await?;
        let action = if active { "account.activate" } else { "account.deactivate" };
        let audit = self.audit(realm, Some(account.id), action, None)?;
        let result = self.store.set_active(account.id, active, &audit).await;
        result.map_err(|error| with_account(error, &account))?;
        Ok(Account { active, updated_at: audit.at, ..account })
    }

    /// Edits an account: `edit` changes the e-mail address, user name and profile; other members
    /// are not written. Of two edits at one time, the last one written remains.
    ///
    /// # Errors
    /// When there is no such account, or the user name is out of bounds.
    pub async fn edit_account(
        &self,
        realm: &Realm,
        user_id: &str,
        edit: impl FnOnce(&mut Account),
    ) -> Result<Account, AdministrationError> {
        let mut account = self.registered_account(realm, user_id).await?;
        edit(&mut account);
        check_username(account.username.as_deref())
            .map_err(|reason| AdministrationError::Invalid(reason.to_owned()))?;
        let audit = self.audit(realm, Some(account.id), "account.edit", None)?;
        let result = self.store.update_account(&account, &audit).await;
        result.map_err(|error| with_account(error, &account))?;
        Ok(Account { updated_at: audit.at, ..account })
    }

    /// Deletes an account with its passwords, failures, tokens, one-time password enrollment and
    /// events. Its audit records stay.
    ///
    /// # Errors
    /// When there is no such account.
    pub async fn delete_account(
        &self,
        realm: &Realm,
        user_id: &str,
    ) -> Result<Account, AdministrationError> {
        let account = self.registered_account(realm, user_id).await?;
        let detail = Some(account.user_id.to_string());
        let audit = self.audit(realm, Some(account.id), "account.delete", detail)?;
        let result = self.store.delete_account(account.id, &audit).await;
        result.map_err(|error| with_account(error, &account))?;
        Ok(account)
    }

    /// Clears the account's failures, which ends a lockout.
    ///
    /// # Errors
    /// When there is no such account.
    pub async fn unlock(
        &self,
        realm: &Realm,
        user_id: &str,
    ) -> Result<Account, AdministrationError> {
        let account = self.registered_account(realm, user_id).await?;
        let audit = self.audit(realm, Some(account.id), "account.unlock", None)?;
        let result = self.store.unlock(account.id, &audit).await;
        result.map_err(|error| with_account(error, &account))?;
        Ok(account)
    }
}
