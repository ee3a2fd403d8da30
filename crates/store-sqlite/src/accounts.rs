//! Access to accounts in repass's own table or in a mapped table of another application.

mod bind;
mod mapped;
pub(crate) mod own;

use repass_core::{
    Account, AccountError, AccountFilter, AccountId, AccountWithCredential, Commit, NameKind,
    Realm, Rehash, UserId,
};

use crate::connection::Db;
use crate::failure::Result;

pub(crate) use bind::{bind, check};
use mapped::MappedAccounts;

/// The table of the accounts.
pub(crate) enum AccountsSource {
    /// repass's own table.
    Own,
    /// A mapped table.
    Mapped(Box<MappedAccounts>),
}

/// The holder of an access token.
pub(crate) struct Holder {
    pub(crate) realm: Realm,
    pub(crate) user_id: UserId,
    pub(crate) active: bool,
}

impl AccountsSource {
    pub(crate) const fn keeps_accounts(&self) -> bool {
        matches!(self, Self::Own)
    }

    pub(crate) fn find(
        &self,
        db: Db<'_>,
        realm: &Realm,
        user_id: &UserId,
    ) -> Result<Option<AccountWithCredential>> {
        match self {
            Self::Own => own::find(db, realm, user_id),
            Self::Mapped(table) => table.find(db, realm, user_id),
        }
    }

    /// Returns the accounts with this name, which is in the form of
    /// [`fold_name`](repass_core::fold_name).
    pub(crate) fn find_by_name(
        &self,
        db: Db<'_>,
        realm: &Realm,
        kind: NameKind,
        name: &str,
    ) -> Result<Vec<AccountWithCredential>> {
        match self {
            Self::Own => own::find_by_name(db, realm, kind, name),
            Self::Mapped(table) => table.find_by_name(db, realm, kind, name),
        }
    }

    /// Checks that accounts can be read: the application may have dropped columns of a mapped
    /// table.
    pub(crate) fn check(&self, db: Db<'_>) -> Result<()> {
        match self {
            Self::Own => Ok(()),
            Self::Mapped(table) => table.check(db),
        }
    }

    /// Returns the account with this id; in a mapped table, only if it was registered.
    pub(crate) fn account(&self, db: Db<'_>, account: AccountId) -> Result<Option<Account>> {
        match self {
            Self::Own => own::account(db, account),
            Self::Mapped(table) => table.account(db, account),
        }
    }

    pub(crate) fn holder(&self, db: Db<'_>, account: AccountId) -> Result<Option<Holder>> {
        match self {
            Self::Own => own::holder(db, account),
            Self::Mapped(table) => table.holder(db, account),
        }
    }

    /// Returns whether the account is active; `None` if it does not exist.
    pub(crate) fn is_active(&self, db: Db<'_>, account: AccountId) -> Result<Option<bool>> {
        Ok(self.holder(db, account)?.map(|holder| holder.active))
    }

    pub(crate) fn list(
        &self,
        db: Db<'_>,
        filter: &AccountFilter,
    ) -> Result<Vec<AccountWithCredential>> {
        match self {
            Self::Own => own::list(db, filter),
            Self::Mapped(table) => table.list(db, filter),
        }
    }

    /// Ensures that the account has a row in `repass_accounts` for foreign keys. Returns whether
    /// the account has this realm and user id.
    pub(crate) fn register(
        &self,
        db: Db<'_>,
        account: AccountId,
        realm: &Realm,
        user_id: &UserId,
    ) -> Result<bool> {
        match self {
            Self::Own => Ok(true),
            Self::Mapped(table) => table.register(db, account, realm, user_id),
        }
    }

    /// Replaces the expected hash and adds it to the history. Returns the new version; `None` if
    /// the current hash is not the expected one.
    pub(crate) fn replace_hash(&self, db: Db<'_>, commit: &Commit) -> Result<Option<i64>> {
        match self {
            Self::Own => own::replace_hash(db, commit),
            Self::Mapped(table) => table.replace_hash(db, commit),
        }
    }

    /// Replaces the expected hash by another one of the same password. Returns whether it was
    /// current.
    pub(crate) fn rehash(&self, db: Db<'_>, rehash: &Rehash) -> Result<bool> {
        match self {
            Self::Own => own::rehash(db, rehash),
            Self::Mapped(table) => table.rehash(db, rehash),
        }
    }

    /// Activates or deactivates an account that exists.
    pub(crate) fn set_active(
        &self,
        db: Db<'_>,
        account: AccountId,
        active: bool,
    ) -> Result<std::result::Result<(), AccountError>> {
        match self {
            Self::Own => own::set_active(db, account, active).map(Ok),
            Self::Mapped(table) => table.set_active(db, account, active),
        }
    }
}
