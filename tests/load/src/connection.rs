//! One connection that stays open, and changes one account's password over and over.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use http::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::accounts::Holder;

/// A connection and its account.
///
/// No HTTP client's, since whatever the measuring costs is taken from the server.
pub(crate) struct Connection {
    stream: TcpStream,
    /// What was read of the answer.
    read: Vec<u8>,
    holder: Holder,
    /// The password that the account has now.
    password: String,
    changes: u64,
}

/// How a change went.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    pub(crate) status: StatusCode,
    /// Whether the answer says when to try again.
    pub(crate) retry_after: bool,
    pub(crate) latency: Duration,
}

impl Outcome {
    /// Whether there was no room, and the answer says when to try again.
    pub(crate) fn is_busy(&self) -> bool {
        self.status == StatusCode::SERVICE_UNAVAILABLE && self.retry_after
    }

    /// Whether it is one of the two that may come of a good request.
    pub(crate) fn is_expected(&self) -> bool {
        self.status == StatusCode::OK || self.is_busy()
    }
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr, holder: Holder) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let password = holder.first_password.clone();
        Self { stream, read: Vec::new(), holder, password, changes: 0 }
    }

    /// Changes the password to one that it never was.
    ///
    /// # Errors
    /// When there is no answer.
    pub(crate) async fn change(&mut self) -> io::Result<Outcome> {
        let next = format!("{} {}", self.holder.first_password, self.changes);
        let request = self.request(&next);
        let begun = Instant::now();
        self.stream.write_all(request.as_bytes()).await?;
        let (status, retry_after) = self.answer().await?;
        let latency = begun.elapsed();
        if status == StatusCode::OK {
            self.password = next;
            self.changes += 1;
        }
        Ok(Outcome { status, retry_after, latency })
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
            self.holder.app_key,
            self.holder.token,
        )
    }

    /// Reads one answer to its end: its status, and whether it says when to try again.
    async fn answer(&mut self) -> io::Result<(StatusCode, bool)> {
        self.read.clear();
        loop {
            if self.stream.read_buf(&mut self.read).await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            if let Some(answer) = complete(&self.read)? {
                return Ok(answer);
            }
        }
    }
}

/// The status of an answer that is there to its end, and whether it says when to try again.
fn complete(read: &[u8]) -> io::Result<Option<(StatusCode, bool)>> {
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
    Ok(Some((status, header("retry-after").is_some())))
}
