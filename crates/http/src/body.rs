//! Reads request bodies within limits.

use std::num::NonZeroUsize;
use std::ops::Deref;
use std::pin::{Pin, pin};
use std::time::Duration;

use bytes::Buf;
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, EXPECT};
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError};
use repass_spec::header;
use zeroize::Zeroizing;

use crate::reading::{ReadBudget, Reading};
use crate::service::BoxError;

/// Limits on requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Maximum length of a body, in bytes. A longer body is refused unread if the request declares
    /// its length, otherwise at the limit. 64 KiB by default.
    pub body_bytes: usize,
    /// Timeout for reading the whole body, from the end of authentication. 10 seconds by default.
    pub body_timeout: Duration,
    /// Maximum memory of all requests that are being read, in bytes. A request counts 4 KiB and the
    /// received part of its body, from routing until its change begins. Requests above the limit
    /// are refused as unavailable (503), and those of one client above half of it. 64 MiB by
    /// default.
    pub reading_bytes: usize,
    /// Maximum number of concurrent changes, including those whose clients have disconnected.
    /// Further ones wait for their turn: the mounts take turns, with their callers with and without
    /// credentials apart, and within those the networks of the peers. Eight for each hashing thread
    /// keep them busy while the runtime and the store are. Callers without credentials get a
    /// sixth: enough to keep the threads busy, and few enough that a flood of theirs delays others
    /// little. By default, 8 for each unit of the available parallelism.
    pub changes: usize,
    /// Maximum number of changes that wait for their turn. Above it, the newest change of the
    /// source with the most is refused as unavailable (503). 1024 by default.
    pub queued_changes: usize,
    /// Timeout for a change's turn, after which it is refused as unavailable (503). 5 seconds by
    /// default.
    pub queue_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 64 * 1024,
            body_timeout: Duration::from_secs(10),
            reading_bytes: 64 * 1024 * 1024,
            changes: 8 * std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
            queued_changes: 1024,
            queue_timeout: Duration::from_secs(5),
        }
    }
}

/// The body was not read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// The body is longer than the limit.
    #[error("the body is too long")]
    TooLarge,
    /// The body timed out or broke off.
    #[error("the body did not arrive in full")]
    Incomplete,
    /// [`Limits::reading_bytes`] is exhausted.
    #[error("too many bodies are being read")]
    Overloaded,
}

/// Reads the whole body of a request, for another service of the same server: at most `max` bytes,
/// within `timeout`.
///
/// # Errors
/// When the body is longer or incomplete. Of HTTP/1.1, the connection then cannot be used for another
/// request (RFC 9112, 9.3): the response needs `Connection: close`.
pub async fn read_body<B>(
    headers: &HeaderMap,
    body: B,
    max: usize,
    timeout: Duration,
) -> Result<SecretBytes, BodyError>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    let limits = Limits { body_bytes: max, body_timeout: timeout, ..Limits::default() };
    // The number of connections bounds the memory of all.
    let reading = Reading::new(Limits { reading_bytes: usize::MAX, ..limits });
    let mut budget = ReadBudget::for_head(&reading, None).ok_or(BodyError::Overloaded)?;
    RequestBody::new(pin!(body), headers).read(limits, &mut budget).await
}

/// Initial capacity for a body, in bytes; [`ReadBudget::HEAD`] includes it.
const FIRST_CAPACITY: usize = 2048;

/// Maximum number of bytes of an unneeded body that are read to keep the connection usable.
const DRAIN_BYTES: usize = 64 * 1024;

/// How long a response waits for these bytes.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// The body of one request.
pub(crate) struct RequestBody<'a, B> {
    body: Pin<&'a mut B>,
    /// The declared length or the lower bound known, in bytes.
    length: usize,
    /// Whether the client is sending the body. False for `Expect: 100-continue` (RFC 9110, 10.1.1)
    /// until the body is read, and after a timeout or an error.
    is_arriving: bool,
    has_ended: bool,
}

