//! `repass audit`

use std::collections::HashMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use repass_core::{AccountId, AuditFilter, AuditRecord, UserId};
use serde::Serialize;
use uuid::Uuid;

use crate::cli::{AuditCommand, ListAudit};
use crate::database::{AdminContext, Migration, with_database};
use crate::failure::Failure;
use crate::output::{Output, printable};
use crate::settings::Settings;
use crate::table::{Table, or_dash, time};

/// The number of records that are read at a time.
const PAGE: u32 = 1000;

/// How often `--follow` looks for new records.
const POLL: Duration = Duration::from_secs(1);

/// How long after its time a record may still be committed, with some difference of clocks.
const LATE: SignedDuration = SignedDuration::from_secs(60);

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
        let filter = filter(admin, &list).await?;
        if list.all {
            return print_all(admin, filter, output).await;
        }
        if list.follow {
            return follow(admin, filter, output).await;
        }
        let records = admin.store.audit(&filter).await?;
        let entries = with_user_ids(admin, records).await?;
        output.list(&entries, &table(&entries), "audit records")
    })
    .await
}

async fn filter(admin: &AdminContext, list: &ListAudit) -> Result<AuditFilter, Failure> {
    let ListAudit { realm, user_id, action, outcome, since, until, limit, .. } = list;
    let filter = AuditFilter {
        realm: realm.clone(),
        account: None,
        action: action.clone(),
        outcome: outcome.clone(),
        since: *since,
        until: *until,
        after: None,
        oldest_first: false,
        limit: *limit,
    };
    let Some(user_id) = user_id else { return Ok(filter) };
    let realm = match filter.realm.clone() {
        Some(realm) => realm,
        None => "default".parse().map_err(|error| Failure::Usage(format!("{error}")))?,
    };
    let (account, _) = admin.administration().show_account(&realm, user_id.as_str()).await?;
    Ok(AuditFilter { realm: Some(realm), account: Some(account.id), ..filter })
}

/// Prints all records, page by page.
async fn print_all(
    admin: &AdminContext,
    mut filter: AuditFilter,
    output: &Output,
) -> Result<(), Failure> {
    filter.limit = PAGE;
    loop {
        let page = admin.store.audit(&filter).await?;
        let Some(last) = page.last() else { return Ok(()) };
        filter.after = Some((last.at, last.id));
        print_lines(&with_user_ids(admin, page).await?, output)?;
    }
}

/// Prints the newest records, oldest first, and then new ones until Ctrl-C.
async fn follow(
    admin: &AdminContext,
    mut filter: AuditFilter,
    output: &Output,
) -> Result<(), Failure> {
    let mut printed: HashMap<Uuid, Timestamp> = HashMap::new();
    // The first page includes what later pages begin with.
    let mut newest = usize::try_from(filter.limit).unwrap_or(usize::MAX);
    filter.limit = filter.limit.max(PAGE);
    loop {
        let mut page = admin.store.audit(&filter).await?;
        page.reverse();
        if let Some(newest) = page.last() {
            let since = newest.at.checked_sub(LATE).unwrap_or(newest.at);
            filter.since = filter.since.max(Some(since));
        }
        page.retain(|record| printed.insert(record.id, record.at).is_none());
        printed.retain(|_, at| Some(*at) >= filter.since);
        let page = page.split_off(page.len().saturating_sub(newest));
        newest = usize::MAX;
        print_lines(&with_user_ids(admin, page).await?, output)?;
        tokio::time::sleep(POLL).await;
    }
}

fn print_lines(entries: &[Entry], output: &Output) -> Result<(), Failure> {
    for entry in entries {
        let cells = entry.cells();
        let line = cells.each_ref().map(|cell| printable(cell)).join("\t");
        output.result(entry, &format!("{line}\n"))?;
    }
    Ok(())
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
    for entry in entries {
        table.row(entry.cells().each_ref().map(String::as_str));
    }
    table.render()
}

impl Entry {
    fn cells(&self) -> [String; 11] {
        let Self { record, user_id } = self;
        let context = &record.context;
        [
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
        ]
        .map(ToOwned::to_owned)
    }
}
