use repass_core::{AccountError, AccountId, AuditRecord};

use super::MappedTable;
use super::commit::one_row;
use crate::accounts_source::AccountsSource;
use crate::administration::activation;
use crate::change::lock_account;
use crate::commit::done;
use crate::failure::damaged;
use crate::query::Query;
use crate::row::get;
use crate::store::PostgresStore;
use crate::transaction::Durability;

impl PostgresStore {
    /// Activates or deactivates an account of a mapped table.
    pub(crate) async fn set_active_mapped(
        &self,
        source: &AccountsSource,
        table: &MappedTable,
        account: AccountId,
        active: bool,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        let column = table.mapping.active.as_ref().ok_or(AccountError::NotMapped("active"))?;
        let mut transaction = self.begin(Durability::Immediate).await?;
        let id = Query::new("SELECT mapped_id FROM @accounts WHERE id = $1");
        let queries = [lock_account(account), id.bind(account)];
        let replies = transaction.run(&queries).await?;
        let Some(row) = replies.last().and_then(|reply| reply.rows.first()) else {
            transaction.rollback().await?;
            return Err(AccountError::Unknown);
        };
        let id: String = get(row, "mapped_id")?;
        let change = activation(source, account, active, audit)?;
        let mut update = Query::default();
        let value = match table.types.active_is_boolean {
            true => update.value(active),
            false => format!("CAST({} AS SMALLINT)", update.value(i64::from(active))),
        };
        let id = update.value(id.as_str());
        let update = update.with_sql(format!(
            "UPDATE {} AS f SET {} = {value} WHERE {}",
            table.name(),
            column.quoted(),
            table.is_row(&id),
        ));
        let replies = transaction.run(&[change, table.search_path(), update]).await?;
        let [changed, _, updated] = replies.as_slice() else { return Err(damaged("done").into()) };
        if done(changed)? && one_row(updated.affected)? {
            transaction.commit(&[], Some(audit)).await?;
            Ok(())
        } else {
            transaction.rollback().await?;
            Err(AccountError::Unknown)
        }
    }
}
