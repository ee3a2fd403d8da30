use super::{Entry, State};
use repass_core::{
    Account, AccountBatch, AccountError, Credential, Imported, NameKind, OtpEnrollment, Realm,
    UserId,
};

impl State {
    /// Returns the account that has the realm and the user id of `account`.
    pub(super) fn named(&self, account: &Account) -> Option<&Account> {
        let id = self.names.get(&name(account));
        id.and_then(|id| self.accounts.get(id)).map(|entry| &entry.account)
    }

    /// Refuses a name that another account has, unless the account itself has it already.
    pub(super) fn check_names(&self, account: &Account) -> Result<(), AccountError> {
        for kind in NameKind::ALL {
            let Some(key) = kind.key(account) else { continue };
            let mut same = self.accounts.values().map(|entry| &entry.account).filter(|other| {
                other.realm == account.realm && kind.key(other).as_ref() == Some(&key)
            });
            let other = same.clone().find(|other| other.id != account.id);
            if let Some(other) = other
                && !same.any(|own| own.id == account.id)
            {
                return Err(AccountError::NameTaken { kind, by: other.id });
            }
        }
        Ok(())
    }

    /// Adds an account whose realm and user id are not taken.
    pub(super) fn insert(&mut self, account: &Account, credential: Option<Credential>) {
        self.names.insert(name(account), account.id);
        let entry = Entry {
            account: account.clone(),
            credential,
            history: Vec::new(),
            otp: OtpEnrollment::default(),
            revocation: None,
        };
        self.accounts.insert(account.id, entry);
    }

    pub(super) fn import(&mut self, batch: &AccountBatch) -> Vec<Imported> {
        let mut added = Vec::new();
        let mut outcomes = Vec::with_capacity(batch.accounts.len());
        for found in &batch.accounts {
            outcomes.push(match self.named(&found.account) {
                Some(present) => Imported::Present(Box::new(present.clone())),
                None => {
                    self.insert(&found.account, found.credential.clone());
                    added.push(&found.account);
                    Imported::Added
                }
            });
        }
        if batch.dry_run {
            for account in added {
                self.names.remove(&name(account));
                self.accounts.remove(&account.id);
            }
        } else if !added.is_empty() {
            self.audit.push(batch.record(added.len()));
        }
        outcomes
    }
}

fn name(account: &Account) -> (Realm, UserId) {
    (account.realm.clone(), account.user_id.clone())
}
