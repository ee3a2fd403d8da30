use std::net::IpAddr;

use lettre::transport::smtp::AsyncSmtpTransportBuilder;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use repass_core::Plaintext;
use rustls::pki_types::ServerName;

use super::InvalidMail;

/// An SMTP server.
#[derive(Debug)]
pub struct SmtpServer {
    /// The host name or IP address. The server's certificate must be valid for it.
    pub host: String,
    /// The port; [`Encryption::port`] if unset.
    pub port: Option<u16>,
    /// The encryption of the connection.
    pub encryption: Encryption,
    /// Credentials for SMTP authentication, if the server requires it.
    pub credentials: Option<SmtpCredentials>,
    /// The name of this machine for `EHLO`: a host name or an IP address. If unset, the address of
    /// this machine on the way to the server.
    pub ehlo_name: Option<String>,
    /// Whether [`Encryption::None`] is allowed to another machine. Attackers on the network can
    /// then read and change the mails, and read the password.
    pub allow_plain_smtp: bool,
}

/// Credentials for SMTP authentication.
#[derive(Debug)]
pub struct SmtpCredentials {
    /// The user name.
    pub username: String,
    /// The password.
    pub password: Plaintext,
}

/// The encryption of a connection to an SMTP server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Encryption {
    /// TLS from the first byte (RFC 8314, 3).
    #[default]
    Implicit,
    /// TLS after the command `STARTTLS` (RFC 3207), which the server must support.
    StartTls,
    /// No encryption.
    None,
}

impl Encryption {
    /// All variants.
    pub const ALL: [Self; 3] = [Self::Implicit, Self::StartTls, Self::None];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Implicit => "implicit",
            Self::StartTls => "starttls",
            Self::None => "none",
        }
    }

    /// Returns the variant with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|encryption| encryption.as_str() == name)
    }

    /// The default port (RFC 8314, 7.3; RFC 6409, 3.1; RFC 5321, 4.5.4.2).
    pub const fn port(self) -> u16 {
        match self {
            Self::Implicit => 465,
            Self::StartTls => 587,
            Self::None => 25,
        }
    }
}

impl SmtpServer {
    /// The port to connect to.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(self.encryption.port())
    }

    /// Returns the name for `EHLO`, if it is set.
    pub(super) fn client_id(&self) -> Result<Option<ClientId>, InvalidMail> {
        let invalid = "must be a host name such as mail.example.org, or an IP address";
        self.ehlo_name.as_deref().map_or(Ok(None), |name| match ServerName::try_from(name) {
            Ok(ServerName::DnsName(name)) => Ok(Some(ClientId::Domain(name.as_ref().to_owned()))),
            Ok(ServerName::IpAddress(address)) => Ok(Some(address_literal(address.into()))),
            _ => Err(InvalidMail::new("ehlo_name", invalid)),
        })
    }

    /// Checks the options and returns a transport builder.
    pub(super) fn check(&self) -> Result<AsyncSmtpTransportBuilder, InvalidMail> {
        let host = &self.host;
        if ServerName::try_from(host.as_str()).is_err() {
            let reason = "must be a host name or an IP address, such as smtp.example.org";
            return Err(InvalidMail::new("server", reason));
        }
        if self.port == Some(0) {
            return Err(InvalidMail::new("port", "must be 1 to 65535"));
        }
        if self.encryption == Encryption::None && !is_this_machine(host) && !self.allow_plain_smtp {
            let reason = "the server is on another machine, and without TLS the network can read the \
                          mails; use implicit or starttls, or set allow_plain_smtp = true";
            return Err(InvalidMail::new("tls", reason));
        }
        let tls = || {
            TlsParameters::new(host.clone())
                .map_err(|error| InvalidMail::new("tls", format!("cannot be set up: {error}")))
        };
        let tls = match self.encryption {
            Encryption::Implicit => Tls::Wrapper(tls()?),
            Encryption::StartTls => Tls::Required(tls()?),
            Encryption::None => Tls::None,
        };
        let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(self.port())
            .tls(tls);
        let Some(SmtpCredentials { username, password }) = &self.credentials else {
            return Ok(builder);
        };
        if username.is_empty() || username.contains('\0') {
            return Err(InvalidMail::new("username", "must not be empty or contain a NUL"));
        }
        if password.is_empty() || password.expose().contains('\0') {
            return Err(InvalidMail::new("password", "must not be empty or contain a NUL"));
        }
        let password = password.expose().to_owned();
        Ok(builder.credentials(Credentials::new(username.clone(), password)))
    }
}

