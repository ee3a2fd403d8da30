//! Where the accounts are: the pieces that statements speak of them with.

use repass_accounts_table::{RealmOf, SqlName};
use repass_core::{
    Account, AccountFilter, AccountId, AccountWithCredential, Realm, StoreError, UserId,
};
use tokio_postgres::Row;

use crate::failure::damaged;
use crate::mapped::MappedTable;
use crate::query::Query;
use crate::row::{self, get};

/// Where the accounts are. Statements call repass's own row of an account `a`, its row in a mapped
/// table `f`, and what repass knows of the hash there `c`.
#[derive(Debug)]
pub(crate) struct AccountsSource {
    /// What [`account`](Self::account) reads.
    columns: String,
    /// All accounts, those too that nothing was ever written about.
    all: String,
    /// Follows `@accounts a`, and leaves those that are accounts still.
    join: String,
    realm: String,
    user_id: String,
    active: String,
    /// What [`with_credential`](Self::with_credential) reads, too.
    credential: String,
    /// Accounts are listed in the order of this, which is the [`list_key`] of each.
    order: String,
    /// Finds the account of the realm `$1` and the user id `$2`, which may be spelt as `$3`, too.
    named: String,
    pub(crate) mapped: Option<MappedTable>,
}

impl AccountsSource {
    /// repass's own table.
    pub(crate) fn own() -> Self {
        let text = ToOwned::to_owned;
        Self {
            columns: text(
                "a.id, a.realm, a.user_id, a.email, a.username, a.profile, a.active, a.created_at, \
                 a.updated_at",
            ),
            all: text("@accounts a"),
            join: String::new(),
            realm: text("a.realm"),
            user_id: text("a.user_id"),
            active: text("a.active"),
            credential: text("a.hash, a.normalization, a.version, a.changed_at"),
            order: text("a.list_key"),
            named: text("a.realm = $1 AND a.user_id = $2"),
            mapped: None,
        }
    }

    /// The users table of another application.
    pub(crate) fn mapped(table: MappedTable) -> Self {
        let column = |name: &SqlName| table.text(Some(name));
        let mapping = &table.mapping;
        let (id, user_id) = (column(&mapping.id), column(&mapping.user_id));
        let (name, realm, active) = (table.name(), table.realm(), table.active());
        let named = match &mapping.realm {
            RealmOf::All(_) => format!("{realm} = $1 AND {}", table.has_user_id()),
            RealmOf::Column(column) => {
                format!("f.{} = $1 AND {}", column.quoted(), table.has_user_id())
            }
        };
        Self {
            columns: format!(
                "{id} AS mapped_id, {realm} AS realm, {user_id} AS user_id, {} AS email, \
                 {} AS username, {active} AS active, a.updated_at",
                table.text(mapping.email.as_ref()),
                table.text(mapping.username.as_ref()),
            ),
            all: format!(
                "{name} f LEFT JOIN @accounts a ON a.mapped_id = {}
                 LEFT JOIN @mapped_credentials c ON c.account = a.id",
                table.exact(&id),
            ),
            join: format!("JOIN {name} f ON {}", table.is_row("a.mapped_id")),
            order: format!(
                "convert_to({realm}, 'UTF8') || decode('00', 'hex') || convert_to({user_id}, 'UTF8')"
            ),
            realm: table.exact(&realm),
            user_id,
            active,
            credential: format!(
                "{} AS hash, c.normalization, c.version, c.changed_at, c.fingerprint",
                column(&mapping.hash),
            ),
            named,
            mapped: Some(table),
        }
    }

    /// Finds an account by its names, with its credential; `None` when no row can have that name.
    /// More rows than the one that [`only`](Self::only) picks may be found, which differ in case.
    pub(crate) fn find(&self, realm: &Realm, user_id: &UserId) -> Option<Query> {
        let [one, other] = match &self.mapped {
            None => [user_id.to_string(), user_id.to_string()],
            Some(table) => table.fit.user_id.spellings(user_id)?,
        };
        let Self { columns, credential, all, named, .. } = self;
        let find = format!("SELECT {columns}, {credential} FROM {all} WHERE {named}");
        Some(Query::new(find).bind(realm.as_str()).bind(one).bind(other))
    }