impl<'a, B> RequestBody<'a, B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    pub(crate) fn new(body: Pin<&'a mut B>, headers: &HeaderMap) -> Self {
        let length = declared_length(headers).unwrap_or(0).max(body.size_hint().lower());
        Self {
            length: usize::try_from(length).unwrap_or(usize::MAX),
            is_arriving: !headers.contains_key(EXPECT),
            has_ended: body.is_end_stream(),
            body,
        }
    }

    /// Reads the whole body.
    ///
    /// The collected bytes are wiped. The buffers of the HTTP server are not.
    pub(crate) async fn read(
        &mut self,
        limits: Limits,
        budget: &mut ReadBudget<'_>,
    ) -> Result<SecretBytes, BodyError> {
        if self.length > limits.body_bytes {
            return Err(BodyError::TooLarge);
        }
        // The declared bytes may never arrive, so memory is reserved as they do.
        let mut collected = SecretBytes::with_capacity(self.length.min(FIRST_CAPACITY));
        // The first poll makes the server send `100 Continue`.
        self.is_arriving = true;
        let collecting = async {
            while let Some(mut data) = self.data().await? {
                if data.remaining() > limits.body_bytes - collected.len() {
                    return Err(BodyError::TooLarge);
                }
                while data.has_remaining() {
                    let chunk = data.chunk();
                    collected.extend(chunk, budget)?;
                    let length = chunk.len();
                    data.advance(length);
                }
            }
            Ok(())
        };
        match tokio::time::timeout(limits.body_timeout, collecting).await {
            Ok(result) => result.map(|()| collected),
            Err(_) => {
                self.is_arriving = false;
                Err(BodyError::Incomplete)
            }
        }
    }

    /// Reads and drops up to [`DRAIN_BYTES`] of the rest of the body. Returns whether the body
    /// ended; if not, the connection cannot be used for another request (RFC 9112, 9.3).
    pub(crate) async fn drain(&mut self) -> bool {
        if self.has_ended {
            return true;
        }
        if !self.is_arriving || self.length > DRAIN_BYTES {
            return false;
        }
        let reading = async {
            let mut left = DRAIN_BYTES;
            while let Ok(Some(data)) = self.data().await {
                match left.checked_sub(data.remaining()) {
                    Some(less) => left = less,
                    None => break,
                }
            }
        };
        // After a timeout `has_ended` is false.
        let _ = tokio::time::timeout(DRAIN_TIMEOUT, reading).await;
        self.has_ended
    }

    async fn data(&mut self) -> Result<Option<B::Data>, BodyError> {
        while !self.has_ended {
            // Otherwise an endless run of ready empty frames would keep the timeout from firing.
            tokio::task::consume_budget().await;
            let Some(frame) = self.body.frame().await else {
                self.has_ended = true;
                break;
            };
            let frame = match frame {
                Ok(frame) => frame,
                Err(error) => {
                    self.is_arriving = false;
                    return Err(body_error(&*error.into()));
                }
            };
            // Trailers are ignored.
            if let Ok(data) = frame.into_data() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }
}

fn declared_length(headers: &HeaderMap) -> Option<u64> {
    header::single(headers, &CONTENT_LENGTH)?.trim().parse().ok()
}

/// Finds the error of `http_body_util::Limited`, which a layer in front may use.
fn body_error(error: &(dyn std::error::Error + 'static)) -> BodyError {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            return BodyError::TooLarge;
        }
        cause = error.source();
    }
    BodyError::Incomplete
}

