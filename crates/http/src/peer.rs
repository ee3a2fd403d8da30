use std::net::{IpAddr, SocketAddr};

use http::Extensions;

/// The client's address, which the server adds to the request's extensions.
///
/// The log and the audit records have the IP address without the port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

impl Peer {
    /// Returns the IP address, with IPv4-mapped IPv6 addresses as IPv4.
    pub(crate) fn address(extensions: &Extensions) -> Option<IpAddr> {
        extensions.get::<Self>().map(|peer| peer.0.ip().to_canonical())
    }
}
