//! Accounts in a users table of another application.
//!
//! In the statements, `f` is a row of that table and `a` the row of the account in
//! `repass_accounts`, which exists once something was written about the account.

mod write;

use jiff::Timestamp;
use repass_accounts_table::{
    AccountsTable, ColumnTypes, MAX_NAME_CANDIDATES, MappedCredential, RealmMapping,
    RecordedCredential, SqlName, is_named, lowered_spellings,
};
use repass_core::{
    Account, AccountFilter, AccountId, AccountWithCredential, HashedPassword, MAX_SAME_NAME,
    NameKind, Realm, UserId,
};
use rusqlite::Row;

use super::Holder;
use crate::connection::Db;
use crate::failure::{Failure, Result};
use crate::row::{self, Columns};

/// A checked mapped table with its statements.
pub(crate) struct MappedAccounts {
    table: AccountsTable,
    types: ColumnTypes,
    sql: Statements,
}

/// The fewest rows that a page of accounts reads.
const MIN_PAGE: usize = 100;

/// SQL of the table, built once.
struct Statements {
    /// Selects an account with its credential by realm and two spellings of the user id.
    find: String,
    /// Selects accounts with their credentials by realm and three spellings of a name.
    find_by_email: Option<String>,
    find_by_username: Option<String>,
    /// Selects an account by its [`AccountId`].
    account: String,
    /// Selects the hash and its recorded metadata by [`AccountId`].
    credential: String,
    /// Selects a page of accounts with their credentials.
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

    /// Returns the accounts with this name; none if no column is mapped for it.
    pub(super) fn find_by_name(
        &self,
        db: Db<'_>,
        realm: &Realm,
        kind: NameKind,
        name: &str,
    ) -> Result<Vec<AccountWithCredential>> {
        let find = match kind {
            NameKind::Email => &self.sql.find_by_email,
            NameKind::Username => &self.sql.find_by_username,
        };
        let Some(find) = find else { return Ok(Vec::new()) };
        let [one, two, three] = lowered_spellings(name);
        let found = db.rows(find, (realm.as_str(), one, two, three), |row| {
            // Rows without a valid realm or user id are not accounts.
            if !is_account(Columns(row)) {
                return Ok(None);
            }
            let found = self.with_credential(row)?;
            let is_named = found.account.realm == *realm && is_named(&found.account, kind, name);
            Ok(is_named.then_some(found))
        })?;
        Ok(found.into_iter().flatten().take(MAX_SAME_NAME).collect())
    }

    /// Checks that every statement can still be prepared.
    pub(super) fn check(&self, db: Db<'_>) -> Result<()> {
        let Statements {
            find,
            find_by_email,
            find_by_username,
            account,
            credential,
            list,
            set_hash,
            set_first_hash,
            set_active,
        } = &self.sql;
        for sql in [find, account, credential, list, set_hash, set_first_hash] {
            db.0.prepare_cached(sql)?;
        }
        for sql in [find_by_email, find_by_username, set_active].into_iter().flatten() {
            db.0.prepare_cached(sql)?;
        }
        Ok(())
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
            if !has_user_id(Columns(row), realm, user_id) {
                return Ok(None);
            }
            Ok(Some((Columns(row).get("mapped_id")?, self.with_credential(row)?)))
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

    pub(super) fn list(
        &self,
        db: Db<'_>,
        filter: &AccountFilter,
    ) -> Result<Vec<AccountWithCredential>> {
        let after = filter.after.as_ref();
        let mut after = after.map_or((String::new(), String::new()), |(realm, user_id)| {
            (realm.to_string(), user_id.to_string())
        });
        let (within, limit) = (filter.realm.as_ref().map(Realm::as_str), filter.limit as usize);
        let mut listed = Vec::new();
        while listed.len() < limit {
            // At least a few, since not every row is listed.
            let asked = (limit - listed.len()).max(MIN_PAGE);
            let params = (
                &after.0,
                &after.1,
                within,
                filter.active,
                i64::try_from(asked).unwrap_or(i64::MAX),
            );
            let page = db.rows(&self.sql.list, params, |row| {
                let columns = Columns(row);
                let name = (columns.get("realm")?, columns.get("user_id")?);
                // Rows without a valid realm or user id are not accounts.
                let found = is_account(columns).then(|| self.with_credential(row)).transpose()?;
                Ok((name, found.filter(|found| was_changed_before(found, filter))))
            })?;
            let is_last = page.len() < asked;
            for (name, found) in page {
                after = name;
                listed.extend(found);
            }
            if is_last {
                break;
            }
        }
        listed.truncate(limit);
        Ok(listed)
    }

    fn with_credential(&self, row: &Row<'_>) -> Result<AccountWithCredential> {
        Ok(AccountWithCredential {
            account: self.read(row)?,
            credential: mapped_credential(row)?.credential(),
            valid_after: Columns(row).optional_time("valid_after")?,
            otp: Some(row::one_time_password(row)?),
        })
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

/// Returns whether the row has a valid realm and user id.
fn is_account(columns: Columns<'_>) -> bool {
    columns.parsed::<Realm>("realm").is_ok() && columns.parsed::<UserId>("user_id").is_ok()
}

fn has_user_id(columns: Columns<'_>, realm: &Realm, user_id: &UserId) -> bool {
    columns.parsed::<Realm>("realm").is_ok_and(|own| own == *realm)
        && columns.parsed::<UserId>("user_id").is_ok_and(|own| own == *user_id)
}

/// Returns whether the account is in [`AccountFilter::changed_before`].
fn was_changed_before(found: &AccountWithCredential, filter: &AccountFilter) -> bool {
    let changed_at = found.credential.as_ref().map(|credential| credential.changed_at);
    filter.changed_before.is_none_or(|time| changed_at.is_some_and(|at| at < time))
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
             {} AS username, {active} AS active, a.updated_at, a.valid_after",
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
        let select = format!(
            "SELECT {columns}, {credential},
                    o.sealed_secret, o.last_step, o.code_digest, o.code_expires_at
             FROM {all} {recorded} LEFT JOIN repass_one_time_passwords o ON o.account = a.id"
        );
        let find_by_name = |kind| {
            let column = table.name_column(kind)?.quoted();
            Some(format!(
                "{select}
                 WHERE {indexed_realm} = ?1 AND lower(f.{column}) IN (?2, ?3, ?4)
                 LIMIT {MAX_NAME_CANDIDATES}"
            ))
        };
        Self {
            find_by_email: find_by_name(NameKind::Email),
            find_by_username: find_by_name(NameKind::Username),
            find: format!(
                "{select}
                 WHERE {indexed_realm} = ?1 AND f.{} IN (?2, ?3)",
                table.user_id.quoted()
            ),
            account: format!("SELECT {columns} FROM {known} WHERE a.id = ?1"),
            credential: format!("SELECT {credential} FROM {known} {recorded} WHERE a.id = ?1"),
            list: format!(
                "{select}
                 WHERE ({realm} COLLATE BINARY, {user_id} COLLATE BINARY) > (?1, ?2)
                   AND {user_id} IS NOT NULL AND (?3 IS NULL OR {realm} = ?3 COLLATE BINARY)
                   AND (?4 IS NULL OR {active} = ?4)
                 ORDER BY {realm} COLLATE BINARY, {user_id} COLLATE BINARY LIMIT ?5"
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
