use repass_core::{OutboxEntry, OutboxFilter, OutboxState, StoreError};
use sqlx::any::AnyRow;
use sqlx::query;
use uuid::Uuid;

use crate::row;
use crate::store::SqlStore;

impl SqlStore {
    pub(super) async fn list_entries(
        &self,
        filter: &OutboxFilter,
    ) -> Result<Vec<OutboxEntry>, StoreError> {
        let entries = match filter.state {
            None => query(
                "SELECT o.id, o.at, o.account, o.kind, o.payload, o.state, o.tries, o.due_at,
                        o.error, d.channel
                 FROM (SELECT * FROM outbox ORDER BY sequence DESC LIMIT $1) o
                 LEFT JOIN outbox_deliveries d ON d.event = o.id
                 ORDER BY o.sequence DESC, d.channel",
            ),
            Some(state) => query(
                "SELECT o.id, o.at, o.account, o.kind, o.payload, o.state, o.tries, o.due_at,
                        o.error, d.channel
                 FROM (SELECT * FROM outbox WHERE state = $1 ORDER BY sequence DESC LIMIT $2) o
                 LEFT JOIN outbox_deliveries d ON d.event = o.id
                 ORDER BY o.sequence DESC, d.channel",
            )
            .bind(OutboxState::as_str(state)),
        };
        let entries = entries.bind(i64::from(filter.limit));
        gather(&self.rows(entries).await?)
    }

    pub(super) async fn find_entry(&self, event: Uuid) -> Result<Option<OutboxEntry>, StoreError> {
        let found = query(
            "SELECT o.id, o.at, o.account, o.kind, o.payload, o.state, o.tries, o.due_at,
                    o.error, d.channel
             FROM outbox o LEFT JOIN outbox_deliveries d ON d.event = o.id
             WHERE o.id = $1 ORDER BY d.channel",
        )
        .bind(event.to_string());
        Ok(gather(&self.rows(found).await?)?.pop())
    }

    pub(super) async fn channels_of(&self, event: Uuid) -> Result<Vec<String>, StoreError> {
        let channels =
            query("SELECT channel FROM outbox_deliveries WHERE event = $1 ORDER BY channel")
                .bind(event.to_string());
        let channels = self.rows(channels).await?;
        channels.iter().filter_map(|found| row::channel(found).transpose()).collect()
    }
}

/// An event has one row for each channel that has it, or one without a channel.
fn gather(rows: &[AnyRow]) -> Result<Vec<OutboxEntry>, StoreError> {
    let mut entries: Vec<OutboxEntry> = Vec::new();
    for found in rows {
        let entry = row::outbox_entry(found)?;
        match entries.last_mut() {
            Some(last) if last.event.id == entry.event.id => last.delivered.extend(entry.delivered),
            _ => entries.push(entry),
        }
    }
    Ok(entries)
}
