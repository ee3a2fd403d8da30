use std::net::{IpAddr, SocketAddr};

use http::Extensions;

/// The request extension by which a server tells who is at the other end of the connection.
///
/// Only the address goes to log and audit trail, not the port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

impl Peer {
    /// The address, an IPv4 one also when the connection came through an IPv6 socket.
    pub(crate) fn address(extensions: &Extensions) -> Option<IpAddr> {
        extensions.get::<Self>().map(|peer| peer.0.ip().to_canonical())
    }
}
