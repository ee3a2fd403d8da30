use crate::{Account, AccountWithCredential, AuditRecord};

/// Accounts of another system, to be added in one transaction: see
/// [`import_accounts`](crate::AdministrationStore::import_accounts).
#[derive(Debug, Clone)]
pub struct AccountBatch {
    /// The accounts, with the credentials that they come with. All are of the realm of `audit`.
    pub accounts: Vec<AccountWithCredential>,
    /// What goes to the audit trail, but for the counts: see [`record`](Self::record).
    pub audit: AuditRecord,
    /// Whether the transaction is undone at its end, so that nothing of it stays.
    pub rehearsal: bool,
}

impl AccountBatch {
    /// The audit record of a store that has added so many of the accounts: how many, and how many
    /// were present. A store that adds none writes no record.
    pub fn record(&self, added: usize) -> AuditRecord {
        let present = self.accounts.len().saturating_sub(added);
        AuditRecord {
            detail: Some(format!("added={added},present={present}")),
            ..self.audit.clone()
        }
    }
}

/// What became of an account of an [`AccountBatch`].
#[derive(Debug, Clone, PartialEq)]
pub enum Imported {
    /// There was no such account, and now there is; after a rehearsal, there still is none.
    Added,
    /// The realm has an account of that user id already, which was left as it is: this one.
    Present(Box<Account>),
}
