//! Retries or deletes events whose delivery failed.

use uuid::Uuid;

use super::{Administration, AdministrationError};
use crate::{OutboxEntry, Realm};

impl Administration {
    /// Retries the delivery of an event now that was given up or waits for its next try.
    ///
    /// # Errors
    /// [`AdministrationError::NoSuchEvent`] when no undelivered event of the realm, or of any realm
    /// without one, has this id.
    pub async fn retry_event(
        &self,
        realm: Option<&Realm>,
        id: Uuid,
    ) -> Result<OutboxEntry, AdministrationError> {
        let (entry, audit) = self.event_with_audit("outbox.retry", realm, id).await?;
        let found = self.store.retry_event(id, &audit).await?;
        if found { Ok(entry) } else { Err(AdministrationError::NoSuchEvent(id)) }
    }

    /// Deletes an event. The audit record of the action that it reports is kept.
    ///
    /// # Errors
    /// [`AdministrationError::NoSuchEvent`] when no event of the realm, or of any realm without one,
    /// has this id.
    pub async fn drop_event(
        &self,
        realm: Option<&Realm>,
        id: Uuid,
    ) -> Result<OutboxEntry, AdministrationError> {
        let (entry, audit) = self.event_with_audit("outbox.drop", realm, id).await?;
        let found = self.store.drop_event(id, &audit).await?;
        if found { Ok(entry) } else { Err(AdministrationError::NoSuchEvent(id)) }
    }

    /// Returns the event, and an audit record of `action`.
    async fn event_with_audit(
        &self,
        action: &str,
        realm: Option<&Realm>,
        id: Uuid,
    ) -> Result<(OutboxEntry, crate::AuditRecord), AdministrationError> {
        let entry = self.store.entry(id).await?;
        let entry = entry.ok_or(AdministrationError::NoSuchEvent(id))?;
        let of_event = entry.event.realm().filter(|own| realm.is_none_or(|realm| realm == own));
        let of_event = of_event.ok_or(AdministrationError::NoSuchEvent(id))?;
        let detail = Some(format!("{}:{id}", entry.event.kind));
        let audit = self.audit(&of_event, Some(entry.event.account), action, detail)?;
        Ok((entry, audit))
    }
}
