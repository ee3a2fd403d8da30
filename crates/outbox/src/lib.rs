//! Takes the events of the outbox to those who want to hear of them.
//!
//! An [`OutboxDispatcher`] claims events from an [`OutboxStore`](repass_core::OutboxStore) and
//! delivers each to every [`Channel`]: at least once, and to each channel in order per account. What
//! fails is tried again after waits that double, with jitter, until it is given up and waits for an
//! operator. Several dispatchers may share one store; when one dies in the middle of a delivery,
//! another repeats it once its lease is over. Receivers tell repeats by the event's id.
//!
//! There are two channels here: [`Webhook`], a signed POST after the
//! [Standard Webhooks](https://www.standardwebhooks.com) scheme, and [`Mail`], an e-mail to the
//! account holder through an SMTP server.
//!
//! It decides nothing about accounts and writes no event; the engine does, in the transaction of
//! what the event tells. It reads no configuration.
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
//! dispatcher.run(async { /* over when the process is to stop */ }).await;
//! # });
//! ```

mod channel;
mod dispatcher;
mod mail;
mod waits;
mod webhook;

pub use channel::{Channel, DeliveryError};
pub use dispatcher::{DispatcherOptions, OutboxDispatcher};
pub use mail::{Encryption, InvalidMail, Mail, MailOptions, SmtpCredentials, SmtpServer};
pub use repass_messages::{Language, UnknownLanguage};
pub use webhook::{InvalidWebhook, InvalidWebhookSecret, Webhook, WebhookOptions, WebhookSecret};
