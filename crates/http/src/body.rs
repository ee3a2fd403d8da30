//! Reading the body of a request within bounds.

use std::ops::Deref;
use std::pin::pin;
use std::time::Duration;

use bytes::Buf;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError};
use repass_spec::header;
use zeroize::Zeroizing;

use crate::service::BoxError;

/// How much a request may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest body that is read, in bytes. A longer one is refused: without reading when the
    /// request says its length, else where the limit is reached. 64 KiB by default.
    pub body_bytes: usize,
    /// How long the whole body may take to arrive, from when the caller is authenticated. 10 seconds
    /// by default.
    pub body_timeout: Duration,
    /// How many changes may be under way at once, those of clients that have hung up among them. One
    /// more is refused as unavailable (503). 1024 by default.
    pub changes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { body_bytes: 64 * 1024, body_timeout: Duration::from_secs(10), changes: 1024 }
    }
}

/// Why there is no body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// It is longer than the limit.
    TooLarge,
    /// It did not arrive in time, or broke off.
    Incomplete,
}

/// Reads the whole body.
///
/// What the server under this service buffers on the way is the server's and cannot be wiped from
/// here; the bytes gathered are.
pub(crate) async fn read<B>(
    body: B,
    headers: &HeaderMap,
    limits: Limits,
) -> Result<SecretBytes, BodyError>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    let length = announced_length(headers).unwrap_or(0).max(body.size_hint().lower());
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length > limits.body_bytes {
        return Err(BodyError::TooLarge);
    }
    let gathered = SecretBytes::with_capacity(length);
    match tokio::time::timeout(limits.body_timeout, gather(body, gathered, limits)).await {
        Ok(result) => result,
        Err(_) => Err(BodyError::Incomplete),
    }
}

fn announced_length(headers: &HeaderMap) -> Option<u64> {
    header::single(headers, &CONTENT_LENGTH)?.trim().parse().ok()
}

async fn gather<B>(
    body: B,
    mut gathered: SecretBytes,
    limits: Limits,
) -> Result<SecretBytes, BodyError>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    let mut body = pin!(body);
    loop {
        // Frames that are always ready, and empty, must not keep the clock from being looked at.
        tokio::task::consume_budget().await;
        let Some(frame) = body.frame().await else { return Ok(gathered) };
        let frame = frame.map_err(|error| broken(&*error.into()))?;
        // Trailers say nothing that a spec reads.
        let Ok(mut data) = frame.into_data() else { continue };
        if data.remaining() > limits.body_bytes - gathered.len() {
            return Err(BodyError::TooLarge);
        }
        while data.has_remaining() {
            let chunk = data.chunk();
            gathered.extend(chunk);
            let taken = chunk.len();
            data.advance(taken);
        }
    }
}

/// A layer in front may have a limit of its own (`http_body_util::Limited`), which speaks as an error.
fn broken(error: &(dyn std::error::Error + 'static)) -> BodyError {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            return BodyError::TooLarge;
        }
        cause = error.source();
    }
    BodyError::Incomplete
}

/// Bytes that are wiped when dropped, and leave no copy behind when they grow.
pub(crate) struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    fn with_capacity(capacity: usize) -> Self {
        Self(Zeroizing::new(Vec::with_capacity(capacity)))
    }

    fn extend(&mut self, chunk: &[u8]) {
        let needed = self.0.len() + chunk.len();
        if needed > self.0.capacity() {
            // Growing in place could move the bytes and leave the old ones unwiped.
            let mut larger = Self::with_capacity(needed.max(2 * self.0.capacity()));
            larger.0.extend_from_slice(&self.0);
            *self = larger;
        }
        self.0.extend_from_slice(chunk);
    }
}

