use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Administration, AdministrationError, NewAccount};
use crate::{
    Account, AccountBatch, AccountError, AccountFilter, AccountId, AccountWithCredential,
    Credential, HashedPassword, Imported, Realm, Subject, random_uuid,
};

/// An account of another system, not judged yet.
#[derive(Debug)]
pub struct NewImport {
    /// The account.
    pub account: NewAccount,
    /// Whether it may be used; `None` where the other system does not say, which counts as yes.
    pub active: Option<bool>,
    /// When it was made; `None` for now.
    pub created_at: Option<Timestamp>,
    /// When it was last changed; `None` for when it was made, or its password set.
    pub updated_at: Option<Timestamp>,
    /// The hash of its password; `None` when it has none, so that only a reset can set one.
    pub password: Option<ImportedPassword>,
}

/// The hash of a password as another system stored it.
#[derive(Debug)]
pub struct ImportedPassword {
    /// The hash, of any family that [`HashedPassword::check`] takes.
    pub hash: HashedPassword,
    /// When the password was set; `None` for when the account was last changed.
    pub changed_at: Option<Timestamp>,
}

/// What became of one account of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportVerdict {
    /// It was added, or would be but for the rehearsal.
    Added,
    /// There is such an account already. It was left as it is.
    Present {
        /// The members in which it is not what the import says, such as `email`; what the import
        /// does not say is no difference.
        differing: Vec<&'static str>,
    },
    /// It cannot be an account; the reason is a sentence that quotes no value.
    Refused(String),
}

impl Administration {
    /// The most accounts that should be imported at once. All of a realm are written in one
    /// transaction, which others wait for.
    pub const IMPORT_BATCH: usize = 500;

    /// Adds accounts of another system with the hashes that they have there. An account that is
    /// present is left as it is, whatever the import says: its password may have been changed
    /// meanwhile, and an old one must not come back. So the same import may be made again, and then
    /// changes nothing. What cannot be an account is refused by itself, and the rest goes on.
    ///
    /// The accounts of each realm are added in one transaction, with one audit record
    /// (`account.import`) if any was added. A `rehearsal` does all of it, and undoes it.
    ///
    /// Says of each account what became of it, in their order.
    ///
    /// # Errors
    /// When the store fails, or adds no accounts at all. Of several realms, some may be done then.
    pub async fn import_accounts(
        &self,
        accounts: Vec<NewImport>,
        rehearsal: bool,
    ) -> Result<Vec<ImportVerdict>, AdministrationError> {
        let mut verdicts = Vec::new();
        let mut realms: BTreeMap<Realm, Vec<(usize, Wanted)>> = BTreeMap::new();
        for (at, new) in accounts.into_iter().enumerate() {
            match self.judged(new)? {
                Ok(wanted) => {
                    let realm = wanted.found.account.realm.clone();
                    realms.entry(realm).or_default().push((at, wanted));
                    // Stands there until the store has told.
                    verdicts.push(ImportVerdict::Added);
                }
                Err(reason) => verdicts.push(ImportVerdict::Refused(reason)),
            }
        }
        for (realm, wanted) in realms {
            let (places, wanted): (Vec<usize>, Vec<Wanted>) = wanted.into_iter().unzip();
            let (says_active, accounts): (Vec<bool>, Vec<AccountWithCredential>) =
                wanted.into_iter().map(|wanted| (wanted.says_active, wanted.found)).unzip();
            let audit = self.audit(&realm, None, "account.import", None)?;
            let batch = AccountBatch { accounts, audit, rehearsal };
            let outcomes = self.store.import_accounts(&batch).await.map_err(of_store)?;
            let told = batch.accounts.iter().zip(says_active).zip(outcomes);
            for (place, ((found, says_active), outcome)) in places.into_iter().zip(told) {
                if let Imported::Present(present) = outcome {
                    let differing = differing(&found.account, says_active, &present);
                    verdicts[place] = ImportVerdict::Present { differing };
                }
            }
        }
        Ok(verdicts)
    }

