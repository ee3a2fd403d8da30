//! One connection that stays open, and changes one account's password over and over.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::accounts::Holder;

/// A connection and its account.
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
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
        let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let password = holder.first_password.clone();
        Self { sender, holder, password, changes: 0 }
    }

    /// Changes the password to one that it never was.
    ///
    /// # Errors
    /// When there is no answer.
    pub(crate) async fn change(&mut self) -> Result<Outcome, hyper::Error> {
        let next = format!("{} {}", self.holder.first_password, self.changes);
        let body = serde_json::json!({
            "OldPassword": self.password,
            "Password": next,
            "PasswordConfirm": next,
        });
        let request = Request::builder()
            .method(Method::PUT)
            .uri("/v1.0/users/@me/password/change")
            .header("host", "localhost")
            .header("content-type", "application/json")
            .header("et-app-key", &self.holder.app_key)
            .header("authorization", format!("Bearer {}", self.holder.token))
            .body(Full::new(Bytes::from(body.to_string())))
            .unwrap();
        let begun = Instant::now();
        self.sender.ready().await?;
        let answer = self.sender.send_request(request).await?;
        let (parts, body) = answer.into_parts();
        body.collect().await?;
        let latency = begun.elapsed();
        if parts.status == StatusCode::OK {
            self.password = next;
            self.changes += 1;
        }
        let retry_after = parts.headers.contains_key("retry-after");
        Ok(Outcome { status: parts.status, retry_after, latency })
    }
}
