//! Looking after events that did not find their way.

use uuid::Uuid;

use super::{Administration, AdministrationError};
use crate::{OutboxEntry, Realm};

impl Administration {
    /// Has an event tried again that was given up or waits for its next try.
    ///
    /// # Errors
    /// [`AdministrationError::NoSuchEvent`] when there is none of that id, or it is delivered.
    pub async fn retry_event(&self, id: Uuid) -> Result<OutboxEntry, AdministrationError> {
        let (entry, audit) = self.event_to("outbox.retry", id).await?;
        let found = self.store.retry_event(id, &audit).await?;
        if found { Ok(entry) } else { Err(AdministrationError::NoSuchEvent(id)) }
    }

    /// Removes an event for good. What it told is still in the audit trail.
    ///
    /// # Errors
    /// [`AdministrationError::NoSuchEvent`] when there is none of that id.
    pub async fn drop_event(&self, id: Uuid) -> Result<OutboxEntry, AdministrationError> {
        let (entry, audit) = self.event_to("outbox.drop", id).await?;
        let found = self.store.drop_event(id, &audit).await?;
        if found { Ok(entry) } else { Err(AdministrationError::NoSuchEvent(id)) }
    }

    /// The event as it stands, and the record of what is done to it.
    async fn event_to(
        &self,
        action: &str,
        id: Uuid,
    ) -> Result<(OutboxEntry, crate::AuditRecord), AdministrationError> {
        let entry = self.store.entry(id).await?;
        let entry = entry.ok_or(AdministrationError::NoSuchEvent(id))?;
        let account = entry.event.account;
        let realm: Option<Realm> = match self.store.account(account).await? {
            Some(account) => Some(account.realm),
            None => entry.event.payload["realm"].as_str().and_then(|realm| realm.parse().ok()),
        };
        let realm = realm.ok_or(AdministrationError::NoSuchEvent(id))?;
        let detail = Some(format!("{}:{id}", entry.event.kind));
        let audit = self.audit(&realm, Some(account), action, detail)?;
        Ok((entry, audit))
    }
}
