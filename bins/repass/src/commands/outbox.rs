//! `repass outbox`

use repass_core::{OutboxEntry, OutboxFilter};
use serde_json::json;

use crate::cli::{ListOutbox, OutboxCommand};
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
            let entries = admin.store.entries(&OutboxFilter { state, before: None, limit }).await?;
            output.result(&entries, &table(&entries))?;
            if entries.is_empty() {
                output.note("no events");
            }
            Ok(())
        }
        OutboxCommand::Retry(event) => {
            admin.administration()?.retry_event(event.id).await?;
            let text = format!("event {}: will be delivered now\n", event.id);
            output.result(&json!({ "id": event.id, "retried": true }), &text)
        }
        OutboxCommand::Drop(event) => {
            admin.administration()?.drop_event(event.id).await?;
            let text = format!("event {}: dropped\n", event.id);
            output.result(&json!({ "id": event.id, "dropped": true }), &text)
        }
    })
    .await
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
