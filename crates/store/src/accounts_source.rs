use std::sync::Arc;

use repass_core::{AccountId, Realm, StoreError, UserId};
use sqlx::any::AnyRow;

use crate::failure::damaged;
use crate::foreign_table::ForeignTable;
use crate::row;

/// Where accounts stand: in the table of repass's own, or in a mapped one. Whatever statements say
/// of them is put together from these pieces, in which `a` is our own row of an account.
#[derive(Debug)]
pub(crate) struct AccountsSource {
    /// What [`account`](Self::account) reads.
    pub(crate) columns: String,
    /// All accounts, those too that nothing was ever written about.
    pub(crate) all: String,
    /// Goes after `accounts a`, and leaves those that are accounts still.
    pub(crate) join: String,
    pub(crate) realm: String,
    pub(crate) user_id: String,
    pub(crate) active: String,
    pub(crate) hash: String,
    /// Which account has the realm and the user id that [`names`](Self::names) gives.
    pub(crate) named: String,
    /// The mapped table.
    pub(crate) foreign: Option<ForeignTable>,
    /// Finds an account and its hash by [`names`](Self::names).
    pub(crate) find: Arc<str>,
    /// Finds an access token and its holder by the token's digest.
    pub(crate) find_token: Arc<str>,
    /// Finds a key by the first digest, and an access token likewise by the second: one row, in which
    /// what is not there is null.
    pub(crate) find_key_and_token: Arc<str>,
}

impl AccountsSource {
    /// The table of repass's own.
    pub(crate) fn own() -> Self {
        let text = ToOwned::to_owned;
        let pieces = Self {
            columns: text(
                "a.id, a.realm, a.user_id, a.email, a.username, a.profile, a.active, a.created_at, \
                 a.updated_at",
            ),
            all: text("accounts a"),
            join: String::new(),
            realm: text("a.realm"),
            user_id: text("a.user_id"),
            active: text("a.active"),
            hash: text("c.hash"),
            named: text("a.realm = $1 AND a.user_id = $2"),
            foreign: None,
            find: Arc::default(),
            find_token: Arc::default(),
            find_key_and_token: Arc::default(),
        };
        pieces.put_together()
    }

    /// A mapped table.
    pub(crate) fn foreign(table: ForeignTable) -> Self {
        let column = |name: &str| table.text(table.mapping.column(name));
        let (name, realm, active) = (table.name(), table.realm(), table.active());
        let row = table.is_row("a.user_id");
        // An empty realm is the mark of a row that stands for one of another table.
        let key = format!("a.realm = '' AND a.user_id = {}", table.exact(&column("id")));
        let pieces = Self {
            columns: format!(
                "a.id, {} AS foreign_id, {realm} AS realm, {} AS user_id, {} AS email,
                 {} AS username, '{{}}' AS profile, {active} AS active,
                 CAST(0 AS BIGINT) AS created_at, COALESCE(a.updated_at, 0) AS updated_at",
                column("id"),
                column("user_id"),
                column("email"),
                column("username"),
            ),
            all: format!("{name} f LEFT JOIN accounts a ON {key}"),
            join: format!("JOIN {name} f ON a.realm = '' AND {row}"),
            realm: table.exact(&realm),
            user_id: table.exact(&column("user_id")),
            active,
            hash: column("hash"),
            named: table.named(),
            foreign: Some(table),
            find: Arc::default(),
            find_token: Arc::default(),
            find_key_and_token: Arc::default(),
        };
        pieces.put_together()
    }

    /// Once, since every change runs them.
    fn put_together(mut self) -> Self {
        self.find = format!(
            "SELECT {}, {} AS hash, c.version, c.changed_at, c.fingerprint, c.normalisation
             FROM {} LEFT JOIN credentials c ON c.account = a.id WHERE {}",
            self.columns, self.hash, self.all, self.named,
        )
        .into();
        self.find_token = self.held_token("t.digest = $1").into();
        self.find_key_and_token = format!(
            "SELECT {}, t.* FROM (SELECT 1 AS one) o LEFT JOIN keys k ON k.digest = $1
             LEFT JOIN ({}) t ON TRUE",
            row::key_columns!(),
            self.held_token("t.digest = $2"),
        )
        .into();
        self
    }

    /// Access tokens with their holders, as far as those are accounts still.
    pub(crate) fn held_token(&self, condition: &str) -> String {
        let Self { realm, user_id, active, join, .. } = self;
        format!(
            "SELECT t.id, t.account, t.roles, t.digest, t.issued_at, t.expires_at, t.revoked_at,
                    {realm} AS realm, {user_id} AS user_id, {active} AS active, a.valid_after,
                    a.kept_token
             FROM access_tokens t JOIN accounts a ON a.id = t.account {join} WHERE {condition}",
        )
    }

    /// What to bind to the parameters of [`named`](Self::named); `None` when no row can have that
    /// name. The database may find others too, whose names differ in case only.
    pub(crate) fn names(&self, realm: &Realm, user_id: &UserId) -> Option<Vec<String>> {
        let names = match &self.foreign {
            None => vec![user_id.to_string()],
            Some(table) => table.spellings(user_id)?,
        };
        Some([realm.to_string()].into_iter().chain(names).collect())
    }

    /// repass's own identifier of the account in this row.
    pub(crate) fn id(&self, row: &AnyRow) -> Result<AccountId, StoreError> {
        match &self.foreign {
            None => row::account_id(row),
            Some(table) => Ok(table.account_id(&row::foreign_id(row)?)),
        }
    }

    /// Of rows of a mapped table that were found by name the one that has exactly that name. Two are
    /// damage: nobody can tell whose password would be changed.
    pub(crate) fn only(
        &self,
        rows: Vec<AnyRow>,
        realm: &Realm,
        user_id: &UserId,
    ) -> Result<Option<AnyRow>, StoreError> {
        let mut exact = rows.into_iter().filter(|found| row::is_named(found, realm, user_id));
        let only = exact.next();
        match exact.next() {
            None => Ok(only),
            Some(_) => Err(damaged("user_id: more than one row has it, so none of them")),
        }
    }
}
