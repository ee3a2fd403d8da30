use crate::{Account, AccountWithCredential, AuditRecord};

/// Accounts of another system that are added in one transaction; see
/// [`import_accounts`](crate::AdministrationStore::import_accounts).
#[derive(Debug, Clone)]
pub struct AccountBatch {
    /// The accounts with their credentials. All are of the realm of `audit`.
    pub accounts: Vec<AccountWithCredential>,
    /// The audit record without its counts: see [`record`](Self::record).
    pub audit: AuditRecord,
    /// Whether the transaction is rolled back at its end.
    pub dry_run: bool,
}

impl AccountBatch {
    /// Returns the audit record for `added` accounts, with the counts of accounts added and
    /// present. A store that adds none writes no record.
    pub fn record(&self, added: usize) -> AuditRecord {
        let present = self.accounts.len().saturating_sub(added);
        AuditRecord {
            detail: Some(format!("added={added},present={present}")),
            ..self.audit.clone()
        }
    }
}

/// The outcome of one account of an [`AccountBatch`].
#[derive(Debug, Clone, PartialEq)]
pub enum Imported {
    /// The account was added, or would be added without `dry_run`.
    Added,
    /// The realm has this account of the same user id already. It is not changed.
    Present(Box<Account>),
}
