//! Changes the hash of an account of a mapped table.

use jiff::Timestamp;
use repass_accounts_table::fingerprint;
use repass_core::{
    AccountId, Commit, CommitOutcome, Credential, HashedPassword, Rehash, StoreError,
};

use super::{MappedTable, register};
use crate::accounts_source::AccountsSource;
use crate::audit::insert_audit;
use crate::commit::{change_password, outcome};
use crate::failure::damaged;
use crate::query::Query;
use crate::row::{self, get};
use crate::store::{PostgresStore, result};
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
        let (mut version, mut expected) = (0, None);
        if let Some(row) = &found {
            let mapped = row::mapped_credential(row)?;
            version = mapped.next_version();
            let credential = mapped.credential();
            let as_expected = get(row, "active")?
                && credential.as_ref().map(|own| &own.hash) == commit.expected_hash.as_ref()
                && credential.as_ref().map_or(0, |own| own.version) == commit.expected_version;
            expected = as_expected.then_some((get::<String>(row, "mapped_id")?, credential));
        }
        // Repass's own row has no version. The token is checked even if the account is not as
        // expected: a spent token is reported first.
        let own_version = expected.as_ref().map(|_| 0);
        let newest = version.saturating_sub(1);
        let mut queries = vec![change_password(commit, own_version, false, newest)?];
        if let Some((id, credential)) = &expected {
            let kept = credential.as_ref().filter(|_| commit.history > 0);
            queries.extend(kept.map(|credential| add_to_history(*account, credential)));
            queries.extend([
                record_credential(*account, version, commit.at, &commit.hash),
                table.search_path(),
                table.update_hash(id, commit.expected_hash.as_ref(), &commit.hash),
            ]);
        }
        let replies = transaction.run(&queries).await?;
        let (Some(changed), Some(updated)) = (replies.first(), replies.last()) else {
            return Err(damaged("result"));
        };
        let outcome = match outcome(&result::<String>(changed)?, version)? {
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
        let queries = [
            record_credential(*account, version, changed_at, &rehash.hash),
            insert_audit(&rehash.audit, "")?,
            table.search_path(),
            table.update_hash(&id, Some(expected_hash), &rehash.hash),
        ];
        let replies = transaction.run(&queries).await?;
        if one_row(replies.last().map_or(0, |updated| updated.affected))? {
            transaction.commit(&[], Some(&rehash.audit)).await?;
            Ok(true)
        } else {
            transaction.rollback().await?;
            Ok(false)
        }
    }
}

/// Adds the current hash to the history.
fn add_to_history(account: AccountId, credential: &Credential) -> Query {
    let Credential { hash, version, .. } = credential;
    Query::new(
        "INSERT INTO @password_history (account, version, hash, normalization, pepper)
         VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(account)
    .bind(*version)
    .bind(hash.as_str())
    .bind(hash.normalization().as_str())
    .bind(hash.pepper())
}

/// Records the metadata of the hash that is written to the mapped table.
fn record_credential(
    account: AccountId,
    version: i64,
    changed_at: Timestamp,
    hash: &HashedPassword,
) -> Query {
    Query::new(
        "INSERT INTO @mapped_credentials (account, version, changed_at, normalization, pepper,
                                          fingerprint)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (account) DO UPDATE
         SET version = excluded.version, changed_at = excluded.changed_at,
             normalization = excluded.normalization, pepper = excluded.pepper,
             fingerprint = excluded.fingerprint",
    )
    .bind(account)
    .bind(version)
    .bind(changed_at)
    .bind(hash.normalization().as_str())
    .bind(hash.pepper())
    .bind(&fingerprint(hash))
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
