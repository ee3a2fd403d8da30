use std::error::Error as _;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lettre::message::Message;
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{AsyncSmtpTransportBuilder, Error};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use tokio::runtime::Handle;

use super::server::address_literal;
use super::{InvalidMail, SmtpServer};
use crate::DeliveryError;

type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// A pool of connections to one SMTP server.
pub(super) struct Connections {
    builder: AsyncSmtpTransportBuilder,
    server: (String, u16),
    ehlo_name: Option<ClientId>,
    timeout: Duration,
    /// The pool and the runtime of its connections.
    pool: Mutex<Option<(Transport, Handle)>>,
}

impl Connections {
    /// Creates an empty pool. `timeout` is that of one message, including the connection.
    pub(super) fn new(server: &SmtpServer, timeout: Duration) -> Result<Self, InvalidMail> {
        Ok(Self {
            builder: server.check()?.timeout(Some(timeout)),
            server: (server.host.clone(), server.port()),
            ehlo_name: server.client_id()?,
            timeout,
            pool: Mutex::new(None),
        })
    }

    /// Sends a message. If the future is dropped, the message may or may not have been sent.
    pub(super) async fn send(&self, message: Message) -> Result<(), DeliveryError> {
        let is_ascii = message.envelope().to().iter().all(|to| AsRef::<str>::as_ref(to).is_ascii());
        let mut exchange = Exchange { connections: self, has_ended: false };
        let transport = self.transport().await?;
        let sending = transport.send(message);
        let sent = tokio::time::timeout(self.timeout, sending).await;
        exchange.has_ended = sent.is_ok();
        match sent {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(failure(&error, is_ascii)),
            Err(_) => Err(DeliveryError::new("the SMTP server timed out")),
        }
    }

    async fn transport(&self) -> Result<Transport, DeliveryError> {
        if let Some((transport, _)) = &*self.lock() {
            return Ok(transport.clone());
        }
        let ehlo_name = match &self.ehlo_name {
            Some(name) => name.clone(),
            None => address_literal(own_address(&self.server).await.map_err(|error| {
                DeliveryError::new(format!("the SMTP server's address is not known: {error}"))
            })?),
        };
        let build = || (self.builder.clone().hello_name(ehlo_name).build(), Handle::current());
        Ok(self.lock().get_or_insert_with(build).0.clone())
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

/// Returns the address of this machine on the way to `server`. A host name would often be one that
/// nobody else knows, such as the id of a container.
async fn own_address(server: &(String, u16)) -> io::Result<IpAddr> {
    let server = tokio::net::lookup_host(server).await?.next();
    let server = server.ok_or(io::ErrorKind::NotFound)?;
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    // Nothing is sent.
    let socket = tokio::net::UdpSocket::bind((any, 0)).await?;
    socket.connect(server).await?;
    Ok(socket.local_addr()?.ip())
}

/// A reply is permanent if its enhanced status code (RFC 3463) names the recipient's address
/// (5.1.x) or mailbox (5.2.x) as the cause. All others are retried: a basic code does not tell whom
/// it is about, as 550 at the greeting, for the sender, for relaying or by a policy is a fault of
/// the set-up (RFC 5321, 4.2.3). Nor does the command that it answers, since servers such as
/// Postfix postpone refusals of the client and the sender to `RCPT`.
fn failure(error: &Error, is_ascii: bool) -> DeliveryError {
    let failure = DeliveryError::new(error.to_string());
    let reply = error.source().map(ToString::to_string).unwrap_or_default();
    let refused = error.is_permanent() && names_the_recipient(&reply);
    // The transport sends no non-ASCII address to a server without SMTPUTF8 (RFC 6531).
    let lacks_smtputf8 = error.is_client() && !is_ascii;
    if refused || lacks_smtputf8 { failure.permanent() } else { failure }
}

/// Whether a reply begins with 5.1.x or 5.2.x. 5.1.0, 5.1.7 and 5.1.8 may be or are about the
/// sender.
fn names_the_recipient(reply: &str) -> bool {
    let status = reply.split_whitespace().next().unwrap_or_default();
    match status.strip_prefix("5.1.") {
        Some(detail) => !["", "0", "7", "8"].contains(&detail),
        None => status.starts_with("5.2."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves A4.
    #[test]
    fn a4_only_statuses_of_the_recipient_are_permanent() {
        for reply in ["5.1.1 no such user", "5.1.2", "5.1.10 null MX", "5.2.0", "5.2.2 full"] {
            assert!(names_the_recipient(reply), "{reply}");
        }
        for reply in [
            "",
            "no such user",
            "5.1.0 sender",
            "5.1.7",
            "5.1.8",
            "5.7.1",
            "5.10.1",
            "4.2.2",
            "5.1.",
        ] {
            assert!(!names_the_recipient(reply), "{reply}");
        }
    }
}
