//! Checks of what an operator does, and of what only an operator sees.

pub(super) mod accounts;
pub(super) mod effects;
pub(super) mod import;
pub(super) mod sessions;
pub(super) mod tokens;
pub(super) mod trail;

use super::sample;
use super::sample::hash;
use repass_core::{Account, AdministrationStore, AuditFilter, AuditRecord};

/// An account with a first password, in a realm of its own.
pub(super) async fn added(store: &dyn AdministrationStore) -> Account {
    let account = sample::account(&sample::realm(), "pat");
    let audit = sample::audit(&account, "account.add");
    store.add_account(&account, Some(&hash("first")), &audit).await.expect("add_account");
    account
}

/// The actions in the trail of an account, oldest first.
async fn actions(store: &dyn AdministrationStore, account: &Account) -> Vec<String> {
    let mut actions: Vec<_> =
        trail(store, account).await.into_iter().map(|record| record.action).collect();
    actions.reverse();
    actions
}

/// The trail of an account, newest first.
async fn trail(store: &dyn AdministrationStore, account: &Account) -> Vec<AuditRecord> {
    let filter = AuditFilter { account: Some(account.id), limit: 1000, ..AuditFilter::default() };
    store.audit(&filter).await.expect("audit")
}
