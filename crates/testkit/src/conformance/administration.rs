//! Checks of the [`AdministrationStore`].

pub(super) mod accounts;
pub(super) mod audit;
pub(super) mod effects;
pub(super) mod import;
pub(super) mod sessions;
pub(super) mod tokens;

use super::check::check_matches;
use super::sample;
use super::sample::hash;
use repass_core::{Account, AccountError, AdministrationStore, AuditFilter, AuditRecord};

/// Adds an account with a first password, in its own realm.
pub(super) async fn added(store: &dyn AdministrationStore) -> Account {
    let account = sample::account(&sample::realm(), "pat");
    let audit = sample::audit(&account, "account.add");
    store.add_account(&account, Some(&hash("first")), &audit).await.expect("add_account");
    account
}

/// Returns the actions in the audit records of an account, oldest first.
async fn actions(store: &dyn AdministrationStore, account: &Account) -> Vec<String> {
    let mut actions: Vec<_> =
        audit_records(store, account).await.into_iter().map(|record| record.action).collect();
    actions.reverse();
    actions
}

/// Returns the audit records of an account, newest first.
async fn audit_records(store: &dyn AdministrationStore, account: &Account) -> Vec<AuditRecord> {
    let filter = AuditFilter { account: Some(account.id), limit: 1000, ..AuditFilter::default() };
    store.audit(&filter).await.expect("audit")
}

/// Checks that a call for an account that does not exist was refused.
fn check_unknown(result: &Result<(), AccountError>) {
    check_matches!(result, Err(AccountError::Unknown), "an account that does not exist is refused");
}
