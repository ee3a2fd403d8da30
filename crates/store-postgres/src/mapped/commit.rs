//! Changes the hash of an account of a mapped table.

use jiff::Timestamp;
use repass_accounts_table::fingerprint;
use repass_core::{Commit, CommitOutcome, Credential, HashedPassword, Rehash, StoreError};

use super::{MappedTable, register};
use crate::accounts_source::AccountsSource;
use crate::change::Change;
use crate::commit::{begin_change, done, finish_change, hash_values, outcome};
use crate::failure::damaged;
use crate::query::Query;
use crate::row::{self, get};
use crate::store::PostgresStore;
use crate::transaction::Durability;

impl PostgresStore {
    /// Like [`commit_change`](Self::commit_change). The update of the mapped table has the
    /// condition that the hash is the expected one, since the other application takes no locks of
    /// repass.
    pub(crate) async fn commit_mapped(
        &self,
        source: &AccountsSource,
        table: &MappedTable,
        commit: &Commit,
    ) -> Result<CommitOutcome, StoreError> {
        let Commit { account, realm, user_id, .. } = commit;
        let mut transaction = self.begin(Durability::Immediate).await?;
        let found = register(source, table, &mut transaction, *account, realm, user_id).await?;
        let (id, active, credential, version) = match &found {
            // The token is checked nevertheless: a spent token is reported first.
            None => (None, false, None, 0),
            Some(row) => {
                let mapped = row::mapped_credential(row)?;
                let id = Some(get::<String>(row, "mapped_id")?);
                (id, get(row, "active")?, mapped.credential(), mapped.next_version())
            }
        };
        let present = credential.as_ref().map(|own| &own.hash);
        let as_expected = present == commit.expected_hash.as_ref()
            && credential.as_ref().map_or(0, |own| own.version) == commit.expected_version;

        let mut change = Change::new(*account, commit.at, &commit.audit);
        let (active, as_expected) = (change.value(active), change.value(as_expected));
        begin_change(&mut change, commit, &active, &as_expected)?;
        if let Some(credential) = credential.as_ref().filter(|_| commit.history > 0) {
            add_to_history(&mut change, credential);
        }
        record_credential(&mut change, version, commit.at, &commit.hash);
        let newest = version.saturating_sub(1);
        let change = finish_change(change, commit, newest, None)?;
        let mut queries = vec![change];
        if let Some(id) = &id {
            let update = table.update_hash(id, commit.expected_hash.as_ref(), &commit.hash);
            queries.extend([table.search_path(), update]);
        }
        let replies = transaction.run(&queries).await?;
        let (Some(changed), Some(updated)) = (replies.first(), replies.last()) else {
            return Err(damaged("done"));
        };
        let outcome = match outcome(changed, version)? {
            CommitOutcome::Done { .. } if !one_row(updated.affected)? => CommitOutcome::Conflict,
            outcome => outcome,
        };
        match outcome {
            CommitOutcome::Done { .. } => drop(transaction.commit(&[], Some(&commit.audit)).await?),
            _ => transaction.rollback().await?,
        }
        Ok(outcome)
    }

    /// Like [`replace_hash`](Self::replace_hash).
    pub(crate) async fn rehash_mapped(
        &self,
        source: &AccountsSource,
        table: &MappedTable,
        rehash: &Rehash,
    ) -> Result<bool, StoreError> {
        let Rehash { account, realm, user_id, expected_version, expected_hash, .. } = rehash;
        let mut transaction = self.begin(Durability::Immediate).await?;
        let found = register(source, table, &mut transaction, *account, realm, user_id).await?;
        let Some(row) = found else {
            transaction.rollback().await?;
            return Ok(false);
        };
        let (id, active): (String, bool) = (get(&row, "mapped_id")?, get(&row, "active")?);
        let credential = row::mapped_credential(&row)?.credential().filter(|present| {
            active && present.version == *expected_version && present.hash == *expected_hash
        });
        let Some(Credential { version, changed_at, .. }) = credential else {
            transaction.rollback().await?;
            return Ok(false);
        };
        let mut change = Change::new(*account, rehash.audit.at, &rehash.audit);
        change.cte("allowed", "SELECT 1");
        record_credential(&mut change, version, changed_at, &rehash.hash);
        let change = change.finish(&rehash.audit)?;
        let update = table.update_hash(&id, Some(expected_hash), &rehash.hash);
        let replies = transaction.run(&[change, table.search_path(), update]).await?;
        let [changed, _, updated] = replies.as_slice() else { return Err(damaged("done")) };
        if done(changed)? && one_row(updated.affected)? {
            transaction.commit(&[], Some(&rehash.audit)).await?;
            Ok(true)
        } else {
            transaction.rollback().await?;
            Ok(false)
        }
    }
}

/// Adds the current hash to the history.
fn add_to_history(change: &mut Change, credential: &Credential) {
    let [hash, normalization, pepper] = hash_values(change, &credential.hash);
    let (account, version) = (change.account.clone(), change.value(credential.version));
    change.cte(
        "history_added",
        format!(
            "INSERT INTO @password_history (account, version, hash, normalization, pepper)
             SELECT {account}, {version}, {hash}, {normalization}, {pepper} FROM allowed"
        ),
    );
}

/// Records the metadata of the hash that is written to the mapped table.
fn record_credential(
    change: &mut Change,
    version: i64,
    changed_at: Timestamp,
    hash: &HashedPassword,
) {
    let account = change.account.clone();
    let (version, changed_at) = (change.value(version), change.value(changed_at));
    let normalization = change.value(hash.normalization().as_str());
    let (pepper, mark) = (change.value(hash.pepper()), change.value(&fingerprint(hash)));
    change.cte(
        "credential_recorded",
        format!(
            "INSERT INTO @mapped_credentials (account, version, changed_at, normalization, pepper,
                                              fingerprint)
             SELECT {account}, {version}, {changed_at}, {normalization}, {pepper}, {mark} FROM allowed
             ON CONFLICT (account) DO UPDATE
             SET version = excluded.version, changed_at = excluded.changed_at,
                 normalization = excluded.normalization, pepper = excluded.pepper,
                 fingerprint = excluded.fingerprint"
        ),
    );
}

impl MappedTable {
    /// Replaces the expected hash in the row of this id.
    fn update_hash(
        &self,
        id: &str,
        expected: Option<&HashedPassword>,
        hash: &HashedPassword,
    ) -> Query {
        let column = &self.mapping.hash;
        let present = self.text(Some(column));
        let mut query = Query::default();
        let (hash, id) = (query.value(hash.as_str()), query.value(id));
        let as_expected = match expected {
            None => format!("{present} IS NULL"),
            Some(expected) => {
                format!("{} = {}", self.exact(&present), query.value(expected.as_str()))
            }
        };
        query.with_sql(format!(
            "UPDATE {} AS f SET {} = {hash} WHERE {} AND {as_expected}",
            self.name(),
            column.quoted(),
            self.is_row(&id),
        ))
    }
}

/// Returns whether a row was written. More than one row is an error.
pub(super) fn one_row(affected: u64) -> Result<bool, StoreError> {
    match affected {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(StoreError::Damaged("more than one row has this id".to_owned())),
    }
}
