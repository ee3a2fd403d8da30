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

/// Connections to one SMTP server, which are kept for a while and used again.
pub(super) struct Connections {
    builder: AsyncSmtpTransportBuilder,
    timeout: Duration,
    /// The connections, and the runtime they live on.
    pool: Mutex<Option<(Transport, Handle)>>,
}

impl Connections {
    /// None yet: the first is made when there is something to send. `timeout` is how long a message
    /// may take, the connection included.
    pub(super) fn new(builder: AsyncSmtpTransportBuilder, timeout: Duration) -> Self {
        Self { builder: builder.timeout(Some(timeout)), timeout, pool: Mutex::new(None) }
    }

    /// Sends a message. When the future is dropped the message may have got through or not.
    pub(super) async fn send(&self, message: Message) -> Result<(), DeliveryError> {
        let is_ascii = message.envelope().to().iter().all(|to| AsRef::<str>::as_ref(to).is_ascii());
        let transport = self.transport();
        let mut exchange = Exchange { connections: self, is_over: false };
        let sent = tokio::time::timeout(self.timeout, transport.send(message)).await;
        exchange.is_over = sent.is_ok();
        match sent {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(failure(&error, is_ascii)),
            Err(_) => Err(DeliveryError::new("the server took too long")),
        }
    }

    fn transport(&self) -> Transport {
        let pool = &mut *self.lock();
        let (transport, _) =
            pool.get_or_insert_with(|| (self.builder.clone().build(), Handle::current()));
        transport.clone()
    }

    fn forget_all(&self) {
        let pool = self.lock().take();
        if let Some((transport, runtime)) = pool {
            // The transport says goodbye to the server on its runtime, so it must know it.
            let _within = runtime.enter();
            drop(transport);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<(Transport, Handle)>> {
        // A panic while the lock is held leaves a pool or none.
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Connections {
    fn drop(&mut self) {
        self.forget_all();
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connections(..)")
    }
}

/// One message under way. The transport would take a connection back that was left in the midst of
/// one, and take the answer to this message for that to the next. So then none is used again.
struct Exchange<'a> {
    connections: &'a Connections,
    is_over: bool,
}

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.connections.forget_all();
        }
    }
}

/// Replies of 550 to 559 refuse this recipient or this message (RFC 5321, 4.2.1), and so they will
/// the next time. Others of 5xx are about signing in or the session, which an operator may mend.
fn failure(error: &Error, is_ascii: bool) -> DeliveryError {
    let failure = DeliveryError::new(error.to_string());
    let refused = error.is_permanent()
        && error.status().is_some_and(|code| code.category == Category::MailSystem);
    // The transport's own error, without a word to the server: it lacks SMTPUTF8 (RFC 6531).
    let unwritable = error.is_client() && !is_ascii;
    if refused || unwritable { failure.permanent() } else { failure }
}
