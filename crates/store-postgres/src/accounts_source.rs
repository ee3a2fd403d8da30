//! SQL fragments for accounts in repass's own table or in a mapped table.

use repass_accounts_table::{MAX_NAME_CANDIDATES, RealmMapping, SqlName, lowered_spellings};
use repass_core::{
    Account, AccountFilter, AccountId, AccountWithCredential, MAX_SAME_NAME, NameKind, Realm,
    StoreError, UserId,
};
use tokio_postgres::Row;

use crate::mapped::MappedTable;
use crate::query::Query;
use crate::row::{self, get};

/// SQL fragments for the table of the accounts. In statements, `a` is the row of `@accounts`, `f`
/// the row of a mapped table, and `c` the row of `@mapped_credentials`.
#[derive(Debug)]
pub(crate) struct AccountsSource {
    /// The columns that [`account`](Self::account) reads.
    columns: String,
    /// All accounts, including those without a row in `@accounts`.
    all: String,
    /// A join after `@accounts a` that selects existing accounts.
    join: String,
    realm: String,
    user_id: String,
    active: String,
    /// Further columns that [`with_credential`](Self::with_credential) reads.
    credential: String,
    /// The sort key of lists, which is the [`list_key`].
    order: String,
    /// The condition for the realm `$1`.
    in_realm: String,
    /// The condition for the user id `$2` or its other spelling `$3`.
    has_user_id: String,
    /// The condition that there is a hash.
    has_hash: String,
    /// The time of the hash.
    changed_at: String,
    pub(crate) mapped: Option<MappedTable>,
}

/// The columns of the enrollment of one-time passwords, and their join.
const OTP: &str = "o.sealed_secret, o.last_step, o.code_digest, o.code_expires_at";
const WITH_OTP: &str = "LEFT JOIN @one_time_passwords o ON o.account = a.id";

impl AccountsSource {
    /// Returns the fragments of repass's own table.
    pub(crate) fn own() -> Self {
        let text = ToOwned::to_owned;
        Self {
            columns: text(
                "a.id, a.realm, a.user_id, a.email, a.username, a.profile, a.active, a.created_at, \
                 a.updated_at",
            ),
            all: format!("@accounts a {WITH_OTP}"),
            join: String::new(),
            realm: text("a.realm"),
            user_id: text("a.user_id"),
            active: text("a.active"),
            credential: format!(
                "a.hash, a.normalization, a.version, a.changed_at, a.valid_after, {OTP}"
            ),
            order: text("a.list_key"),
            in_realm: text("a.realm = $1"),
            has_user_id: text("a.user_id = $2"),
            has_hash: text("a.hash IS NOT NULL"),
            changed_at: text("a.changed_at"),
            mapped: None,
        }
    }

    /// Returns the fragments of a mapped table.
    pub(crate) fn mapped(table: MappedTable) -> Self {
        let column = |name: &SqlName| table.text(Some(name));
        let mapping = &table.mapping;
        let (id, user_id) = (column(&mapping.id), column(&mapping.user_id));
        let (name, realm, active) = (table.name(), table.realm(), table.active());
        let in_realm = match &mapping.realm {
            RealmMapping::All(_) => format!("{realm} = $1"),
            RealmMapping::Column(column) => format!("f.{} = $1", column.quoted()),
        };
        let hash = column(&mapping.hash);
        Self {
            columns: format!(
                "{id} AS mapped_id, {realm} AS realm, {user_id} AS user_id, {} AS email, \
                 {} AS username, {active} AS active, a.updated_at",
                table.text(mapping.email.as_ref()),
                table.text(mapping.username.as_ref()),
            ),
            all: format!(
                "{name} f LEFT JOIN @accounts a ON a.mapped_id = {}
                 LEFT JOIN @mapped_credentials c ON c.account = a.id {WITH_OTP}",
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
                "{hash} AS hash, c.normalization, c.version, c.changed_at, c.fingerprint,
                 a.valid_after, {OTP}"
            ),
            in_realm,
            has_user_id: table.has_user_id(),
            has_hash: format!("{hash} IS NOT NULL"),
            // The time of a hash that repass did not write is the Unix epoch.
            changed_at: format!(
                "CASE WHEN c.fingerprint = sha256(convert_to({hash}, 'UTF8')) THEN c.changed_at
                      ELSE 'epoch' END"
            ),
            mapped: Some(table),
        }
    }

    /// Selects an account with its credential by realm and user id; `None` if no row can have that
    /// user id. The result may contain rows in another case; use
    /// [`exact_match`](Self::exact_match).
    pub(crate) fn find(&self, realm: &Realm, user_id: &UserId) -> Option<Query> {
        let [one, other] = match &self.mapped {
            None => [user_id.to_string(), user_id.to_string()],
            Some(table) => table.types.user_id.spellings(user_id)?,
        };
        let Self { columns, credential, all, in_realm, has_user_id, .. } = self;
        let find =
            format!("SELECT {columns}, {credential} FROM {all} WHERE {in_realm} AND {has_user_id}");
        Some(Query::new(find).bind(realm.as_str()).bind(one).bind(other))
    }

