//! Where the accounts are: in the table of repass's own, or in one of another application. The ports
//! know no difference but this module.

mod bind;
mod mapped;
mod own;

use repass_core::{
    Account, AccountError, AccountFilter, AccountId, AccountWithCredential, Commit, Realm, Rehash,
    UserId,
};

use crate::connection::Db;
use crate::failure::Result;

pub(crate) use bind::{bind, check};
use mapped::MappedAccounts;

/// Where the accounts are.
pub(crate) enum AccountsSource {
    /// In the table of repass's own.
    Own,
    /// In a mapped table.
    Mapped(Box<MappedAccounts>),
}

/// What is known of the holder of an access token.
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

    /// Checks that accounts can be read: the columns of a mapped table may be gone.
    pub(crate) fn check(&self, db: Db<'_>) -> Result<()> {
        match self {
            Self::Own => Ok(()),
            Self::Mapped(table) => table.check(db),
        }
    }

    /// The account of this id; in a mapped table, if it was ever registered.
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

    /// Whether the account is active; `None` when there is none of this id.
    pub(crate) fn is_active(&self, db: Db<'_>, account: AccountId) -> Result<Option<bool>> {
        Ok(self.holder(db, account)?.map(|holder| holder.active))
    }

    pub(crate) fn list(&self, db: Db<'_>, filter: &AccountFilter) -> Result<Vec<Account>> {
        match self {
            Self::Own => own::list(db, filter),
            Self::Mapped(table) => table.list(db, filter),
        }
    }

    /// Makes sure that the account of this name has a row in `repass_accounts` for others to refer to.
    /// Returns whether the name is that of the account.
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

    /// Replaces the hash that a change was proved against, and keeps it in the history. Returns the new
    /// version; `None` when the present hash is another one.
    pub(crate) fn replace_hash(&self, db: Db<'_>, commit: &Commit) -> Result<Option<i64>> {
        match self {
            Self::Own => own::replace_hash(db, commit),
            Self::Mapped(table) => table.replace_hash(db, commit),
        }
    }

    /// Replaces a hash by another one of the same password. Returns whether the expected one was there.
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