    /// Of the rows that [`find`](Self::find) found the one that has exactly these names. Two are
    /// damage: nobody can tell whose password would be changed.
    pub(crate) fn only(
        &self,
        rows: Vec<Row>,
        realm: &Realm,
        user_id: &UserId,
    ) -> Result<Option<Row>, StoreError> {
        let is_named = |row: &Row| {
            row::names(row).is_some_and(|(own, name)| own == *realm && name == *user_id)
        };
        let mut exact = rows.into_iter().filter(is_named);
        let only = exact.next();
        match exact.next() {
            None => Ok(only),
            Some(_) => Err(damaged("user_id: more than one row has it, so none of them")),
        }
    }

    /// Finds the accounts of `ids`, with the id in the column `own_id`.
    pub(crate) fn by_id(&self, ids: Vec<uuid::Uuid>) -> Query {
        let Self { columns, join, .. } = self;
        let find = format!(
            "SELECT {columns}, a.id AS own_id FROM @accounts a {join} WHERE a.id = ANY ($1)"
        );
        Query::new(find).bind(ids)
    }

    /// Selects a row if the account of this parameter is one still.
    pub(crate) fn exists(&self, account: &str) -> String {
        format!("SELECT 1 FROM @accounts a {} WHERE a.id = {account}", self.join)
    }

    /// Accounts after the one of this [`list_key`], in their order.
    pub(crate) fn page(&self, filter: &AccountFilter, after: Vec<u8>, limit: i64) -> Query {
        let Self { columns, all, realm, order, .. } = self;
        let mut query = Query::default().bind(after).bind(limit);
        let within = filter.realm.as_ref().map_or(String::new(), |within| {
            format!("AND {realm} = {}", query.value(within.as_str()))
        });
        query.with_sql(format!(
            "SELECT {columns} FROM {all} WHERE {order} > $1 {within} ORDER BY {order} LIMIT $2"
        ))
    }

    /// Selects access tokens `t` with their holders, as far as those are accounts still, for
    /// [`row::held_token`].
    pub(crate) fn held_token(&self, condition: &str) -> String {
        let Self { realm, user_id, active, join, .. } = self;
        format!(
            "SELECT t.id AS token_id, t.account AS token_account, t.roles AS token_roles,
                    t.digest AS token_digest, t.issued_at AS token_issued_at,
                    t.expires_at AS token_expires_at, t.revoked_at AS token_revoked_at,
                    {realm} AS realm, {user_id} AS user_id, {active} AS active, a.valid_after,
                    a.kept_token
             FROM @access_tokens t JOIN @accounts a ON a.id = t.account {join} WHERE {condition}",
        )
    }

    /// Reads the columns of a mapped table, but no row.
    pub(crate) fn probe(&self) -> Option<Query> {
        self.mapped.as_ref()?;
        let Self { columns, credential, all, .. } = self;
        Some(Query::new(format!("SELECT {columns}, {credential} FROM {all} LIMIT 0")))
    }

    pub(crate) fn account(&self, row: &Row) -> Result<Account, StoreError> {
        match &self.mapped {
            None => row::account(row),
            Some(table) => row::mapped_account(row, self.id_within(table, row)?),
        }
    }

    pub(crate) fn with_credential(&self, row: &Row) -> Result<AccountWithCredential, StoreError> {
        let credential = match &self.mapped {
            None => row::credential(row)?,
            Some(_) => row::standing(row)?.credential(),
        };
        Ok(AccountWithCredential { account: self.account(row)?, credential })
    }

    fn id_within(&self, table: &MappedTable, row: &Row) -> Result<AccountId, StoreError> {
        Ok(table.mapping.account_id(get(row, "mapped_id")?))
    }
}

/// What accounts are listed in the order of: the bytes of the realm and of the user id, whatever the
/// database's collation. No realm has a zero byte.
pub(crate) fn list_key(realm: &str, user_id: &str) -> Vec<u8> {
    [realm.as_bytes(), &[0], user_id.as_bytes()].concat()
}