/// Bytes that are wiped when dropped and when they are reallocated.
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    fn with_capacity(capacity: usize) -> Self {
        Self(Zeroizing::new(Vec::with_capacity(capacity)))
    }

    fn extend(&mut self, chunk: &[u8], budget: &mut ReadBudget<'_>) -> Result<(), BodyError> {
        let needed = self.0.len() + chunk.len();
        if needed > self.0.capacity() {
            let capacity = needed.max(2 * self.0.capacity());
            budget.reserve(capacity.saturating_sub(self.0.capacity().max(FIRST_CAPACITY)))?;
            // `Vec` frees its old buffer unwiped when it grows.
            let mut larger = Self::with_capacity(capacity);
            larger.0.extend_from_slice(&self.0);
            *self = larger;
        }
        self.0.extend_from_slice(chunk);
        Ok(())
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
    const LIMITS: Limits = Limits {
        body_bytes: 8,
        body_timeout: Duration::from_secs(10),
        reading_bytes: 1,
        changes: 1,
        queued_changes: 1,
        queue_timeout: Duration::from_secs(5),
    };

    fn reading(kib: usize) -> Reading {
        Reading::new(Limits { reading_bytes: kib * 1024, ..LIMITS })
    }

    type Piece = Result<Frame<Bytes>, BoxError>;

    fn data(bytes: &[u8]) -> Piece {
        Ok(Frame::data(Bytes::copy_from_slice(bytes)))
    }

    fn chunked(pieces: Vec<Piece>) -> impl Body<Data = Bytes, Error = BoxError> {
        StreamBody::new(stream::iter(pieces))
    }

    async fn read<B>(body: B, headers: &HeaderMap, limits: Limits) -> Result<SecretBytes, BodyError>
    where
        B: Body,
        B::Error: Into<BoxError>,
    {
        let reading = reading(1024);
        let mut budget = ReadBudget::for_head(&reading, None).unwrap();
        RequestBody::new(pin!(body), headers).read(limits, &mut budget).await
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
    async fn trailers_are_ignored() {
        let pieces = vec![data(b"12"), Ok(Frame::trailers(HeaderMap::new()))];
        assert_eq!(read_plain(chunked(pieces)).await.unwrap(), b"12");
    }

    #[tokio::test]
    async fn one_byte_over_the_limit_is_too_large_in_one_piece_or_several() {
        let pieces = vec![data(b"12345678"), data(b"9")];
        assert_eq!(read_plain(chunked(pieces)).await, Err(BodyError::TooLarge));
        assert_eq!(read_plain(Full::new(Bytes::from("123456789"))).await, Err(BodyError::TooLarge));
    }

    #[tokio::test]
    async fn a_declared_length_over_the_limit_is_refused_unread() {
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
    async fn a_length_limit_error_of_an_outer_layer_is_too_large() {
        let body = Limited::new(chunked(vec![data(b"1234567")]), 5);
        assert_eq!(read_plain(body).await, Err(BodyError::TooLarge));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stalled_body_times_out() {
        let started = tokio::time::Instant::now();
        let body = StreamBody::new(stream::pending::<Piece>());
        assert_eq!(read_plain(body).await, Err(BodyError::Incomplete));
        assert_eq!(started.elapsed().as_secs(), 10);
    }

    #[tokio::test]
    async fn endless_empty_frames_time_out() {
        let limits = Limits { body_timeout: Duration::from_millis(20), ..LIMITS };
        let body = StreamBody::new(stream::repeat_with(|| data(b"")));
        let result = read(body, &HeaderMap::new(), limits).await;
        assert_eq!(result.unwrap_err(), BodyError::Incomplete);
    }

    /// Proves W5.
    #[tokio::test(start_paused = true)]
    async fn w5_drain_reads_up_to_64_kib() {
        async fn is_drained(
            body: impl Body<Data = Bytes, Error = BoxError>,
            headers: &HeaderMap,
        ) -> bool {
            RequestBody::new(pin!(body), headers).drain().await
        }
        let none = HeaderMap::new();
        let kib = [b'x'; 1024];
        let of_size = |kibs: usize| chunked((0..kibs).map(|_| data(&kib)).collect());
        assert!(is_drained(of_size(0), &none).await);
        assert!(is_drained(of_size(64), &none).await);
        assert!(!is_drained(of_size(65), &none).await);
        assert!(!is_drained(chunked(vec![data(&kib), Err("lost".into())]), &none).await);
        assert!(!is_drained(StreamBody::new(stream::pending::<Piece>()), &none).await, "stalled");

        let unread = || {
            StreamBody::new(stream::poll_fn(|_| -> std::task::Poll<Option<Piece>> {
                panic!("read")
            }))
        };
        let mut large = HeaderMap::new();
        large.insert(CONTENT_LENGTH, HeaderValue::from(64 * 1024 + 1));
        assert!(!is_drained(unread(), &large).await);
        let mut held_back = HeaderMap::new();
        held_back.insert(EXPECT, HeaderValue::from_static("100-continue"));
        assert!(!is_drained(unread(), &held_back).await);
    }

    /// Proves W1.
    #[tokio::test]
    async fn w1_memory_is_reserved_as_the_body_arrives() {
        let limits = Limits { body_bytes: 64 * 1024, ..LIMITS };
        let of_kib = |kib: usize| chunked((0..kib).map(|_| data(&[b'x'; 1024])).collect());
        let reading = reading(4 + 62 + 4);
        let left = || 70 - reading.reserved().total.div_ceil(1024);
        let mut declared = HeaderMap::new();
        declared.insert(CONTENT_LENGTH, HeaderValue::from(64 * 1024));
        for (kib, expected) in [(1, 4), (16, 4 + 16), (60, 4 + 64)] {
            let body = of_kib(kib);
            let mut body = pin!(body);
            let mut budget = ReadBudget::for_head(&reading, None).unwrap();
            let mut body = RequestBody::new(body.as_mut(), &declared);
            body.read(limits, &mut budget).await.unwrap();
            let reserved = 70 - left();
            assert!(reserved <= expected && reserved + 2 >= expected, "{kib}: {reserved}");
        }
        let mut others = ReadBudget::for_head(&reading, None).unwrap();
        others.reserve(36 * 1024).unwrap();
        let body = of_kib(60);
        let mut body = pin!(body);
        let mut budget = ReadBudget::for_head(&reading, None).unwrap();
        let mut body = RequestBody::new(body.as_mut(), &declared);
        let result = body.read(limits, &mut budget).await;
        assert_eq!(result.unwrap_err(), BodyError::Overloaded);
        drop((budget, others));
        assert_eq!(left(), 70);
    }

    /// Proves W5.
    #[tokio::test]
    async fn w5_a_drained_body_is_not_polled_again() {
        let body = chunked(vec![data(b"12345678"), data(b"9"), data(b"0")]);
        let mut body = pin!(body);
        let mut body = RequestBody::new(body.as_mut(), &HeaderMap::new());
        let reading = reading(1024);
        let mut budget = ReadBudget::for_head(&reading, None).unwrap();
        assert_eq!(body.read(LIMITS, &mut budget).await.unwrap_err(), BodyError::TooLarge);
        assert!(body.drain().await);
        assert!(body.drain().await, "the body has ended");
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
