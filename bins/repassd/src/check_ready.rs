//! `repassd check-ready`: asks the running server whether it is ready, for health checks of
//! containers.

use std::io::{self, Read, Write};
use std::net::TcpStream;
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::time::Duration;

use repass_config::{Config, ListenAddress};

/// The time-out of each read; longer than the server's own check takes.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The server is not ready, or cannot be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotReady {
    #[error(
        "admin.listen: check-ready asks its first address, which must be set, not be one of systemd, and have \
         no [admin.tls]"
    )]
    Unsupported,
    #[error("admin.listen: the server does not answer")]
    NoAnswer(#[source] io::Error),
    #[error("not ready: {0}")]
    Answered(String),
}

impl NotReady {
    /// Returns whether the configuration must be changed.
    pub(crate) const fn is_configuration(&self) -> bool {
        matches!(self, Self::Unsupported)
    }
}

pub(crate) fn run(config: &Config) -> Result<(), NotReady> {
    let address = config.admin.first().filter(|_| config.admin_tls.is_none());
    let answer = match address {
        Some(ListenAddress::Tcp(addresses)) => TcpStream::connect(addresses.as_slice())
            .and_then(|stream| stream.set_read_timeout(Some(TIMEOUT)).and_then(|()| ask(stream))),
        #[cfg(unix)]
        Some(ListenAddress::Unix(path)) => UnixStream::connect(path)
            .and_then(|stream| stream.set_read_timeout(Some(TIMEOUT)).and_then(|()| ask(stream))),
        _ => return Err(NotReady::Unsupported),
    };
    let answer = answer.map_err(NotReady::NoAnswer)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    match head.split(' ').nth(1) {
        Some("200") => Ok(()),
        _ => Err(NotReady::Answered(body.trim().to_owned())),
    }
}

fn ask(mut stream: impl Read + Write) -> io::Result<String> {
    stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
