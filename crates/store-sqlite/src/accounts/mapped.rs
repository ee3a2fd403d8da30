//! Accounts in a users table of another application.
//!
//! In the statements, `f` is a row of that table and `a` the row of the account in
//! `repass_accounts`, which exists once something was written about the account.

mod write;

use jiff::Timestamp;
use repass_accounts_table::{
    AccountsTable, ColumnTypes, MappedCredential, RealmMapping, RecordedCredential, SqlName,
};
use repass_core::{
    Account, AccountFilter, AccountId, AccountWithCredential, HashedPassword, Realm, UserId,
};
use rusqlite::Row;

use super::Holder;
use crate::connection::Db;
use crate::failure::{Failure, Result};
use crate::row::Columns;

/// A checked mapped table with its statements.
pub(crate) struct MappedAccounts {
    table: AccountsTable,
    types: ColumnTypes,
    sql: Statements,
}

/// SQL of the table, built once.
struct Statements {
    /// Selects an account with its credential by realm and two spellings of the user id.
    find: String,
    /// Selects an account by its [`AccountId`].
    account: String,
    /// Selects the hash and its recorded metadata by [`AccountId`].
    credential: String,
    /// Selects a page of accounts.
    list: String,
    set_hash: String,
    set_first_hash: String,
    set_active: Option<String>,
}

impl MappedAccounts {
    pub(super) fn new(table: AccountsTable, types: ColumnTypes) -> Self {
        let sql = Statements::new(&table);
        Self { table, types, sql }
    }

    pub(super) fn find(
        &self,
        db: Db<'_>,
        realm: &Realm,
        user_id: &UserId,
    ) -> Result<Option<AccountWithCredential>> {
        Ok(self.find_row(db, realm, user_id)?.map(|(_, found)| found))
    }

    /// Checks that every statement can still be prepared.
    pub(super) fn check(&self, db: Db<'_>) -> Result<()> {
        let Statements { find, account, credential, list, set_hash, set_first_hash, set_active } =
            &self.sql;
        for sql in [find, account, credential, list, set_hash, set_first_hash] {
            db.0.prepare_cached(sql)?;
        }
        set_active.iter().try_for_each(|sql| Ok(db.0.prepare_cached(sql).map(drop)?))
    }

    /// Returns the account with this realm and user id, and its id in the table.
    fn find_row(
        &self,
        db: Db<'_>,
        realm: &Realm,
        user_id: &UserId,
    ) -> Result<Option<(String, AccountWithCredential)>> {
        let Some([one, other]) = self.types.user_id.spellings(user_id) else { return Ok(None) };
        let found = db.rows(&self.sql.find, (realm.as_str(), one, other), |row| {
            // The collation of the column may ignore case and so find other user ids.
            if !is_named(Columns(row), realm, user_id) {
                return Ok(None);
            }
            let (account, credential) = (self.read(row)?, mapped_credential(row)?.credential());
            Ok(Some((
                Columns(row).get("mapped_id")?,
                AccountWithCredential { account, credential },
            )))
        })?;
        let mut found = found.into_iter().flatten();
        let only = found.next();
        match found.next() {
            None => Ok(only),
            Some(_) => Err(Failure::Damaged("more than one row has this user_id".to_owned())),
        }
    }

    pub(super) fn account(&self, db: Db<'_>, account: AccountId) -> Result<Option<Account>> {
        db.row(&self.sql.account, [account.0.as_bytes()], |row| self.read(row))
    }

    pub(super) fn holder(&self, db: Db<'_>, account: AccountId) -> Result<Option<Holder>> {
        db.row(&self.sql.account, [account.0.as_bytes()], |row| {
            let columns = Columns(row);
            Ok(Holder {
                realm: columns.parsed("realm")?,
                user_id: columns.parsed("user_id")?,
                active: columns.get("active")?,
            })
        })
    }

    pub(super) fn list(&self, db: Db<'_>, filter: &AccountFilter) -> Result<Vec<Account>> {
        let after = filter.after.as_ref();
        let mut after = after.map_or((String::new(), String::new()), |(realm, user_id)| {
            (realm.to_string(), user_id.to_string())
        });
        let (within, limit) = (filter.realm.as_ref().map(Realm::as_str), filter.limit as usize);
        let mut listed = Vec::new();
        while listed.len() < limit {
            let asked = limit - listed.len();
            let params = (&after.0, &after.1, within, i64::try_from(asked).unwrap_or(i64::MAX));
            let page = db.rows(&self.sql.list, params, |row| {
                let columns = Columns(row);
                let name = (columns.get("realm")?, columns.get("user_id")?);
                // Rows without a valid realm or user id are not accounts.
                let is_account = columns.parsed::<Realm>("realm").is_ok()
                    && columns.parsed::<UserId>("user_id").is_ok();
                Ok((name, is_account.then(|| self.read(row)).transpose()?))
            })?;
            let is_last = page.len() < asked;
            for (name, account) in page {
                after = name;
                listed.extend(account);
            }
            if is_last {
                break;
            }
        }
        Ok(listed)
    }

