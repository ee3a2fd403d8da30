//! Closing a connection so that its last answer arrives.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// How long a closed connection is read on for.
const LINGER: Duration = Duration::from_secs(2);

/// A stream that reads on for a while after it was shut down, until the client closes too.
///
/// A socket that is closed while bytes wait to be read is reset, and the reset can destroy an answer that
/// the client has not read yet (RFC 9112, 9.6).
pub(crate) struct Lingering<S> {
    stream: S,
    /// Whether bytes may still come; if not, there is nothing to wait for.
    may_come: Arc<AtomicBool>,
    /// From the moment that the sending side is closed.
    until: Option<Pin<Box<Sleep>>>,
}

impl<S> Lingering<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, may_come: Arc::new(AtomicBool::new(true)), until: None }
    }

    /// Says whether the client may still be sending when the stream is shut down; true at first.
    pub(crate) fn may_come(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.may_come)
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
        let Self { stream, may_come, until } = &mut *self;
        let until = match until {
            Some(until) => until,
            None => {
                ready!(Pin::new(&mut *stream).poll_shutdown(context))?;
                if !may_come.load(Ordering::Relaxed) {
                    return Poll::Ready(Ok(()));
                }
                until.insert(Box::pin(sleep(LINGER)))
            }
        };
        let mut bytes = [0; 4096];
        loop {
            if until.as_mut().poll(context).is_ready() {
                return Poll::Ready(Ok(()));
            }
            let mut buffer = ReadBuf::new(&mut bytes);
            match ready!(Pin::new(&mut *stream).poll_read(context, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => {}
                // The client has closed, or is gone.
                _ => return Poll::Ready(Ok(())),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::Instant;

    use super::*;

    /// Proves W5.
    #[tokio::test(start_paused = true)]
    async fn w5_what_still_comes_is_read_until_the_client_closes() {
        let (mut client, server) = duplex(64);
        let started = Instant::now();
        let closing = tokio::spawn(async move { Lingering::new(server).shutdown().await });
        // Far more than the pipe holds, so it is read.
        client.write_all(&[0; 100_000]).await.unwrap();
        assert_eq!(client.read(&mut [0]).await.unwrap(), 0, "the server's side is closed at once");
        drop(client);
        closing.await.unwrap().unwrap();
        assert!(started.elapsed() < LINGER);
    }

    /// Proves W5.
    #[tokio::test(start_paused = true)]
    async fn w5_a_client_that_does_not_close_is_left_in_the_end() {
        let (_client, server) = duplex(64);
        let started = Instant::now();
        Lingering::new(server).shutdown().await.unwrap();
        assert!(started.elapsed() >= LINGER);

        let (_client, server) = duplex(64);
        let started = Instant::now();
        let mut idle = Lingering::new(server);
        idle.may_come().store(false, Ordering::Relaxed);
        idle.shutdown().await.unwrap();
        assert!(started.elapsed().is_zero(), "nothing is to come");
    }
}
