use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lettre::message::Message;
use lettre::transport::smtp::response::Category;
use lettre::transport::smtp::{AsyncSmtpTransportBuilder, Error};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use tokio::runtime::Handle;

use crate::DeliveryError;

type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// A pool of connections to one SMTP server.
pub(super) struct Connections {
    builder: AsyncSmtpTransportBuilder,
    timeout: Duration,
    /// The pool and the runtime of its connections.
    pool: Mutex<Option<(Transport, Handle)>>,
}

impl Connections {
    /// Creates an empty pool. `timeout` is that of one message, including the connection.
    pub(super) fn new(builder: AsyncSmtpTransportBuilder, timeout: Duration) -> Self {
        Self { builder: builder.timeout(Some(timeout)), timeout, pool: Mutex::new(None) }
    }

    /// Sends a message. If the future is dropped, the message may or may not have been sent.
    pub(super) async fn send(&self, message: Message) -> Result<(), DeliveryError> {
        let is_ascii = message.envelope().to().iter().all(|to| AsRef::<str>::as_ref(to).is_ascii());
        let transport = self.transport();
        let mut exchange = Exchange { connections: self, has_ended: false };
        let sent = tokio::time::timeout(self.timeout, transport.send(message)).await;
        exchange.has_ended = sent.is_ok();
        match sent {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(failure(&error, is_ascii)),
            Err(_) => Err(DeliveryError::new("the SMTP server timed out")),
        }
    }

    fn transport(&self) -> Transport {
        let pool = &mut *self.lock();
        let (transport, _) =
            pool.get_or_insert_with(|| (self.builder.clone().build(), Handle::current()));
        transport.clone()
    }

    fn close_all(&self) {
        let pool = self.lock().take();
        if let Some((transport, runtime)) = pool {
            // Dropping the transport spawns tasks that send `QUIT`.
            let _guard = runtime.enter();
            drop(transport);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<(Transport, Handle)>> {
        // A panic cannot leave the pool in an invalid state.
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Connections {
    fn drop(&mut self) {
        self.close_all();
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connections(..)")
    }
}

/// One message being sent. The transport would reuse a connection whose exchange was interrupted,
/// and take the late reply for that to the next message. So all connections are closed then.
struct Exchange<'a> {
    connections: &'a Connections,
    has_ended: bool,
}

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        if !self.has_ended {
            self.connections.close_all();
        }
    }
}

/// Replies of 550 to 559 refuse the recipient or the message (RFC 5321, 4.2.1) and are permanent.
/// Other replies of 5xx are about authentication or the session, which an operator can fix.
fn failure(error: &Error, is_ascii: bool) -> DeliveryError {
    let failure = DeliveryError::new(error.to_string());
    let refused = error.is_permanent()
        && error.status().is_some_and(|code| code.category == Category::MailSystem);
    // The transport sends no non-ASCII address to a server without SMTPUTF8 (RFC 6531).
    let lacks_smtputf8 = error.is_client() && !is_ascii;
    if refused || lacks_smtputf8 { failure.permanent() } else { failure }
}