    fn read(&self, row: &Row<'_>) -> Result<Account> {
        let columns = Columns(row);
        let id = self.table.account_id(&columns.get::<String>("mapped_id")?);
        let (realm, user_id) = (columns.parsed("realm")?, columns.parsed("user_id")?);
        let mut account = Account::new(id, realm, user_id, Timestamp::UNIX_EPOCH);
        let email: Option<String> = columns.get("email")?;
        account.email = email.and_then(|email| email.parse().ok());
        account.username = columns.get("username")?;
        account.active = columns.get("active")?;
        account.updated_at = columns.optional_time("updated_at")?.unwrap_or(Timestamp::UNIX_EPOCH);
        Ok(account)
    }
}

fn is_named(columns: Columns<'_>, realm: &Realm, user_id: &UserId) -> bool {
    columns.parsed::<Realm>("realm").is_ok_and(|own| own == *realm)
        && columns.parsed::<UserId>("user_id").is_ok_and(|own| own == *user_id)
}

fn mapped_credential(row: &Row<'_>) -> Result<MappedCredential> {
    let columns = Columns(row);
    let hash: Option<String> = columns.get("hash")?;
    let recorded = match columns.get::<Option<i64>>("version")? {
        None => None,
        Some(version) => Some(RecordedCredential {
            version,
            changed_at: columns.time("changed_at")?,
            fingerprint: columns.get("fingerprint")?,
            normalization: columns.normalization()?,
        }),
    };
    Ok(MappedCredential { hash: hash.map(HashedPassword::from_stored), recorded })
}

impl Statements {
    fn new(table: &AccountsTable) -> Self {
        let name = format!("main.{}", table.table.table().quoted());
        let text = |column: Option<&SqlName>| match column {
            None => "NULL".to_owned(),
            Some(column) => format!("CAST(f.{} AS TEXT)", column.quoted()),
        };
        let id = text(Some(&table.id));
        let user_id = text(Some(&table.user_id));
        let hash = text(Some(&table.hash));
        let (realm, indexed_realm) = match &table.realm {
            // A realm contains no quotation mark.
            RealmMapping::All(realm) => (format!("'{realm}'"), format!("'{realm}'")),
            RealmMapping::Column(column) => (text(Some(column)), format!("f.{}", column.quoted())),
        };
        let active = table.active.as_ref().map_or("1".to_owned(), |column| {
            // Text is cast to 0, which is inactive.
            format!("COALESCE(CAST(f.{} AS INTEGER) <> 0, 0)", column.quoted())
        });
        let columns = format!(
            "{id} AS mapped_id, {realm} AS realm, {user_id} AS user_id, {} AS email,
             {} AS username, {active} AS active, a.updated_at",
            text(table.email.as_ref()),
            text(table.username.as_ref()),
        );
        let credential =
            format!("{hash} AS hash, c.version, c.changed_at, c.fingerprint, c.normalization");
        let recorded = "LEFT JOIN repass_mapped_credentials c ON c.account = a.id";
        // The first comparison uses the index of the column, the second one is exact.
        let is_row = |id_of: &str| {
            format!("f.{} = {id_of} AND {id} = {id_of} COLLATE BINARY", table.id.quoted())
        };
        let known = format!("repass_accounts a JOIN {name} f ON {}", is_row("a.mapped_id"));
        let all = format!("{name} f LEFT JOIN repass_accounts a ON a.mapped_id = {id}");
        Self {
            find: format!(
                "SELECT {columns}, {credential} FROM {all} {recorded}
                 WHERE {indexed_realm} = ?1 AND f.{} IN (?2, ?3)",
                table.user_id.quoted()
            ),
            account: format!("SELECT {columns} FROM {known} WHERE a.id = ?1"),
            credential: format!("SELECT {credential} FROM {known} {recorded} WHERE a.id = ?1"),
            list: format!(
                "SELECT {columns} FROM {all}
                 WHERE ({realm} COLLATE BINARY, {user_id} COLLATE BINARY) > (?1, ?2)
                   AND {user_id} IS NOT NULL AND (?3 IS NULL OR {realm} = ?3 COLLATE BINARY)
                 ORDER BY {realm} COLLATE BINARY, {user_id} COLLATE BINARY LIMIT ?4"
            ),
            set_hash: format!(
                "UPDATE {name} AS f SET {} = ?1 WHERE {} AND {hash} = ?3 COLLATE BINARY",
                table.hash.quoted(),
                is_row("?2"),
            ),
            set_first_hash: format!(
                "UPDATE {name} AS f SET {} = ?1 WHERE {} AND {hash} IS NULL",
                table.hash.quoted(),
                is_row("?2"),
            ),
            set_active: table.active.as_ref().map(|column| {
                format!("UPDATE {name} AS f SET {} = ?1 WHERE {}", column.quoted(), is_row("?2"))
            }),
        }
    }
}