impl Deref for SecretBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretBytes(..)")
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures_util::stream;
    use http::HeaderValue;
    use http_body::Frame;
    use http_body_util::{Full, Limited, StreamBody};
    use proptest::prelude::*;

    use super::*;

    const LIMITS: Limits =
        Limits { body_bytes: 8, body_timeout: Duration::from_secs(10), changes: 1 };

    type Piece = Result<Frame<Bytes>, BoxError>;

    fn data(bytes: &[u8]) -> Piece {
        Ok(Frame::data(Bytes::copy_from_slice(bytes)))
    }

    fn chunked(pieces: Vec<Piece>) -> impl Body<Data = Bytes, Error = BoxError> {
        StreamBody::new(stream::iter(pieces))
    }

    async fn read_plain<B>(body: B) -> Result<Vec<u8>, BodyError>
    where
        B: Body,
        B::Error: Into<BoxError>,
    {
        read(body, &HeaderMap::new(), LIMITS).await.map(|bytes| bytes.to_vec())
    }

    #[tokio::test]
    async fn a_body_of_exactly_the_limit_is_read() {
        assert_eq!(read_plain(Full::new(Bytes::from("12345678"))).await.unwrap(), b"12345678");
        let pieces = vec![data(b"123"), data(b""), data(b"45678")];
        assert_eq!(read_plain(chunked(pieces)).await.unwrap(), b"12345678");
    }

    #[tokio::test]
    async fn trailers_are_passed_over() {
        let pieces = vec![data(b"12"), Ok(Frame::trailers(HeaderMap::new()))];
        assert_eq!(read_plain(chunked(pieces)).await.unwrap(), b"12");
    }

    #[tokio::test]
    async fn one_byte_more_is_too_large_however_it_comes() {
        let pieces = vec![data(b"12345678"), data(b"9")];
        assert_eq!(read_plain(chunked(pieces)).await, Err(BodyError::TooLarge));
        assert_eq!(read_plain(Full::new(Bytes::from("123456789"))).await, Err(BodyError::TooLarge));
    }

    #[tokio::test]
    async fn an_announced_length_over_the_limit_is_refused_unread() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("9"));
        let unread = StreamBody::new(stream::poll_fn(|_| -> std::task::Poll<Option<Piece>> {
            panic!("read")
        }));
        assert_eq!(read(unread, &headers, LIMITS).await.unwrap_err(), BodyError::TooLarge);
    }

    #[tokio::test]
    async fn a_broken_body_is_incomplete() {
        let pieces = vec![data(b"12"), Err("connection lost".into())];
        assert_eq!(read_plain(chunked(pieces)).await, Err(BodyError::Incomplete));
    }

    #[tokio::test]
    async fn the_limit_of_a_layer_in_front_counts_as_one() {
        let body = Limited::new(chunked(vec![data(b"1234567")]), 5);
        assert_eq!(read_plain(body).await, Err(BodyError::TooLarge));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stalled_body_is_given_up_after_the_timeout() {
        let started = tokio::time::Instant::now();
        let body = StreamBody::new(stream::pending::<Piece>());
        assert_eq!(read_plain(body).await, Err(BodyError::Incomplete));
        assert_eq!(started.elapsed().as_secs(), 10);
    }

    #[tokio::test]
    async fn endless_empty_frames_cannot_outrun_the_timeout() {
        let limits = Limits { body_timeout: Duration::from_millis(20), ..LIMITS };
        let body = StreamBody::new(stream::repeat_with(|| data(b"")));
        let result = read(body, &HeaderMap::new(), limits).await;
        assert_eq!(result.unwrap_err(), BodyError::Incomplete);
    }

    proptest! {
        #[test]
        fn pieces_are_joined_in_order(pieces in prop::collection::vec(
            prop::collection::vec(any::<u8>(), 0..5), 0..5,
        )) {
            let whole = pieces.concat();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
            let body = chunked(pieces.iter().map(|piece| data(piece)).collect());
            let result = runtime.unwrap().block_on(read_plain(body));
            if whole.len() > LIMITS.body_bytes {
                prop_assert_eq!(result, Err(BodyError::TooLarge));
            } else {
                prop_assert_eq!(result, Ok(whole));
            }
        }
    }
}
