//! Writing about accounts of a mapped table: our own row of them, and the columns that we may write.

use jiff::Timestamp;
use repass_core::{
    AccountError, AccountId, Commit, Credential, HashedPassword, Realm, Rehash, StoreError, UserId,
};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, query};

use crate::accounts_source::AccountsSource;
use crate::failure::damaged;
use crate::foreign_credential::{Standing, fingerprint};
use crate::foreign_table::ForeignTable;
use crate::hash_columns::{bind_hash, bind_manner};
use crate::row;
use crate::store::{SqlStore, Statement};
use crate::transaction::WriteTransaction;

impl SqlStore {
    /// Sees to it that there is a row of ours for the account, for others to refer to. Whether it is
    /// the account that has this name in the mapped table.
    pub(crate) async fn register_foreign(
        &self,
        transaction: &mut WriteTransaction,
        table: &ForeignTable,
        account: AccountId,
        realm: &Realm,
        user_id: &UserId,
    ) -> Result<bool, StoreError> {
        let source = &*self.accounts;
        let Some(names) = source.names(realm, user_id) else { return Ok(false) };
        let AccountsSource { columns, all, named, .. } = source;
        let select = format!("SELECT {columns} FROM {all} WHERE {named}");
        let found = names.into_iter().fold(query(AssertSqlSafe(select)), Query::bind);
        let found = self.rows_within(transaction, found).await?;
        let Some(found) = source.only(found, realm, user_id)? else { return Ok(false) };
        let id = row::foreign_id(&found)?;
        if table.account_id(&id) != account {
            return Ok(false);
        }
        let insert = query(
            "INSERT INTO accounts (id, realm, user_id, profile, active, created_at, updated_at)
             VALUES ($1, '', $2, '{}', $3, $4, $4) ON CONFLICT (id) DO NOTHING",
        )
        .bind(account.to_string())
        .bind(id)
        .bind(true)
        .bind(Timestamp::UNIX_EPOCH.as_microsecond());
        self.write(transaction, insert).await?;
        Ok(true)
    }

    /// Notes the change of a hash that [`write_foreign_hash`](Self::write_foreign_hash) will make,
    /// and keeps the present one in the history. The new version; `None` when the present one is not
    /// the expected one.
    pub(crate) async fn note_foreign_hash(
        &self,
        transaction: &mut WriteTransaction,
        commit: &Commit,
    ) -> Result<Option<i64>, StoreError> {
        let Some(standing) = self.standing(transaction, commit.account).await? else {
            return Ok(None);
        };
        let credential = standing.credential();
        let expected = credential.as_ref().map_or(0, |credential| credential.version);
        let present = credential.as_ref().map(|credential| &credential.hash);
        if expected != commit.expected_version || present != commit.expected_hash.as_ref() {
            return Ok(None);
        }
        if let Some(credential) = &credential {
            let keep = query(
                "INSERT INTO password_history (hash, normalisation, pepper, account, version)
                 VALUES ($1, $2, $3, $4, $5)",
            );
            let keep = bind_hash(keep, &credential.hash)
                .bind(commit.account.to_string())
                .bind(credential.version);
            self.write(transaction, keep).await?;
        }
        let version = standing.next_version();
        self.note(transaction, commit.account, version, commit.at, &commit.hash).await?;
        Ok(Some(version))
    }

    /// Notes the hash that [`write_foreign_hash`](Self::write_foreign_hash) will put in the place of
    /// another of the same password. Whether the present one is the expected one.
    pub(crate) async fn note_foreign_upgrade(
        &self,
        transaction: &mut WriteTransaction,
        upgrade: &Rehash,
    ) -> Result<bool, StoreError> {
        let standing = self.standing(transaction, upgrade.account).await?;
        let present = standing.and_then(|standing| standing.credential()).filter(|present| {
            present.version == upgrade.expected_version && present.hash == upgrade.expected_hash
        });
        let Some(Credential { version, changed_at, .. }) = present else { return Ok(false) };
        self.note(transaction, upgrade.account, version, changed_at, &upgrade.hash).await?;
        Ok(true)
    }

