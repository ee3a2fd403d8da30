use std::sync::Arc;

use jiff::Timestamp;

use super::{Administration, AdministrationError, of_account};
use crate::{
    Account, AccountId, AttemptKey, AttemptState, Email, Plaintext, PolicyContext, Profile, Realm,
    UserId, random_uuid,
};

/// An account to be added.
#[derive(Debug)]
pub struct NewAccount {
    /// The set of accounts it goes to.
    pub realm: Realm,
    /// How the vendor calls it.
    pub user_id: UserId,
    /// E-mail address.
    pub email: Option<Email>,
    /// Name the user signs in with: 1 to 320 characters, none of them a control character.
    pub username: Option<String>,
    /// What else is known of the user.
    pub profile: Profile,
}

impl NewAccount {
    /// The reason why it cannot be an account, if there is one.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        match &self.username {
            Some(name) if !(1..=320).contains(&name.chars().count()) => {
                Err("a user name has 1 to 320 characters")
            }
            Some(name) if name.chars().any(char::is_control) => {
                Err("a user name has no control characters")
            }
            _ => Ok(()),
        }
    }

    /// The account itself, active.
    pub(super) fn into_account(self, id: AccountId, created_at: Timestamp) -> Account {
        Account {
            email: self.email,
            username: self.username,
            profile: self.profile,
            ..Account::new(id, self.realm, self.user_id, created_at)
        }
    }
}

impl Administration {
    /// Adds an active account. With a password it can be signed in to at once; without one, only a
    /// reset can set the first.
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
            .map_err(|error| of_account(error, &account))?;
        Ok(account)
    }

    /// The account, and how it stands with its failures.
    ///
    /// # Errors
    /// When there is no such account.
    pub async fn show_account(
        &self,
        realm: &Realm,
        user_id: &str,
    ) -> Result<(Account, AttemptState), AdministrationError> {
        let account = self.found(realm, user_id).await?;
        let attempts = self.store.attempts(&AttemptKey::account(account.id)).await?;
        Ok((account, attempts))
    }

    /// Lets the account be used, or no longer. Deactivating ends its access tokens and reset tokens.
    ///
    /// # Errors
    /// When there is no such account.
    pub async fn set_active(
        &self,
        realm: &Realm,
        user_id: &str,
        active: bool,
    ) -> Result<Account, AdministrationError> {
        let account = self.known(realm, user_id).await?;
        let action = if active { "account.activate" } else { "account.deactivate" };
        let audit = self.audit(realm, Some(account.id), action, None)?;
        let result = self.store.set_active(account.id, active, &audit).await;
        result.map_err(|error| of_account(error, &account))?;
        Ok(Account { active, updated_at: audit.at, ..account })
    }

    /// Forgets the account's failures, so that it is open again.
    ///
    /// # Errors
    /// When there is no such account.
    pub async fn unlock(
        &self,
        realm: &Realm,
        user_id: &str,
    ) -> Result<Account, AdministrationError> {
        let account = self.known(realm, user_id).await?;
        let audit = self.audit(realm, Some(account.id), "account.unlock", None)?;
        let result = self.store.unlock(account.id, &audit).await;
        result.map_err(|error| of_account(error, &account))?;
        Ok(account)
    }
}
