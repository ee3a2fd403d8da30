//! Closes a connection so that the client receives the last answer.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// How long a stream is read after it was shut down.
const LINGER: Duration = Duration::from_secs(2);

/// A stream that is read for a limited time after it was shut down, until the client closes it too.
///
/// Closing a socket with unread bytes resets the connection, and the reset can destroy an answer
/// that the client has not read yet (RFC 9112, 9.6).
pub(crate) struct Lingering<S> {
    stream: S,
    /// Whether the client may still be sending when the stream is shut down.
    client_may_send: Arc<AtomicBool>,
    /// The end of the reading, once the sending side is closed.
    until: Option<Pin<Box<Sleep>>>,
}

impl<S> Lingering<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, client_may_send: Arc::new(AtomicBool::new(true)), until: None }
    }

    /// Returns the flag for whether the client may still be sending when the stream is shut down.
    /// It is true at first.
    pub(crate) fn client_may_send(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.client_may_send)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Lingering<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Lingering<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, client_may_send, until } = &mut *self;
        let until = match until {
            Some(until) => until,
            None => {
                ready!(Pin::new(&mut *stream).poll_shutdown(context))?;
                if !client_may_send.load(Ordering::Relaxed) {
                    return Poll::Ready(Ok(()));
                }
                until.insert(Box::pin(sleep(LINGER)))
            }
        };
        let expired = until.as_mut().poll(context).is_ready();
        let mut bytes = [0; 4096];
        loop {
            let mut buffer = ReadBuf::new(&mut bytes);
            match Pin::new(&mut *stream).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {}
                // The client has closed the stream, or the connection is lost.
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                // Not before what has arrived is read, as the server may have been late. Tokio's
                // budget of reads also returns `Pending`, which ends a client that always sends.
                Poll::Pending if expired => return Poll::Ready(Ok(())),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::Instant;

    use super::*;

    /// Proves W5.
    #[tokio::test(start_paused = true)]
    async fn w5_a_closed_stream_is_read_until_the_client_closes() {
        let (mut client, server) = duplex(64);
        let started = Instant::now();
        let closing = tokio::spawn(async move { Lingering::new(server).shutdown().await });
        // More than the pipe holds, so it completes only if it is read.
        client.write_all(&[0; 100_000]).await.unwrap();
        assert_eq!(client.read(&mut [0]).await.unwrap(), 0, "the server's side is closed at once");
        drop(client);
        closing.await.unwrap().unwrap();
        assert!(started.elapsed() < LINGER);
    }

    /// Proves W5.
    #[tokio::test(start_paused = true)]
    async fn w5_a_client_that_does_not_close_is_disconnected_after_the_linger_time() {
        let (_client, server) = duplex(64);
        let started = Instant::now();
        Lingering::new(server).shutdown().await.unwrap();
        assert!(started.elapsed() >= LINGER);

        let (_client, server) = duplex(64);
        let started = Instant::now();
        let mut idle = Lingering::new(server);
        idle.client_may_send().store(false, Ordering::Relaxed);
        idle.shutdown().await.unwrap();
        assert!(started.elapsed().is_zero(), "the client sends nothing more");
    }

    /// Proves W5.
    #[tokio::test(start_paused = true)]
    async fn w5_what_arrived_within_the_linger_time_is_read_by_a_late_server() {
        let (mut client, server) = duplex(64);
        let mut server = Lingering::new(server);
        let mut closing = std::pin::pin!(server.shutdown());
        assert!(closing.as_mut().now_or_never().is_none());
        client.write_all(&[0; 64]).await.unwrap();
        tokio::time::advance(LINGER).await;
        closing.now_or_never().unwrap().unwrap();
        let room = client.write_all(&[0; 64]).now_or_never();
        room.expect("the pipe is empty").unwrap();
    }
}
