//! The sockets that the server listens on: TCP sockets, Unix sockets, and those that systemd
//! passes.

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::task::{Context, Poll};

#[cfg(unix)]
use listenfd::ListenFd;
use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};
use tokio_util::either::Either;

use repass_config::{FORBIDDEN_PLAIN_HTTP, ListenAddress, UnixSocket};

/// The server cannot listen on an address.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListenError {
    #[error("cannot listen on {address}")]
    Bind {
        address: String,
        #[source]
        source: io::Error,
    },
    #[error("listen: systemd passed a socket on {0}; {FORBIDDEN_PLAIN_HTTP}")]
    PlainHttp(SocketAddr),
    #[error(
        "systemd passed no socket for the address {0}; start the server by its socket unit, whose \
         FileDescriptorName= is the name"
    )]
    NotPassed(ListenAddress),
}

impl ListenError {
    /// Returns whether the configuration must be changed.
    pub(crate) fn is_configuration(&self) -> bool {
        !matches!(self, Self::Bind { .. })
    }

    fn bind(address: impl ToString) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Bind { address: address.to_string(), source }
    }
}

/// A connection.
#[cfg(unix)]
pub(crate) type Stream = Either<TcpStream, UnixStream>;
#[cfg(not(unix))]
pub(crate) type Stream = Either<TcpStream, TcpStream>;

/// The sockets of a listener, at least one.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    sockets: Vec<Listener>,
    /// The socket that is asked first for the next connection.
    next: usize,
    /// An address of a socket of systemd that other machines reach.
    pub(crate) public_passed: Option<SocketAddr>,
}

#[derive(Debug)]
enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener),
}

impl Listeners {
    pub(crate) async fn bind(
        addresses: &[ListenAddress],
        options: UnixSocket,
        passed: &mut PassedSockets,
    ) -> Result<Self, ListenError> {
        let mut listeners = Self::default();
        for address in addresses {
            match address {
                ListenAddress::Tcp(addresses) => listeners.bind_tcp(addresses).await?,
                ListenAddress::Unix(path) => {
                    let socket = bind_unix(path, options).map_err(ListenError::bind(address))?;
                    listeners.sockets.push(socket);
                }
                ListenAddress::Systemd(name) => {
                    let taken = passed.take(name.as_deref());
                    let taken = taken.map_err(ListenError::bind(address))?;
                    if taken.is_empty() {
                        return Err(ListenError::NotPassed(address.clone()));
                    }
                    let mut addresses = taken.iter().filter_map(Listener::tcp_address);
                    let public = addresses.find(|address| !address.ip().is_loopback());
                    listeners.public_passed = listeners.public_passed.or(public);
                    listeners.sockets.extend(taken);
                }
            }
        }
        Ok(listeners)
    }

    /// Binds the addresses of a name, or one address. A name often has an IPv6 address that the
    /// machine does not.
    pub(crate) async fn bind_tcp(&mut self, addresses: &[SocketAddr]) -> Result<(), ListenError> {
        let before = self.sockets.len();
        let mut missing = None;
        for address in addresses {
            match TcpListener::bind(address).await {
                Ok(listener) => self.sockets.push(Listener::Tcp(listener)),
                Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => {
                    missing = Some((address, error));
                }
                Err(error) => return Err(ListenError::bind(address)(error)),
            }
        }
        match missing {
            Some((address, error)) if self.sockets.len() == before => {
                Err(ListenError::bind(address)(error))
            }
            _ => Ok(()),
        }
    }

    /// Returns the addresses for the log.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = String> {
        self.sockets.iter().map(Listener::address)
    }

    /// Returns the next connection, and the address of its peer, which is `None` for a Unix socket.
    pub(crate) async fn accept(&mut self) -> io::Result<(Stream, Option<IpAddr>)> {
        poll_fn(|context| self.poll_accept(context)).await
    }

    fn poll_accept(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<(Stream, Option<IpAddr>)>> {
        let count = self.sockets.len();
        for index in (0..count).map(|turn| (self.next + turn) % count) {
            if let Poll::Ready(accepted) = self.sockets[index].poll_accept(context) {
                // A busy socket must not keep the others waiting.
                self.next = index + 1;
                return Poll::Ready(accepted);
            }
        }
        Poll::Pending
    }
}

