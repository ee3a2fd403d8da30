use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::{Administration, AdministrationError, invalid, with_account};
use crate::clock::after;
use crate::password_change::Proved;
use crate::randomness::time_ordered_uuid;
use crate::{
    Account, AccountError, AccountId, AttemptKey, AttemptState, Email, HashedPassword, NameKind,
    Plaintext, PolicyContext, Profile, Realm, Subject, UserId, fold_name,
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
        check_names_and_profile(self.username.as_deref(), &self.profile)
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

/// Checks a name that a user signs in with: 1 to 320 characters without control characters.
///
/// # Errors
/// The reason.
pub fn check_username(name: &str) -> Result<(), &'static str> {
    if !(1..=320).contains(&name.chars().count()) {
        Err("a user name has 1 to 320 characters")
    } else if name.chars().any(char::is_control) {
        Err("a user name has no control characters")
    } else {
        Ok(())
    }
}

/// The deepest nesting of attributes; JSON parsers limit it, serde_json to 128 levels.
const MAX_NESTING: usize = 64;

fn check_names_and_profile(username: Option<&str>, profile: &Profile) -> Result<(), &'static str> {
    if profile.attributes.values().any(|value| nests_deeper(value, MAX_NESTING - 1)) {
        return Err("the attributes nest deeper than 64 levels");
    }
    username.map_or(Ok(()), check_username)
}

fn nests_deeper(value: &serde_json::Value, levels: usize) -> bool {
    let inner = |value| levels == 0 || nests_deeper(value, levels - 1);
    match value {
        serde_json::Value::Array(values) => values.iter().any(inner),
        serde_json::Value::Object(members) => members.values().any(inner),
        _ => false,
    }
}

/// The first password of an account.
#[derive(Debug)]
pub enum FirstPassword {
    /// None: only a reset can set the first one.
    None,
    /// A password, which the policy evaluates.
    Plaintext(Plaintext),
    /// The hash of a password as another system stored it, of any family that
    /// [`HashedPassword::check`] takes.
    Hash(HashedPassword),
}

impl Administration {
    /// Adds an active account. Without a password, only a reset can set the first one.
    ///
    /// # Errors
    /// See [`create_account`](Self::create_account).
    pub async fn add_account(
        &self,
        new: NewAccount,
        password: Option<Plaintext>,
    ) -> Result<Account, AdministrationError> {
        let password = password.map_or(FirstPassword::None, FirstPassword::Plaintext);
        self.create_account(new, password, true).await
    }

    /// Adds an account.
    ///
    /// # Errors
    /// When the account exists, another account has its e-mail address or user name
    /// ([`AdministrationError::NameTaken`]), a value is out of bounds, the hash is invalid, the
    /// policy refuses the password, the password cannot be looked up or hashed now, or the store
    /// fails.
    pub async fn create_account(
        &self,
        new: NewAccount,
        password: FirstPassword,
        active: bool,
    ) -> Result<Account, AdministrationError> {
        new.check().map_err(invalid)?;
        let now = self.now();
        let id = AccountId(time_ordered_uuid(now, self.randomness())?);
        let account = Account { active, ..new.into_account(id, now) };
        let mut is_compromised = false;
        let hash = match password {
            FirstPassword::None => None,
            FirstPassword::Hash(hash) => {
                let checked = hash.check();
                checked.map_err(|error| AdministrationError::Invalid(error.to_string()))?;
                Some(hash)
            }
            FirstPassword::Plaintext(password) => {
                self.check_free(&account).await?;
                let password = Arc::new(password);
                let seen_in_breaches = self.changes.seen_in_breaches(&password).await?;
                let words = (&account).into();
                let context = PolicyContext { words, seen_in_breaches, ..PolicyContext::default() };
                let accepted = self.changes.policy.accept(password, &context);
                let accepted = accepted.map_err(AdministrationError::Rejected)?;
                is_compromised = seen_in_breaches.is_some();
                Some(self.changes.hasher.hash(accepted).await?)
            }
        };
        let detail = is_compromised.then(|| "compromised".to_owned());
        let audit = self.audit(&account.realm, Some(account.id), "account.add", detail)?;
        self.store
            .add_account(&account, hash.as_ref(), &audit)
            .await
            .map_err(|error| with_account(error, &account))?;
        Ok(account)
    }

