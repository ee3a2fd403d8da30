//! `[proxy]`.

use std::fmt;
use std::net::IpAddr;

use http::HeaderName;
use http::header::FORWARDED;
use ipnet::IpNet;
use serde::Deserialize;

use super::KeyError;
use super::checked::one_of;

/// The trusted proxies in front of the server, which state the client's address.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RawProxy {
    /// The networks and addresses of the proxies, such as `["10.1.0.0/24", "127.0.0.1"]`, and
    /// `unix` for the peers of Unix sockets.
    #[serde(default)]
    trusted: Vec<String>,
    /// The header in which the proxies append the address of their peer: `x-forwarded-for`,
    /// `forwarded` (RFC 7239) or `none`. The last address that is not trusted is the client's.
    /// Without it, `x-forwarded-for`, or `none` with `proxy_protocol`.
    header: Option<String>,
    /// Whether the proxies begin each connection with a header of the PROXY protocol, version 1 or 2.
    /// Default: `false`.
    #[serde(default)]
    proxy_protocol: bool,
}

/// The trusted proxies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies {
    /// Their networks.
    pub networks: Vec<IpNet>,
    /// Whether the peers of Unix sockets are trusted.
    pub unix: bool,
    /// The header in which they append the address of their peer, if they do.
    pub header: Option<ForwardingHeader>,
    /// Whether they speak the PROXY protocol.
    pub proxy_protocol: bool,
}

/// The header that has the client's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForwardingHeader {
    /// `X-Forwarded-For`.
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

impl ForwardingHeader {
    /// Returns the header's name.
    pub fn name(self) -> HeaderName {
        match self {
            Self::XForwardedFor => HeaderName::from_static("x-forwarded-for"),
            Self::Forwarded => FORWARDED,
        }
    }
}

impl TrustedProxies {
    /// Returns whether a proxy has this address; `None` is that of a Unix socket.
    pub fn trusts(&self, address: Option<IpAddr>) -> bool {
        match address {
            Some(address) => self.networks.iter().any(|network| network.contains(&address)),
            None => self.unix,
        }
    }
}

impl fmt::Display for TrustedProxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let networks = self.networks.iter().map(ToString::to_string);
        let all: Vec<_> = networks.chain(self.unix.then(|| "unix".to_owned())).collect();
        write!(f, "{}", all.join(", "))?;
        if self.proxy_protocol {
            f.write_str("; PROXY protocol")?;
        }
        self.header.map_or(Ok(()), |header| write!(f, "; header {}", header.name()))
    }
}

impl RawProxy {
    pub(super) fn check(self) -> Result<TrustedProxies, KeyError> {
        let header = match self.header.as_deref() {
            None if self.proxy_protocol => None,
            None | Some("x-forwarded-for") => Some(ForwardingHeader::XForwardedFor),
            Some("forwarded") => Some(ForwardingHeader::Forwarded),
            Some("none") => None,
            Some(_) => {
                return Err(one_of("proxy.header", &["x-forwarded-for", "forwarded", "none"]));
            }
        };
        let unix = self.trusted.iter().any(|text| text == "unix");
        let networks = self.trusted.iter().filter(|text| *text != "unix").map(|text| network(text));
        let networks = networks.collect::<Option<_>>().ok_or_else(|| {
            let reason = "must be networks or addresses such as 10.1.0.0/24, or unix; not all \
                          addresses";
            KeyError::new("proxy.trusted", reason)
        })?;
        if self.proxy_protocol && self.trusted.is_empty() {
            return Err(KeyError::new("proxy.trusted", "is required with proxy.proxy_protocol"));
        }
        Ok(TrustedProxies { networks, unix, header, proxy_protocol: self.proxy_protocol })
    }
}

/// Reads a network or an address. If every address were trusted, clients could claim any.
fn network(text: &str) -> Option<IpNet> {
    let address = text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
    text.parse().or(address).ok().filter(|network: &IpNet| network.prefix_len() > 0)
}