/// Returns the name of a machine that has none (RFC 5321, 4.1.3).
pub(super) fn address_literal(address: IpAddr) -> ClientId {
    match address.to_canonical() {
        IpAddr::V4(address) => ClientId::Ipv4(address),
        IpAddr::V6(address) => ClientId::Ipv6(address),
    }
}

/// Returns whether a host name or an IP address without brackets is a loopback one.
pub(super) fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(host: &str, encryption: Encryption) -> SmtpServer {
        let host = host.to_owned();
        SmtpServer {
            host,
            port: None,
            encryption,
            credentials: None,
            ehlo_name: None,
            allow_plain_smtp: false,
        }
    }

    #[test]
    fn names_round_trip() {
        for encryption in Encryption::ALL {
            assert_eq!(Encryption::from_name(encryption.as_str()), Some(encryption));
        }
        assert_eq!(Encryption::from_name("tls"), None);
    }

    #[test]
    fn plain_smtp_to_another_machine_needs_allow_plain_smtp() {
        for host in ["localhost", "127.0.0.1", "127.5.5.5", "::1"] {
            assert!(server(host, Encryption::None).check().is_ok(), "{host}");
        }
        for host in ["smtp.example.org", "10.0.0.1", "localhost.example.org", "0.0.0.0", "::"] {
            let mut server = server(host, Encryption::None);
            assert_eq!(server.check().unwrap_err().member, "tls", "{host}");
            server.allow_plain_smtp = true;
            assert!(server.check().is_ok(), "{host}");
        }
    }

    #[test]
    fn the_host_is_a_name_without_scheme_or_port() {
        for host in ["", "smtp://example.org", "example.org:465", "a b", "x\r\ny", "[::1]"] {
            let refused = server(host, Encryption::Implicit).check().unwrap_err();
            assert_eq!(refused.member, "server", "{host}");
        }
    }

    /// Proves A5.
    #[test]
    fn a5_the_name_for_ehlo_is_a_host_name_or_an_address() {
        let of = |name: &str| {
            let server = server("localhost", Encryption::None);
            SmtpServer { ehlo_name: Some(name.to_owned()), ..server }.client_id()
        };
        let name = of("mail.example.org").unwrap().unwrap();
        assert_eq!(name.to_string(), "mail.example.org");
        assert_eq!(of("192.0.2.1").unwrap().unwrap().to_string(), "[192.0.2.1]");
        assert_eq!(of("2001:db8::1").unwrap().unwrap().to_string(), "[IPv6:2001:db8::1]");
        for bad in ["", "a b", "[192.0.2.1]", "x\r\ny"] {
            assert_eq!(of(bad).unwrap_err().member, "ehlo_name", "{bad}");
        }
    }

    #[test]
    fn debug_output_has_no_password() {
        let mut server = server("localhost", Encryption::StartTls);
        let password = Plaintext::from("hunter2");
        server.credentials = Some(SmtpCredentials { username: "pat".to_owned(), password });
        assert!(!format!("{server:?}{:?}", server.check().unwrap()).contains("hunter2"));
        let password = Plaintext::from("");
        server.credentials = Some(SmtpCredentials { username: "pat".to_owned(), password });
        assert_eq!(server.check().unwrap_err().member, "password");
    }
}
