//! Persistent connections.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use http::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::accounts::Credentials;

/// A connection.
///
/// It does not use an HTTP client, since the cost of measuring slows down the server.
pub(crate) struct Connection {
    stream: TcpStream,
    /// The received part of the response.
    received: Vec<u8>,
    /// The end of the head in `received`.
    head: usize,
}

/// A connection that changes the password of one account repeatedly.
pub(crate) struct Changer {
    connection: Connection,
    credentials: Credentials,
    /// The current password of the account.
    password: String,
    changes: u64,
}

/// The outcome of a change.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    pub(crate) status: StatusCode,
    /// Whether the response has the header `Retry-After`.
    pub(crate) retry_after: bool,
    pub(crate) latency: Duration,
}

impl Outcome {
    /// Returns whether the status is 503 with `Retry-After`.
    pub(crate) fn is_busy(&self) -> bool {
        self.status == StatusCode::SERVICE_UNAVAILABLE && self.retry_after
    }

    /// Returns whether the outcome is valid for a correct request.
    pub(crate) fn is_expected(&self) -> bool {
        self.status == StatusCode::OK || self.is_busy()
    }
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        Self { stream, received: Vec::new(), head: 0 }
    }

    /// Sends a request and reads the response.
    ///
    /// # Errors
    /// When there is no response.
    pub(crate) async fn exchange(&mut self, request: &str) -> io::Result<Outcome> {
        let begun = Instant::now();
        self.stream.write_all(request.as_bytes()).await?;
        let (status, retry_after) = self.response().await?;
        Ok(Outcome { status, retry_after, latency: begun.elapsed() })
    }

    /// Returns the head of the last response.
    pub(crate) fn head(&self) -> &str {
        str::from_utf8(&self.received[..self.head]).unwrap()
    }

    /// Returns the body of the last response.
    pub(crate) fn body(&self) -> &[u8] {
        &self.received[self.head..]
    }

    /// Reads a response. Returns its status, and whether it has `Retry-After`.
    async fn response(&mut self) -> io::Result<(StatusCode, bool)> {
        self.received.clear();
        loop {
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            if let Some((head, status, retry_after)) = parse_response(&self.received)? {
                self.head = head;
                return Ok((status, retry_after));
            }
        }
    }
}

impl Changer {
    pub(crate) async fn open(address: SocketAddr, credentials: Credentials) -> Self {
        let connection = Connection::new(TcpStream::connect(address).await.unwrap());
        let password = credentials.first_password.clone();
        Self { connection, credentials, password, changes: 0 }
    }

    /// Continues on a new connection.
    pub(crate) async fn reopen(address: SocketAddr, other: Self) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        Self { connection: Connection::new(stream), ..other }
    }

    /// Changes the password to a new one.
    ///
    /// # Errors
    /// When there is no response.
    pub(crate) async fn change(&mut self) -> io::Result<Outcome> {
        let next = format!("{} {}", self.credentials.first_password, self.changes);
        let request = self.request(&next);
        let outcome = self.connection.exchange(&request).await?;
        if outcome.status == StatusCode::OK {
            self.password = next;
            self.changes += 1;
        }
        Ok(outcome)
    }

    fn request(&self, next: &str) -> String {
        let body = serde_json::json!({
            "OldPassword": self.password,
            "Password": next,
            "PasswordConfirm": next,
        });
        let body = body.to_string();
        format!(
            "PUT /v1.0/users/@me/password/change HTTP/1.1\r\n\
             host: localhost\r\n\
             content-type: application/json\r\n\
             content-length: {}\r\n\
             et-app-key: {}\r\n\
             authorization: Bearer {}\r\n\
             \r\n\
             {body}",
            body.len(),
            self.credentials.app_key,
            self.credentials.token,
        )
    }
}

/// Parses a response; `None` if it is incomplete. Returns the length of its head, its status, and
/// whether it has `Retry-After`.
fn parse_response(read: &[u8]) -> io::Result<Option<(usize, StatusCode, bool)>> {
    let invalid = |what: &str| io::Error::new(ErrorKind::InvalidData, what.to_owned());
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut answer = httparse::Response::new(&mut headers);
    let parsed = answer.parse(read).map_err(|error| invalid(&error.to_string()))?;
    let httparse::Status::Complete(head) = parsed else { return Ok(None) };
    let header = |name: &str| {
        let found = answer.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        found.map(|header| header.value)
    };
    let length =
        header("content-length").and_then(|value| str::from_utf8(value).ok()?.parse().ok());
    let length: usize = length.ok_or_else(|| invalid("no content-length"))?;
    if read.len() < head + length {
        return Ok(None);
    }
    let status = answer.code.and_then(|code| StatusCode::from_u16(code).ok());
    let status = status.ok_or_else(|| invalid("no status"))?;
    Ok(Some((head, status, header("retry-after").is_some())))
}