    /// Refuses an account whose user id or names are taken, before the costly steps. The store
    /// refuses it too if they are taken meanwhile.
    async fn check_free(&self, account: &Account) -> Result<(), AdministrationError> {
        let subject = Subject::new(account.realm.clone(), account.user_id.as_str());
        if self.store.find(&subject).await?.is_some() {
            return Err(with_account(AccountError::Exists, account));
        }
        for kind in NameKind::ALL {
            let Some(key) = kind.key(account) else { continue };
            let found = self.store.find_by_name(&account.realm, kind, &key).await?;
            if let Some(other) = found.first() {
                return Err(AdministrationError::NameTaken { kind, by: other.account.id });
            }
        }
        Ok(())
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
        let account = self.find_account(realm, user_id).await?.account;
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
        let audit = self.audit(realm, Some(account.id), activation(active), None)?;
        let result = self.store.set_active(account.id, active, &audit).await;
        result.map_err(|error| with_account(error, &account))?;
        Ok(Account { active, updated_at: audit.at, ..account })
    }

    /// Returns the accounts of the realm with this e-mail address or user name, in any case; at
    /// most [`MAX_SAME_NAME`](crate::MAX_SAME_NAME) of them.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn accounts_named(
        &self,
        realm: &Realm,
        kind: NameKind,
        name: &str,
    ) -> Result<Vec<Account>, AdministrationError> {
        let found = self.store.find_by_name(realm, kind, &fold_name(name)).await?;
        Ok(found.into_iter().map(|found| found.account).collect())
    }

    /// Edits an account: `edit` changes the e-mail address, user name, profile and `active`; other
    /// members are not written. With `unchanged_since`, the account's `updated_at` must be that time.
    /// The action in the audit record is `account.activate` or `account.deactivate` if `active`
    /// changes, with the detail `edit` if another member changes too, and otherwise `account.edit`.
    ///
    /// # Errors
    /// When there is no such account, the user name is out of bounds, another account has the new
    /// e-mail address or user name ([`AdministrationError::NameTaken`]), or the account was changed
    /// since ([`AdministrationError::Changed`]).
    pub async fn edit_account(
        &self,
        realm: &Realm,
        user_id: &str,
        unchanged_since: Option<Timestamp>,
        edit: impl FnOnce(&mut Account),
    ) -> Result<Account, AdministrationError> {
        let old = self.registered_account(realm, user_id).await?;
        if unchanged_since.is_some_and(|time| time != old.updated_at) {
            return Err(AdministrationError::Changed);
        }
        let mut new = old.clone();
        edit(&mut new);
        check_names_and_profile(new.username.as_deref(), &new.profile).map_err(invalid)?;
        let (action, detail) = if new.active == old.active {
            ("account.edit", None)
        } else {
            let is_edited = Account { active: old.active, ..new.clone() } != old;
            (activation(new.active), is_edited.then(|| "edit".to_owned()))
        };
        let audit = self.audit(realm, Some(old.id), action, detail)?;
        // Members that are not edited are those that were read, so nothing else may be written
        // meanwhile.
        let result = self.store.update_account(&old, &new, &audit).await;
        result.map_err(|error| with_account(error, &new))?;
        let updated_at = audit.at.max(after(old.updated_at, Duration::from_micros(1)));
        Ok(Account { updated_at, ..new })
    }

    /// Sets the password of an active account without a proof, if the policy accepts it. Like a
    /// reset, it revokes all access tokens and reset tokens and clears the failures. The holder is
    /// notified ([`EventKind::PasswordSet`](crate::EventKind::PasswordSet)). ASVS 6.4.6 advises
    /// against it: the operator knows the password; issue a reset token instead. With
    /// `unchanged_since`, the account's `updated_at` must be that time.
    ///
    /// # Errors
    /// When there is no such account, it is inactive, the policy refuses the password, or the
    /// account was changed since ([`AdministrationError::Changed`]).
    pub async fn set_password(
        &self,
        realm: &Realm,
        user_id: &str,
        unchanged_since: Option<Timestamp>,
        password: Plaintext,
    ) -> Result<Account, AdministrationError> {
        let found = self.find_account(realm, user_id).await?;
        self.register(&found.account).await?;
        let mut proved = Proved::without_password(found, None);
        proved.unchanged_since = unchanged_since;
        let changed = self.changes.set(proved, password, &self.caller, &self.context).await?;
        Ok(changed.account)
    }

    /// Deletes an account with its passwords, failures, tokens, one-time password enrollment and
    /// events. Its audit records stay. With `unchanged_since`, the account's `updated_at` must be
    /// that time.
    ///
    /// # Errors
    /// When there is no such account, or it was changed since ([`AdministrationError::Changed`]).
    pub async fn delete_account(
        &self,
        realm: &Realm,
        user_id: &str,
        unchanged_since: Option<Timestamp>,
    ) -> Result<Account, AdministrationError> {
        let account = self.registered_account(realm, user_id).await?;
        let detail = Some(account.user_id.to_string());
        let audit = self.audit(realm, Some(account.id), "account.delete", detail)?;
        let result = self.store.delete_account(account.id, unchanged_since, &audit).await;
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

/// Returns the action of an audit record.
const fn activation(active: bool) -> &'static str {
    if active { "account.activate" } else { "account.deactivate" }
}
