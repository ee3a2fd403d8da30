//! `listen` and `admin.listen`.

use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

use serde::Deserialize;

use super::KeyError;

/// The warning about `admin.listen` beyond the machine.
pub const PUBLIC_ADMIN: &str = "admin.listen is an address that other machines reach";

/// The warning about plain HTTP that is allowed beyond the machine.
pub const PUBLIC_PLAIN_HTTP: &str = "listen has plain HTTP on an address that other machines reach: passwords are sent \
     unencrypted unless there is a TLS proxy in front";

/// The error about plain HTTP that is not allowed beyond the machine.
pub const FORBIDDEN_PLAIN_HTTP: &str = "this address is not a loopback one, and without TLS passwords would be sent unencrypted; \
     configure [tls], or set allow_plain_http = true if there is a TLS proxy in front";

/// One address or a list of them, as in the file.
#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "must be an address and a port such as 127.0.0.1:8080 or localhost:8080, unix:/PATH, \
                 systemd or systemd:NAME; or a list of these"
)]
pub(super) enum RawListen {
    One(String),
    Several(Vec<String>),
}

/// An address of a listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAddress {
    /// An IP address, or all addresses of a name.
    Tcp(Vec<SocketAddr>),
    /// The path of a Unix socket.
    Unix(PathBuf),
    /// The sockets that systemd passes: those with this name, or all that no other address names.
    Systemd(Option<String>),
}

impl ListenAddress {
    /// Returns whether other machines reach the address. Of sockets that systemd passes, only the
    /// server knows.
    pub fn is_public(&self) -> bool {
        matches!(self, Self::Tcp(addresses) if addresses.iter().any(|one| !one.ip().is_loopback()))
    }

    /// Returns whether both listen on the same address. Port 0 is a different port each time.
    pub(super) fn conflicts(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Tcp(own), Self::Tcp(other)) => {
                own.iter().any(|one| one.port() != 0 && other.contains(one))
            }
            _ => self == other,
        }
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(addresses) => {
                let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
                f.write_str(&addresses.join(", "))
            }
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Systemd(None) => f.write_str("systemd"),
            Self::Systemd(Some(name)) => write!(f, "systemd:{name}"),
        }
    }
}

impl RawListen {
    pub(super) fn check(self, key: &str) -> Result<Vec<ListenAddress>, KeyError> {
        let texts = match self {
            Self::One(text) => vec![text],
            Self::Several(texts) => texts,
        };
        if texts.is_empty() {
            return Err(KeyError::new(key, "must have at least one address"));
        }
        texts.iter().map(|text| address(key, text)).collect()
    }
}

fn address(key: &str, text: &str) -> Result<ListenAddress, KeyError> {
    let error = |reason: &dyn fmt::Display| KeyError::new(key, reason);
    if let Some(path) = text.strip_prefix("unix:") {
        return match PathBuf::from(path) {
            path if path.is_absolute() => Ok(ListenAddress::Unix(path)),
            _ => Err(error(&"the path after unix: must be absolute")),
        };
    }
    match text.strip_prefix("systemd").map(|rest| rest.strip_prefix(':').ok_or(rest)) {
        Some(Err("")) => return Ok(ListenAddress::Systemd(None)),
        Some(Ok(name)) if !name.is_empty() => {
            return Ok(ListenAddress::Systemd(Some(name.to_owned())));
        }
        _ => {}
    }
    if let Ok(address) = text.parse() {
        return Ok(ListenAddress::Tcp(vec![address]));
    }
    let is_name = |host: &str| {
        !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    match text.rsplit_once(':') {
        Some((host, port)) if is_name(host) && port.parse::<u16>().is_ok() => {
            let mut addresses = Vec::new();
            let found = text.to_socket_addrs();
            for address in found.map_err(|cause| error(&format!("the name is unknown: {cause}")))? {
                if !addresses.contains(&address) {
                    addresses.push(address);
                }
            }
            Ok(ListenAddress::Tcp(addresses))
        }
        _ => Err(error(
            &"must be an address and a port such as 127.0.0.1:8080 or localhost:8080, unix:/PATH, \
              systemd or systemd:NAME; or a list of these",
        )),
    }
}
