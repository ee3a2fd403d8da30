use repass_core::{AccountId, Realm, StoreError, UserId};
use tokio_postgres::Row;

use super::MappedTable;
use crate::accounts_source::AccountsSource;
use crate::change::account_locked;
use crate::query::Query;
use crate::row::get;
use crate::transaction::Transaction;

/// Sees to it that repass has a row of its own for the account, for others to refer to, and locks it.
/// Returns the account as it is in the mapped table, with its credential; `None` when `account` does
/// not have this name there.
pub(crate) async fn register(
    source: &AccountsSource,
    table: &MappedTable,
    transaction: &mut Transaction<'_>,
    account: AccountId,
    realm: &Realm,
    user_id: &UserId,
) -> Result<Option<Row>, StoreError> {
    let Some(find) = source.find(realm, user_id) else { return Ok(None) };
    let Some(insert) = registered(table, account, realm, user_id) else { return Ok(None) };
    let found = transaction
        .run(&[insert, account_locked(account), find])
        .await?
        .pop()
        .unwrap_or_default()
        .rows;
    let Some(found) = source.only(found, realm, user_id)? else { return Ok(None) };
    let is_it = table.mapping.account_id(get(&found, "mapped_id")?) == account;
    Ok(is_it.then_some(found))
}

/// Inserts repass's own row of the account, if there is none and the account has this name.
pub(crate) fn registered(
    table: &MappedTable,
    account: AccountId,
    realm: &Realm,
    user_id: &UserId,
) -> Option<Query> {
    let [one, other] = table.fit.user_id.spellings(user_id)?;
    let insert = format!(
        "INSERT INTO @accounts (id, mapped_id) SELECT $4, {} FROM {} f
         WHERE {} = $1 AND {} AND {} IN ($2, $3) AND {} = $4 ON CONFLICT DO NOTHING",
        table.text(Some(&table.mapping.id)),
        table.name(),
        table.exact(&table.realm()),
        table.has_user_id(),
        table.exact(&table.text(Some(&table.mapping.user_id))),
        table.account_id(),
    );
    Some(Query::new(insert).bind(realm.as_str()).bind(one).bind(other).bind(account))
}
