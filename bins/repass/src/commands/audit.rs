//! `repass audit`

use std::collections::HashMap;

use repass_core::{AccountId, AuditFilter, AuditRecord, UserId};
use serde::Serialize;

use crate::cli::{AuditCommand, ListAudit};
use crate::database::{AdminContext, Migration, with_database};
use crate::failure::Failure;
use crate::output::Output;
use crate::settings::Settings;
use crate::table::{Table, or_dash, time};

/// A record with the user id of its account.
#[derive(Serialize)]
struct Entry {
    #[serde(flatten)]
    record: AuditRecord,
    user_id: Option<UserId>,
}

pub(super) async fn run(
    command: AuditCommand,
    settings: &Settings,
    output: &Output,
) -> Result<(), Failure> {
    let AuditCommand::List(list) = command;
    with_database(settings, Migration::Refuse, output, async |admin| {
        let filter = filter(admin, list).await?;
        let records = admin.store.audit(&filter).await?;
        let entries = with_user_ids(admin, records).await?;
        output.result(&entries, &table(&entries))?;
        if entries.is_empty() {
            output.note("no audit records");
        }
        Ok(())
    })
    .await
}

async fn filter(admin: &AdminContext, list: ListAudit) -> Result<AuditFilter, Failure> {
    let ListAudit { realm, user_id, action, outcome, since, until, limit } = list;
    let filter =
        AuditFilter { realm, account: None, action, outcome, since, until, before: None, limit };
    let Some(user_id) = user_id else { return Ok(filter) };
    let realm = match filter.realm.clone() {
        Some(realm) => realm,
        None => "default".parse().map_err(|error| Failure::Usage(format!("{error}")))?,
    };
    let (account, _) = admin.administration()?.show_account(&realm, user_id.as_str()).await?;
    Ok(AuditFilter { realm: Some(realm), account: Some(account.id), ..filter })
}

async fn with_user_ids(
    admin: &AdminContext,
    records: Vec<AuditRecord>,
) -> Result<Vec<Entry>, Failure> {
    let mut known: HashMap<AccountId, Option<UserId>> = HashMap::new();
    let mut entries = Vec::with_capacity(records.len());
    for record in records {
        let user_id = match record.account {
            None => None,
            Some(id) => match known.get(&id) {
                Some(user_id) => user_id.clone(),
                None => {
                    let user_id = admin.store.account(id).await?.map(|account| account.user_id);
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
        "PEER",
        "CLAIMED ADDRESS",
        "USER AGENT",
    ]);
    for Entry { record, user_id } in entries {
        let context = &record.context;
        table.row([
            &time(record.at),
            record.realm.as_str(),
            or_dash(user_id.as_ref().map(UserId::as_str)),
            &record.action,
            &record.outcome,
            or_dash(record.detail.as_deref()),
            &record.caller,
            &context.source,
            or_dash(context.peer.as_deref()),
            or_dash(context.ip_address.as_deref()),
            or_dash(context.user_agent.as_deref()),
        ]);
    }
    table.render()
}
