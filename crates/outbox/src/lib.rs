//! Delivers the events of a transactional outbox.
//!
//! An [`OutboxDispatcher`] claims events from an [`OutboxStore`](repass_core::OutboxStore) and
//! delivers each event to every [`Channel`] at least once, in order per account and channel. A
//! failed delivery is retried with exponential backoff and jitter. After the last try it is given
//! up until an operator retries it. Several dispatchers may share one store: if one dies during a
//! delivery, another repeats it when its lease expires. Receivers recognize repeats by the event's
//! id.
//!
//! The crate has two channels: [`Webhook`], a signed POST by the
//! [Standard Webhooks](https://www.standardwebhooks.com) scheme, and [`Mail`], an e-mail to the
//! account holder through an SMTP server.
//!
//! The engine writes the events, each in the transaction that it reports. This crate writes none,
//! and reads no configuration.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use std::sync::Arc;
//!
//! use async_trait::async_trait;
//! use repass_core::{ClaimedEvent, SystemClock, SystemRandomness};
//! use repass_outbox::{Channel, DeliveryError, DispatcherOptions, OutboxDispatcher};
//! use repass_testkit::MemoryStore;
//!
//! struct Log;
//!
//! #[async_trait]
//! impl Channel for Log {
//!     fn name(&self) -> &'static str {
//!         "log"
//!     }
//!
//!     async fn deliver(&self, claimed: &ClaimedEvent) -> Result<(), DeliveryError> {
//!         println!("{} {}", claimed.event.kind, claimed.holder.user_id.as_str());
//!         Ok(())
//!     }
//! }
//!
//! let dispatcher = OutboxDispatcher::new(
//!     Arc::new(MemoryStore::new()),
//!     vec![Arc::new(Log)],
//!     DispatcherOptions::default(),
//!     Arc::new(SystemClock),
//!     Arc::new(SystemRandomness),
//! );
//! dispatcher.run(async { /* completes when the process shall stop */ }).await;
//! # });
//! ```

mod backoff;
mod channel;
mod dispatcher;
mod mail;
mod webhook;

pub use channel::{Channel, DeliveryError};
pub use dispatcher::{DeliveryCounts, DispatcherOptions, OutboxDispatcher};
pub use ipnet::IpNet;
pub use mail::{
    Encryption, InvalidMail, InvalidResetUrl, Mail, MailOptions, MailPreview, ResetLink, ResetUrl,
    SmtpCredentials, SmtpServer,
};
pub use repass_messages::{Language, UnknownLanguage};
pub use webhook::{InvalidWebhook, InvalidWebhookSecret, Webhook, WebhookOptions, WebhookSecret};
