use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{Administration, AdministrationError, NewAccount};
use crate::randomness::time_ordered_uuid;
use crate::{
    Account, AccountBatch, AccountError, AccountFilter, AccountId, AccountWithCredential,
    Credential, HashedPassword, Imported, Realm,
};

/// An account of another system, before validation.
#[derive(Debug)]
pub struct NewImport {
    /// The account.
    pub account: NewAccount,
    /// Whether the account is active; `None` counts as active.
    pub active: Option<bool>,
    /// When it was created; `None` for `updated_at` or now.
    pub created_at: Option<Timestamp>,
    /// When it was last changed; `None` for the later of `created_at` and `changed_at` of the
    /// password.
    pub updated_at: Option<Timestamp>,
    /// The hash of its password; `None` if only a reset can set one.
    pub password: Option<ImportedPassword>,
}

/// The hash of a password as another system stored it.
#[derive(Debug)]
pub struct ImportedPassword {
    /// The hash, of any family that [`HashedPassword::check`] takes.
    pub hash: HashedPassword,
    /// When the password was set; `None` for `updated_at` of the account, or else `created_at` or now.
    /// [`PolicyRules::max_age`](crate::PolicyRules::max_age) counts from it; the Unix epoch stands for
    /// an unknown time, and such a password does not expire.
    pub changed_at: Option<Timestamp>,
}

/// The outcome of the import of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportOutcome {
    /// The account was added, or would be added without `dry_run`.
    Added,
    /// The realm has an account of this user id already. It is not changed.
    Present {
        /// The members whose values differ from the import, such as `email`. Members that the
        /// import leaves out do not count.
        differing: Vec<&'static str>,
    },
    /// The account is invalid. The reason quotes no value.
    Refused(String),
}

impl Administration {
    /// The recommended most accounts for one call. All accounts of a realm are written in one
    /// transaction, and other writers wait for it.
    pub const IMPORT_BATCH: usize = 500;

    /// Adds accounts of another system with their password hashes. An account that exists already
    /// is not changed, because its password may have been changed since the export. So an import
    /// can be repeated. An invalid account is refused, and the others are imported.
    ///
    /// The accounts of each realm are added in one transaction, with one audit record
    /// (`account.import`) if any was added. A `dry_run` rolls each transaction back.
    ///
    /// Returns one outcome for each account, in their order.
    ///
    /// # Errors
    /// When the store fails, or cannot add accounts. Some of several realms may be imported then.
    pub async fn import_accounts(
        &self,
        accounts: Vec<NewImport>,
        dry_run: bool,
    ) -> Result<Vec<ImportOutcome>, AdministrationError> {
        let mut outcomes = Vec::new();
        let mut realms: BTreeMap<Realm, Vec<(usize, ValidImport)>> = BTreeMap::new();
        for (at, new) in accounts.into_iter().enumerate() {
            match self.validated(new)? {
                Ok(import) => {
                    let realm = import.account.account.realm.clone();
                    realms.entry(realm).or_default().push((at, import));
                    // Corrected below, if the store has the account already.
                    outcomes.push(ImportOutcome::Added);
                }
                Err(reason) => outcomes.push(ImportOutcome::Refused(reason)),
            }
        }
        for (realm, imports) in realms {
            let (places, imports): (Vec<usize>, Vec<ValidImport>) = imports.into_iter().unzip();
            let (has_active, accounts): (Vec<bool>, Vec<AccountWithCredential>) =
                imports.into_iter().map(|import| (import.has_active, import.account)).unzip();
            let audit = self.audit(&realm, None, "account.import", None)?;
            let batch = AccountBatch { accounts, audit, dry_run };
            let imported = self.store.import_accounts(&batch).await.map_err(from_account_error)?;
            let accounts = batch.accounts.iter().zip(has_active).zip(imported);
            for (place, ((import, has_active), imported)) in places.into_iter().zip(accounts) {
                if let Imported::Present(present) = imported {
                    let differing = differing(&import.account, has_active, &present);
                    outcomes[place] = ImportOutcome::Present { differing };
                }
            }
        }
        Ok(outcomes)
    }

    /// Returns accounts for another system in the order of
    /// [`accounts`](crate::AdministrationStore::accounts), with their password hashes if
    /// `with_hashes`. An empty list means that no accounts follow.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn export_accounts(
        &self,
        filter: &AccountFilter,
        with_hashes: bool,
    ) -> Result<Vec<AccountWithCredential>, AdministrationError> {
        let mut accounts = self.store.accounts(filter).await?;
        if !with_hashes {
            accounts.iter_mut().for_each(|found| found.credential = None);
        }
        Ok(accounts)
    }

    fn validated(
        &self,
        new: NewImport,
    ) -> Result<Result<ValidImport, String>, AdministrationError> {
        let now = self.now();
        if let Err(reason) = validate(&new, now) {
            return Ok(Err(reason));
        }
        let NewImport { account, active, created_at, updated_at, password } = new;
        let set_at = password.as_ref().and_then(|password| password.changed_at);
        let known = updated_at.or(created_at).max(set_at);
        let updated_at = known.unwrap_or(now);
        let created_at = created_at.unwrap_or(updated_at);
        let id = AccountId(time_ordered_uuid(now, self.randomness())?);
        let account = Account {
            active: active.unwrap_or(true),
            updated_at,
            ..account.into_account(id, created_at)
        };
        let credential = password.map(|password| Credential {
            hash: password.hash,
            version: 1,
            changed_at: password.changed_at.unwrap_or(updated_at),
        });
        let account = AccountWithCredential::new(account, credential);
        Ok(Ok(ValidImport { account, has_active: active.is_some() }))
    }
}

/// A validated account of an import.
struct ValidImport {
    account: AccountWithCredential,
    /// Whether the import says if the account is active.
    has_active: bool,
}

/// How far the clock of another system may be ahead.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Checks an account, and returns the reason if it is invalid.
fn validate(new: &NewImport, now: Timestamp) -> Result<(), String> {
    new.account.check()?;
    if let (Some(created_at), Some(updated_at)) = (new.created_at, new.updated_at)
        && updated_at < created_at
    {
        return Err("updated_at is before created_at".to_owned());
    }
    let set_at = new.password.as_ref().and_then(|password| password.changed_at);
    for (member, at) in [
        ("created_at", new.created_at),
        ("updated_at", new.updated_at),
        ("password_changed_at", set_at),
    ] {
        if at.is_some_and(|at| at.duration_since(now) > CLOCK_SKEW) {
            return Err(format!("{member} is in the future"));
        }
    }
    let hash = new.password.as_ref().map(|password| password.hash.check());
    hash.unwrap_or(Ok(())).map_err(|reason| reason.to_string())
}

/// The members of the present account that differ from the import.
fn differing(imported: &Account, has_active: bool, present: &Account) -> Vec<&'static str> {
    let email = imported.email.as_ref().is_some_and(|email| !present.has_email(email.as_str()));
    let username = imported.username.is_some() && imported.username != present.username;
    let active = has_active && imported.active != present.active;
    [("email", email), ("username", username), ("active", active)]
        .into_iter()
        .filter_map(|(member, differs)| differs.then_some(member))
        .collect()
}

fn from_account_error(error: AccountError) -> AdministrationError {
    match error {
        AccountError::Store(store) => AdministrationError::Store(store),
        AccountError::KeptElsewhere => AdministrationError::KeptElsewhere,
        // The others concern one account; a store does not return them for a batch.
        other => AdministrationError::Invalid(other.to_string()),
    }
}