impl Listener {
    fn poll_accept(&self, context: &mut Context<'_>) -> Poll<io::Result<(Stream, Option<IpAddr>)>> {
        match self {
            Self::Tcp(listener) => listener.poll_accept(context).map_ok(|(stream, peer)| {
                // Without this, small answers are delayed until an acknowledgement arrives.
                let _ = stream.set_nodelay(true);
                (Either::Left(stream), Some(peer.ip().to_canonical()))
            }),
            #[cfg(unix)]
            Self::Unix(listener) => {
                listener.poll_accept(context).map_ok(|(stream, _)| (Either::Right(stream), None))
            }
        }
    }

    fn tcp_address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            #[cfg(unix)]
            Self::Unix(_) => None,
        }
    }

    fn address(&self) -> String {
        match self {
            Self::Tcp(_) => self.tcp_address().map(|address| address.to_string()),
            #[cfg(unix)]
            Self::Unix(listener) => listener.local_addr().ok().and_then(|address| {
                address.as_pathname().map(|path| format!("unix:{}", path.display()))
            }),
        }
        .unwrap_or_default()
    }
}

/// Binds a Unix socket. A file that a server has left behind is replaced.
#[cfg(unix)]
fn bind_unix(path: &Path, options: UnixSocket) -> io::Result<Listener> {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt, chown};

    if std::fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket()) {
        match std::os::unix::net::UnixStream::connect(path) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                std::fs::remove_file(path)?;
            }
            // Another server listens on it.
            _ => return Err(io::ErrorKind::AddrInUse.into()),
        }
    }
    let listener = UnixListener::bind(path)?;
    if options.group.is_some() {
        chown(path, None, options.group)
            .map_err(|error| io::Error::other(format!("unix_socket.group: {error}")))?;
    }
    std::fs::set_permissions(path, PermissionsExt::from_mode(options.mode))?;
    Ok(Listener::Unix(listener))
}

#[cfg(not(unix))]
fn bind_unix(_: &Path, _: UnixSocket) -> io::Result<Listener> {
    Err(io::ErrorKind::Unsupported.into())
}

/// The sockets that systemd has passed and that are not used yet.
pub(crate) struct PassedSockets {
    #[cfg(unix)]
    sockets: ListenFd,
    #[cfg(unix)]
    names: Vec<String>,
}

#[cfg(unix)]
impl PassedSockets {
    /// Takes the sockets from the environment, which no other thread may use meanwhile.
    pub(crate) fn from_env() -> Self {
        let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        let names = names.split(':').map(str::to_owned).collect();
        Self { sockets: ListenFd::from_env(), names }
    }

    /// Takes the sockets of this name, or all that are left.
    fn take(&mut self, name: Option<&str>) -> io::Result<Vec<Listener>> {
        let mut taken = Vec::new();
        for index in 0..self.sockets.len() {
            if name.is_some() && self.names.get(index).map(String::as_str) != name {
                continue;
            }
            match self.sockets.take_tcp_listener(index) {
                Ok(None) => {}
                Ok(Some(socket)) => {
                    socket.set_nonblocking(true)?;
                    taken.push(Listener::Tcp(TcpListener::from_std(socket)?));
                }
                Err(_) => {
                    if let Some(socket) = self.sockets.take_unix_listener(index)? {
                        socket.set_nonblocking(true)?;
                        taken.push(Listener::Unix(UnixListener::from_std(socket)?));
                    }
                }
            }
        }
        Ok(taken)
    }

    /// Warns of sockets that are not used, since their clients get no answer.
    pub(crate) fn warn_of_unused(&mut self) {
        for index in 0..self.sockets.len() {
            if let Ok(Some(_)) = self.sockets.take_raw_fd(index) {
                let name = self.names.get(index);
                tracing::warn!(
                    name,
                    "systemd passed a socket that no `listen` names; it is not served"
                );
            }
        }
    }
}

#[cfg(not(unix))]
impl PassedSockets {
    pub(crate) fn from_env() -> Self {
        Self {}
    }

    fn take(&mut self, _: Option<&str>) -> io::Result<Vec<Listener>> {
        Ok(Vec::new())
    }

    pub(crate) fn warn_of_unused(&mut self) {}
}
