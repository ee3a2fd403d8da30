use std::fmt;
use std::net::IpAddr;

use http::Extensions;

/// The client's address, which the server adds to the request's extensions. The log and the audit
/// records have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

impl Peer {
    /// Returns the IP address, with IPv4-mapped IPv6 addresses as IPv4.
    pub(crate) fn address(extensions: &Extensions) -> Option<IpAddr> {
        extensions.get::<Self>().map(|peer| peer.0.to_canonical())
    }
}

/// The address of the trusted proxy that stated the [`Peer`]; `None` is that of a Unix socket. The
/// server adds it to the request's extensions for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proxy(pub Option<IpAddr>);

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(address) => address.fmt(f),
            None => f.write_str("unix"),
        }
    }
}
