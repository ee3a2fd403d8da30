//! `repass outbox`

use repass_core::{Administration, AdministrationError, OutboxEntry, OutboxFilter};
use serde_json::json;
use uuid::Uuid;

use crate::cli::{ListOutbox, NamedEvents, OutboxCommand};
use crate::database::{Migration, with_database};
use crate::failure::Failure;
use crate::output::Output;
use crate::settings::Settings;
use crate::table::{Table, or_dash, time};

pub(super) async fn run(
    command: OutboxCommand,
    settings: &Settings,
    output: &Output,
) -> Result<(), Failure> {
    with_database(settings, Migration::Refuse, output, async |admin| match command {
        OutboxCommand::List(ListOutbox { state, limit }) => {
            let filter = OutboxFilter { state, limit, ..OutboxFilter::default() };
            let entries = admin.store.entries(&filter).await?;
            output.list(&entries, &table(&entries), "events")
        }
        OutboxCommand::Retry(events) => {
            let admin = &admin.administration();
            let retry = async |id| admin.retry_event(None, id).await.map(drop);
            run_each(admin, events, ("retried", "will be delivered now"), output, retry).await
        }
        OutboxCommand::Drop(events) => {
            let admin = &admin.administration();
            let drop_event = async |id| admin.drop_event(None, id).await.map(drop);
            run_each(admin, events, ("dropped", "dropped"), output, drop_event).await
        }
    })
    .await
}

/// Runs `action` for one event or for all in a state. `done` are the words for JSON and for text.
async fn run_each(
    admin: &Administration,
    events: NamedEvents,
    done: (&str, &str),
    output: &Output,
    action: impl AsyncFn(Uuid) -> Result<(), AdministrationError>,
) -> Result<(), Failure> {
    let (member, text) = done;
    if let Some(id) = events.id {
        action(id).await?;
        return output.result(&json!({ "id": id, member: true }), &format!("event {id}: {text}\n"));
    }
    let state = Some(events.state);
    let mut filter = OutboxFilter { state, limit: 1000, ..OutboxFilter::default() };
    let mut count = 0;
    loop {
        let page = admin.store().entries(&filter).await?;
        let Some(last) = page.last() else { break };
        filter.before = Some((last.event.at, last.event.id));
        for entry in &page {
            match action(entry.event.id).await {
                Ok(()) => count += 1,
                // It was delivered or deleted meanwhile.
                Err(AdministrationError::NoSuchEvent(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    let s = if count == 1 { "" } else { "s" };
    output.result(&json!({ member: count }), &format!("{count} event{s}: {text}\n"))
}

fn table(entries: &[OutboxEntry]) -> String {
    let mut table = Table::new(&[
        "ID", "AT", "REALM", "USER ID", "KIND", "STATE", "CHANNEL", "DELIVERY", "TRIES", "DUE",
        "ERROR",
    ]);
    for entry in entries {
        let member = |name: &str| or_dash(entry.event.payload[name].as_str()).to_owned();
        let mut row = |[channel, delivery, tries, due_at, error]: [&str; 5]| {
            table.row([
                &entry.event.id.to_string(),
                &time(entry.event.at),
                &member("realm"),
                &member("user_id"),
                &entry.event.kind,
                entry.state.as_str(),
                channel,
                delivery,
                tries,
                due_at,
                error,
            ]);
        };
        if entry.deliveries.is_empty() {
            row(["-", "-", "0", &time(entry.due_at), "-"]);
        }
        for delivery in &entry.deliveries {
            row([
                &delivery.channel,
                delivery.state.as_str(),
                &delivery.tries.to_string(),
                &time(delivery.due_at),
                or_dash(delivery.error.as_deref()),
            ]);
        }
    }
    table.render()
}