    async fn note(
        &self,
        transaction: &mut WriteTransaction,
        account: AccountId,
        version: i64,
        changed_at: Timestamp,
        hash: &HashedPassword,
    ) -> Result<(), StoreError> {
        let note = query(
            "INSERT INTO credentials (normalisation, pepper, account, version, changed_at,
                                      fingerprint)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account) DO UPDATE
             SET normalisation = excluded.normalisation, pepper = excluded.pepper,
                 version = excluded.version, changed_at = excluded.changed_at,
                 fingerprint = excluded.fingerprint",
        );
        let note = bind_manner(note, hash)
            .bind(account.to_string())
            .bind(version)
            .bind(changed_at.as_microsecond())
            .bind(fingerprint(hash).to_vec());
        self.write(transaction, note).await.map(drop)
    }

    /// Puts the new hash in the place of the expected one. It must be the transaction's last
    /// statement. Whether the expected one was there still.
    pub(crate) async fn write_foreign_hash(
        &self,
        transaction: &mut WriteTransaction,
        table: &ForeignTable,
        account: AccountId,
        expected: Option<&HashedPassword>,
        hash: &HashedPassword,
    ) -> Result<bool, StoreError> {
        let column = &table.mapping.hash;
        let expected = expected.map(HashedPassword::as_str);
        let present = table.text(Some(column));
        let as_expected = match expected {
            None => format!("{present} IS NULL"),
            Some(_) => format!("{} = $3", table.exact(&present)),
        };
        let update = format!(
            "UPDATE {} AS f SET {} = $1 WHERE {} AND {as_expected}",
            table.name(),
            column.quoted(),
            table.is_row("$2"),
        );
        let id = self.foreign_id(transaction, account).await?;
        let update = query(AssertSqlSafe(update)).bind(hash.as_str()).bind(id);
        let update = match expected {
            None => update,
            Some(expected) => update.bind(expected),
        };
        self.write_foreign_row(transaction, table, update).await
    }

    /// Lets the account be used, or no longer. It must be the transaction's last statement.
    pub(crate) async fn write_foreign_active(
        &self,
        transaction: &mut WriteTransaction,
        table: &ForeignTable,
        account: AccountId,
        active: bool,
    ) -> Result<(), AccountError> {
        let column = table.mapping.active.as_ref().ok_or(AccountError::NotMapped("active"))?;
        let update = format!(
            "UPDATE {} AS f SET {} = $1 WHERE {}",
            table.name(),
            column.quoted(),
            table.is_row("$2"),
        );
        let id = self.foreign_id(transaction, account).await?;
        let update = query(AssertSqlSafe(update));
        let update = match table.active_is_boolean {
            true => update.bind(active),
            false => update.bind(i64::from(active)),
        };
        if self.write_foreign_row(transaction, table, update.bind(id)).await? {
            Ok(())
        } else {
            Err(AccountError::Unknown)
        }
    }

    /// Whether the row was there. More than one is damage, and nothing is written.
    async fn write_foreign_row(
        &self,
        transaction: &mut WriteTransaction,
        table: &ForeignTable,
        update: Statement<'_>,
    ) -> Result<bool, StoreError> {
        if let Some(leave) = table.leave_own_schema() {
            self.write(transaction, query(AssertSqlSafe(leave))).await?;
        }
        match self.write(transaction, update).await? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(damaged("id: more than one row has it, so none of them")),
        }
    }

    async fn standing(
        &self,
        transaction: &mut WriteTransaction,
        account: AccountId,
    ) -> Result<Option<Standing>, StoreError> {
        let AccountsSource { hash, join, .. } = &*self.accounts;
        let select = format!(
            "SELECT {hash} AS hash, c.version, c.changed_at, c.fingerprint, c.normalisation
             FROM accounts a {join} LEFT JOIN credentials c ON c.account = a.id WHERE a.id = $1",
        );
        let found = query(AssertSqlSafe(select)).bind(account.to_string());
        self.row_within(transaction, found).await?.as_ref().map(row::standing).transpose()
    }

    async fn foreign_id(
        &self,
        transaction: &mut WriteTransaction,
        account: AccountId,
    ) -> Result<String, StoreError> {
        let found = query("SELECT user_id AS foreign_id FROM accounts WHERE id = $1")
            .bind(account.to_string());
        let found = self.row_within(transaction, found).await?;
        found.as_ref().map_or_else(|| Err(damaged("foreign_id")), row::foreign_id)
    }
}
