use std::net::IpAddr;

use lettre::transport::smtp::AsyncSmtpTransportBuilder;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use repass_core::Plaintext;
use rustls::pki_types::ServerName;

use super::InvalidMail;

/// The SMTP server that takes the mails.
#[derive(Debug)]
pub struct SmtpServer {
    /// Its name or IP address; the name must stand in its certificate.
    pub host: String,
    /// The port; [`Encryption::port`] when none is given.
    pub port: Option<u16>,
    /// How the connection is encrypted.
    pub encryption: Encryption,
    /// What to sign in with, where that is wanted.
    pub credentials: Option<SmtpCredentials>,
    /// Whether [`Encryption::None`] is allowed to a server on another machine. Then anybody in
    /// between can read the mails and the password, and change them.
    pub allow_plain_smtp: bool,
}

/// A name and a password to sign in with.
#[derive(Debug)]
pub struct SmtpCredentials {
    /// The name.
    pub username: String,
    /// The password.
    pub password: Plaintext,
}

/// How a connection to an SMTP server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Encryption {
    /// TLS from the first byte on (RFC 8314, 3).
    #[default]
    Implicit,
    /// TLS after the command `STARTTLS` (RFC 3207). Without it nothing is sent.
    StartTls,
    /// None at all.
    None,
}

impl Encryption {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::Implicit, Self::StartTls, Self::None];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Implicit => "implicit",
            Self::StartTls => "starttls",
            Self::None => "none",
        }
    }

    /// The way of that name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.as_str() == name)
    }

    /// The port where servers expect it (RFC 8314, 7.3; RFC 6409, 3.1; RFC 5321, 4.5.4.2).
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

    /// What makes connections to it.
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
            let reason = "the server is on another machine, and without TLS anybody in between could \
                          read the mails; set allow_plain_smtp = true if that is meant";
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
            return Err(InvalidMail::new("username", "must be a name to sign in with"));
        }
        if password.is_empty() || password.expose().contains('\0') {
            return Err(InvalidMail::new("password", "must be a password to sign in with"));
        }
        let password = password.expose().to_owned();
        Ok(builder.credentials(Credentials::new(username.clone(), password)))
    }
}

fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(host: &str, encryption: Encryption) -> SmtpServer {
        let host = host.to_owned();
        SmtpServer { host, port: None, encryption, credentials: None, allow_plain_smtp: false }
    }

    #[test]
    fn names_lead_back_to_what_they_name() {
        for way in Encryption::ALL {
            assert_eq!(Encryption::of(way.as_str()), Some(way));
        }
        assert_eq!(Encryption::of("tls"), None);
    }

    #[test]
    fn without_tls_the_server_is_on_this_machine_unless_it_is_meant() {
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
    fn a_server_is_a_name_and_nothing_else() {
        for host in ["", "smtp://example.org", "example.org:465", "a b", "x\r\ny", "[::1]"] {
            let refused = server(host, Encryption::Implicit).check().unwrap_err();
            assert_eq!(refused.member, "server", "{host}");
        }
    }

    #[test]
    fn the_password_is_not_shown() {
        let mut server = server("localhost", Encryption::StartTls);
        let password = Plaintext::from("hunter2");
        server.credentials = Some(SmtpCredentials { username: "pat".to_owned(), password });
        assert!(!format!("{server:?}{:?}", server.check().unwrap()).contains("hunter2"));
        let password = Plaintext::from("");
        server.credentials = Some(SmtpCredentials { username: "pat".to_owned(), password });
        assert_eq!(server.check().unwrap_err().member, "password");
    }
}
