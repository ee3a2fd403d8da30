use repass_core::{AccountId, Realm, StoreError, UserId};
use tokio_postgres::Row;

use super::MappedTable;
use crate::accounts_source::AccountsSource;
use crate::change::lock_account;
use crate::query::Query;
use crate::row::get;
use crate::transaction::Transaction;

/// Ensures that the account has a row in `@accounts` for foreign keys, and locks it. Returns the
/// account with its credential from the mapped table; `None` if `account` does not have this realm
/// and user id there.
pub(crate) async fn register(
    source: &AccountsSource,
    table: &MappedTable,
    transaction: &mut Transaction<'_>,
    account: AccountId,
    realm: &Realm,
    user_id: &UserId,
) -> Result<Option<Row>, StoreError> {
    let Some(find) = source.find(realm, user_id) else { return Ok(None) };
    let Some(insert) = insert_registration(table, account, realm, user_id) else { return Ok(None) };
    let found = transaction
        .run(&[insert, lock_account(account), find])
        .await?
        .pop()
        .unwrap_or_default()
        .rows;
    let Some(found) = source.exact_match(found, realm, user_id)? else { return Ok(None) };
    let is_it = table.mapping.account_id(get(&found, "mapped_id")?) == account;
    Ok(is_it.then_some(found))
}

/// Inserts the row in `@accounts` if it is missing and the account has this realm and user id.
pub(crate) fn insert_registration(
    table: &MappedTable,
    account: AccountId,
    realm: &Realm,
    user_id: &UserId,
) -> Option<Query> {
    let [one, other] = table.types.user_id.spellings(user_id)?;
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