    /// Selects accounts with their credentials by a name, which is in the form of
    /// [`fold_name`](repass_core::fold_name); `None` if no row can have it. The result may contain
    /// accounts of other names.
    pub(crate) fn find_by_name(&self, realm: &Realm, kind: NameKind, name: &str) -> Option<Query> {
        // No text of PostgreSQL contains it.
        if name.contains('\0') {
            return None;
        }
        let query = Query::default().bind(realm.as_str());
        let (query, has_name, limit) = match &self.mapped {
            None => {
                let key = match kind {
                    NameKind::Email => "email_key",
                    NameKind::Username => "username_key",
                };
                (query.bind(name), format!("a.{key} = $2"), MAX_SAME_NAME)
            }
            Some(table) => {
                let column = table.text(Some(table.mapping.name_column(kind)?));
                let query = lowered_spellings(name).into_iter().fold(query, Query::bind);
                let has_name = format!("lower({column}) IN ($2, $3, $4)");
                (query, has_name, MAX_NAME_CANDIDATES)
            }
        };
        let Self { columns, credential, all, in_realm, .. } = self;
        Some(query.with_sql(format!(
            "SELECT {columns}, {credential} FROM {all} WHERE {in_realm} AND {has_name}
             LIMIT {limit}"
        )))
    }

    /// Returns the row of [`find`](Self::find) that has exactly this realm and user id. Two such
    /// rows are an error.
    pub(crate) fn exact_match(
        &self,
        rows: Vec<Row>,
        realm: &Realm,
        user_id: &UserId,
    ) -> Result<Option<Row>, StoreError> {
        let is_named = |row: &Row| {
            row::realm_and_user_id(row).is_some_and(|(own, name)| own == *realm && name == *user_id)
        };
        let mut exact = rows.into_iter().filter(is_named);
        let only = exact.next();
        match exact.next() {
            None => Ok(only),
            Some(_) => Err(StoreError::Damaged("more than one row has this user_id".to_owned())),
        }
    }

    /// Selects the accounts of `ids`, with the id in the column `own_id`.
    pub(crate) fn by_id(&self, ids: Vec<uuid::Uuid>) -> Query {
        let Self { columns, join, .. } = self;
        let find = format!(
            "SELECT {columns}, a.id AS own_id FROM @accounts a {join} WHERE a.id = ANY ($1)"
        );
        Query::new(find).bind(ids)
    }

    /// Selects a row if the account of this parameter exists.
    pub(crate) fn exists(&self, account: &str) -> String {
        format!("SELECT 1 FROM @accounts a {} WHERE a.id = {account}", self.join)
    }

    /// Selects accounts after this [`list_key`].
    pub(crate) fn page(&self, filter: &AccountFilter, after: Vec<u8>, limit: i64) -> Query {
        let Self { columns, credential, all, realm, active, has_hash, changed_at, order, .. } =
            self;
        let mut query = Query::default().bind(after).bind(limit);
        let mut conditions = vec![format!("{order} > $1")];
        if let Some(within) = &filter.realm {
            conditions.push(format!("{realm} = {}", query.value(within.as_str())));
        }
        if let Some(wanted) = filter.active {
            conditions.push(format!("{active} = {}", query.value(wanted)));
        }
        if let Some(time) = filter.changed_before {
            conditions.push(format!("{has_hash} AND {changed_at} < {}", query.value(time)));
        }
        let conditions = conditions.join(" AND ");
        query.with_sql(format!(
            "SELECT {columns}, {credential} FROM {all} WHERE {conditions} ORDER BY {order} LIMIT $2"
        ))
    }

    /// Selects access tokens `t` of existing accounts with their holders, for [`row::held_token`].
    pub(crate) fn held_token(&self, condition: &str) -> String {
        let Self { realm, user_id, active, join, .. } = self;
        format!(
            "SELECT t.id AS token_id, t.account AS token_account, t.roles AS token_roles,
                    t.digest AS token_digest, t.issued_at AS token_issued_at,
                    t.expires_at AS token_expires_at, t.revoked_at AS token_revoked_at,
                    t.ip_address AS token_ip_address, t.user_agent AS token_user_agent,
                    t.last_used_at AS token_last_used_at,
                    {realm} AS realm, {user_id} AS user_id, {active} AS active, a.valid_after,
                    a.kept_token
             FROM @access_tokens t JOIN @accounts a ON a.id = t.account {join} WHERE {condition}",
        )
    }

    /// Selects the columns of a mapped table, but no row.
    pub(crate) fn probe(&self) -> Option<Query> {
        self.mapped.as_ref()?;
        let Self { columns, credential, all, .. } = self;
        Some(Query::new(format!("SELECT {columns}, {credential} FROM {all} LIMIT 0")))
    }

    pub(crate) fn account(&self, row: &Row) -> Result<Account, StoreError> {
        match &self.mapped {
            None => row::account(row),
            Some(table) => row::mapped_account(row, self.mapped_account_id(table, row)?),
        }
    }

    pub(crate) fn with_credential(&self, row: &Row) -> Result<AccountWithCredential, StoreError> {
        let credential = match &self.mapped {
            None => row::credential(row)?,
            Some(_) => row::mapped_credential(row)?.credential(),
        };
        Ok(AccountWithCredential {
            account: self.account(row)?,
            credential,
            valid_after: get(row, "valid_after")?,
            otp: Some(row::otp(row)?),
        })
    }

    fn mapped_account_id(&self, table: &MappedTable, row: &Row) -> Result<AccountId, StoreError> {
        Ok(table.mapping.account_id(get(row, "mapped_id")?))
    }
}

/// Returns the sort key of lists: the bytes of the realm and the user id, independent of the
/// collation. No realm contains a zero byte.
pub(crate) fn list_key(realm: &str, user_id: &str) -> Vec<u8> {
    [realm.as_bytes(), &[0], user_id.as_bytes()].concat()
}
