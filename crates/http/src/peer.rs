use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use http::Extensions;

/// The client's address, which the server adds to the request's extensions. The log and the audit
/// records have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

impl Peer {
    /// Returns the IP address, with IPv4-mapped IPv6 addresses as IPv4.
    pub fn address(extensions: &Extensions) -> Option<IpAddr> {
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

/// Returns what limits count as one client: an IPv4 address, or the /64 network of an IPv6 address,
/// all of whose addresses a client may have.
pub fn client_network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (!0 << 64)).into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_addresses_of_a_network_are_one_client() {
        let of = |address: &str| client_network(address.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1:2:3"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