    /// Accounts for another system, as [`accounts`](crate::AdministrationStore::accounts) lists
    /// them, each with the hash of its password if `with_hashes`. None means that none follow.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn export_accounts(
        &self,
        filter: &AccountFilter,
        with_hashes: bool,
    ) -> Result<Vec<AccountWithCredential>, AdministrationError> {
        let mut filter = filter.clone();
        loop {
            let accounts = self.store.accounts(&filter).await?;
            if !with_hashes {
                let found = accounts
                    .into_iter()
                    .map(|account| AccountWithCredential { account, credential: None });
                return Ok(found.collect());
            }
            let Some(last) = accounts.last() else { return Ok(Vec::new()) };
            filter.after = Some((last.realm.clone(), last.user_id.clone()));
            let mut found = Vec::with_capacity(accounts.len());
            for account in accounts {
                let subject = Subject::new(account.realm, account.user_id.as_str());
                // Account and hash as they stand in one moment; none, if it is gone meanwhile.
                found.extend(self.store.find(&subject).await?);
            }
            // That all are gone does not mean that none follow.
            if !found.is_empty() {
                return Ok(found);
            }
        }
    }

    fn judged(&self, new: NewImport) -> Result<Result<Wanted, String>, AdministrationError> {
        if let Err(reason) = evaluate(&new) {
            return Ok(Err(reason));
        }
        let NewImport { account, active, created_at, updated_at, password } = new;
        let set_at = password.as_ref().and_then(|password| password.changed_at);
        let known = updated_at.or(created_at).max(set_at);
        let updated_at = known.unwrap_or_else(|| self.clock.now());
        let created_at = created_at.unwrap_or(updated_at);
        let id = AccountId(random_uuid(&*self.randomness)?);
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
        let found = AccountWithCredential { account, credential };
        Ok(Ok(Wanted { found, says_active: active.is_some() }))
    }
}

/// An account that can be added.
struct Wanted {
    found: AccountWithCredential,
    says_active: bool,
}

/// How deep attributes may nest, so that every reader of JSON takes them.
const DEEPEST: usize = 64;

/// Why it cannot be an account, if it cannot.
fn evaluate(new: &NewImport) -> Result<(), String> {
    new.account.check()?;
    if new.account.profile.attributes.values().any(|value| nests_deeper(value, DEEPEST - 1)) {
        return Err(format!("the attributes nest deeper than {DEEPEST} levels"));
    }
    if let (Some(created_at), Some(updated_at)) = (new.created_at, new.updated_at)
        && updated_at < created_at
    {
        return Err("updated_at is before created_at".to_owned());
    }
    let hash = new.password.as_ref().map(|password| password.hash.check());
    hash.unwrap_or(Ok(())).map_err(|reason| reason.to_string())
}

fn nests_deeper(value: &serde_json::Value, levels: usize) -> bool {
    let inner = |value| levels == 0 || nests_deeper(value, levels - 1);
    match value {
        serde_json::Value::Array(values) => values.iter().any(inner),
        serde_json::Value::Object(members) => members.values().any(inner),
        _ => false,
    }
}

/// What the import says otherwise than the account that is present.
fn differing(wanted: &Account, says_active: bool, present: &Account) -> Vec<&'static str> {
    let email = wanted.email.as_ref().is_some_and(|email| !present.has_email(email.as_str()));
    let username = wanted.username.is_some() && wanted.username != present.username;
    let active = says_active && wanted.active != present.active;
    [("email", email), ("username", username), ("active", active)]
        .into_iter()
        .filter_map(|(member, differs)| differs.then_some(member))
        .collect()
}

fn of_store(error: AccountError) -> AdministrationError {
    match error {
        AccountError::Store(store) => AdministrationError::Store(store),
        AccountError::KeptElsewhere => AdministrationError::KeptElsewhere,
        // The others are about one account of many, and no store should tell of them here.
        other => AdministrationError::Invalid(other.to_string()),
    }
}
