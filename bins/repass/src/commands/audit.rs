//! `repass audit`

use std::collections::HashMap;

use repass_core::{AccountId, AuditFilter, AuditRecord, UserId};
use serde::Serialize;

use crate::cli::{AuditCommand, DatabaseOptions, ListAudit};
use crate::database::{Desk, IfMissing, with_desk};
use crate::failure::Failure;
use crate::output::Output;
use crate::table::{Table, moment, or_dash};

/// A record, with its account as people know it.
#[derive(Serialize)]
struct Entry {
    #[serde(flatten)]
    record: AuditRecord,
    user_id: Option<UserId>,
}

pub(super) async fn run(
    command: AuditCommand,
    database: &DatabaseOptions,
    output: &Output,
) -> Result<(), Failure> {
    let AuditCommand::List(list) = command;
    with_desk(database, IfMissing::Refuse, output, async |desk| {
        let filter = filter(desk, list).await?;
        let records = desk.store.audit(&filter).await?;
        let entries = with_user_ids(desk, records).await?;
        output.answer(&entries, &table(&entries))?;
        if entries.is_empty() {
            output.note("no audit records");
        }
        Ok(())
    })
    .await
}

async fn filter(desk: &Desk, list: ListAudit) -> Result<AuditFilter, Failure> {
    let ListAudit { realm, user_id, limit } = list;
    let Some(user_id) = user_id else {
        return Ok(AuditFilter { realm, account: None, limit });
    };
    let realm = match realm {
        Some(realm) => realm,
        None => "default".parse().map_err(|error| Failure::Usage(format!("{error}")))?,
    };
    let (account, _) = desk.administration()?.show_account(&realm, user_id.as_str()).await?;
    Ok(AuditFilter { realm: Some(realm), account: Some(account.id), limit })
}

async fn with_user_ids(desk: &Desk, records: Vec<AuditRecord>) -> Result<Vec<Entry>, Failure> {
    let mut known: HashMap<AccountId, Option<UserId>> = HashMap::new();
    let mut entries = Vec::with_capacity(records.len());
    for record in records {
        let user_id = match record.account {
            None => None,
            Some(id) => match known.get(&id) {
                Some(user_id) => user_id.clone(),
                None => {
                    let user_id = desk.store.account(id).await?.map(|account| account.user_id);
                    known.insert(id, user_id.clone());
                    user_id
                }
            },
        };
        entries.push(Entry { record, user_id });
    }
    Ok(entries)
}

fn table(entries: &[Entry]) -> String {
    let mut table = Table::new(&[
        "AT",
        "REALM",
        "USER ID",
        "ACTION",
        "OUTCOME",
        "DETAIL",
        "CALLER",
        "SOURCE",
        "ADDRESS",
        "USER AGENT",
    ]);
    for Entry { record, user_id } in entries {
        let context = &record.context;
        let address = context.ip_address.as_deref().or(context.peer.as_deref());
        table.row([
            &moment(record.at),
            record.realm.as_str(),
            or_dash(user_id.as_ref().map(UserId::as_str)),
            &record.action,
            &record.outcome,
            or_dash(record.detail.as_deref()),
            &record.caller,
            &context.source,
            or_dash(address),
            or_dash(context.user_agent.as_deref()),
        ]);
    }
    table.render()
}
