//! Reading the body of a request within bounds.

use std::ops::Deref;
use std::pin::Pin;
use std::time::Duration;

use bytes::Buf;
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, EXPECT};
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError};
use repass_spec::header;
use tokio::sync::{Semaphore, SemaphorePermit};
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
    /// How much memory the requests that are being read may take together, in bytes: from when their
    /// API is known until their change begins, each counts with 4 KiB and its body so far. More is
    /// refused as unavailable (503). 64 MiB by default.
    pub reading_bytes: usize,
    /// How many changes may be under way at once, those of clients that have hung up among them. One
    /// more is refused as unavailable (503). 1024 by default.
    pub changes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 64 * 1024,
            body_timeout: Duration::from_secs(10),
            reading_bytes: 64 * 1024 * 1024,
            changes: 1024,
        }
    }
}

/// Why there is no body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// It is longer than the limit.
    TooLarge,
    /// It did not arrive in time, or broke off.
    Incomplete,
    /// There is no memory for it at the moment.
    Overloaded,
}

/// The memory that one request being read takes of what all may take together.
pub(crate) struct ReadBudget<'a> {
    /// A permit is a KiB.
    kibibytes: &'a Semaphore,
    taken: SemaphorePermit<'a>,
}

impl<'a> ReadBudget<'a> {
    /// What a request takes without its body, in KiB.
    const HEAD: u32 = 4;

    /// Takes the memory of a head; `None` when there is none.
    pub(crate) fn begin(kibibytes: &'a Semaphore) -> Option<Self> {
        let taken = kibibytes.try_acquire_many(Self::HEAD).ok()?;
        Some(Self { kibibytes, taken })
    }

    /// Takes so many bytes more.
    fn take(&mut self, bytes: usize) -> Result<(), BodyError> {
        let more = u32::try_from(bytes.div_ceil(1024)).map_err(|_| BodyError::Overloaded)?;
        let more = self.kibibytes.try_acquire_many(more).map_err(|_| BodyError::Overloaded)?;
        self.taken.merge(more);
        Ok(())
    }
}

/// The memory that a body takes at first, in bytes; part of what a head counts with.
const FIRST_CAPACITY: usize = 2048;

/// The most that is read of a body that nobody needs, in bytes, so that its connection can be kept.
const READ_OFF: usize = 64 * 1024;

/// How long an answer waits for that.
const READ_OFF_TIME: Duration = Duration::from_secs(1);

/// The body of one request.
pub(crate) struct RequestBody<'a, B> {
    body: Pin<&'a mut B>,
    /// The length that the request announces, or that is known otherwise, in bytes.
    length: usize,
    /// Not of a client that sends its body only when told to (RFC 9110, 10.1.1), and no more once it
    /// did not come in time.
    is_coming: bool,
    has_ended: bool,
}

impl<'a, B> RequestBody<'a, B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    pub(crate) fn new(body: Pin<&'a mut B>, headers: &HeaderMap) -> Self {
        let length = announced_length(headers).unwrap_or(0).max(body.size_hint().lower());
        Self {
            length: usize::try_from(length).unwrap_or(usize::MAX),
            is_coming: !headers.contains_key(EXPECT),
            has_ended: body.is_end_stream(),
            body,
        }
    }

    /// Reads the whole body.
    ///
    /// What the server under this service buffers on the way is the server's and cannot be wiped from
    /// here; the bytes gathered are.
    pub(crate) async fn read(
        &mut self,
        limits: Limits,
        budget: &mut ReadBudget<'_>,
    ) -> Result<SecretBytes, BodyError> {
        if self.length > limits.body_bytes {
            return Err(BodyError::TooLarge);
        }
        // What is announced need not come: memory is taken as it comes.
        let mut gathered = SecretBytes::with_capacity(self.length.min(FIRST_CAPACITY));
        // This tells a client that waits for it.
        self.is_coming = true;
        let gathering = async {
            while let Some(mut data) = self.data().await? {
                if data.remaining() > limits.body_bytes - gathered.len() {
                    return Err(BodyError::TooLarge);
                }
                while data.has_remaining() {
                    let chunk = data.chunk();
                    gathered.extend(chunk, budget)?;
                    let taken = chunk.len();
                    data.advance(taken);
                }
            }
            Ok(())
        };
        match tokio::time::timeout(limits.body_timeout, gathering).await {
            Ok(result) => result.map(|()| gathered),
            Err(_) => {
                self.is_coming = false;
                Err(BodyError::Incomplete)
            }
        }
    }

    /// Reads what is left of a body that nobody needs, up to [`READ_OFF`]. Returns whether all of it was
    /// read; if not, the connection cannot be used for another request (RFC 9112, 9.3).
    pub(crate) async fn read_off(&mut self) -> bool {
        if self.has_ended {
            return true;
        }
        if !self.is_coming || self.length > READ_OFF {
            return false;
        }
        let reading = async {
            let mut left = READ_OFF;
            while let Ok(Some(data)) = self.data().await {
                match left.checked_sub(data.remaining()) {
                    Some(less) => left = less,
                    None => break,
                }
            }
        };
        // Late or not, what counts is whether it has ended.
        let _ = tokio::time::timeout(READ_OFF_TIME, reading).await;
        self.has_ended
    }

    async fn data(&mut self) -> Result<Option<B::Data>, BodyError> {
        while !self.has_ended {
            // Frames that are always ready, and empty, must not keep the clock from being looked at.
            tokio::task::consume_budget().await;
            let Some(frame) = self.body.frame().await else {
                self.has_ended = true;
                break;
            };
            let frame = match frame {
                Ok(frame) => frame,
                Err(error) => {
                    self.is_coming = false;
                    return Err(broken(&*error.into()));
                }
            };
            // Trailers say nothing that a spec reads.
            if let Ok(data) = frame.into_data() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }
}

fn announced_length(headers: &HeaderMap) -> Option<u64> {
    header::single(headers, &CONTENT_LENGTH)?.trim().parse().ok()
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

    fn extend(&mut self, chunk: &[u8], budget: &mut ReadBudget<'_>) -> Result<(), BodyError> {
        let needed = self.0.len() + chunk.len();
        if needed > self.0.capacity() {
            let capacity = needed.max(2 * self.0.capacity());
            budget.take(capacity.saturating_sub(self.0.capacity().max(FIRST_CAPACITY)))?;
            // Growing in place could move the bytes and leave the old ones unwiped.
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
    use std::pin::pin;

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
    };

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
        let kibibytes = Semaphore::new(1024);
        let mut budget = ReadBudget::begin(&kibibytes).unwrap();
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

    /// Proves W5.
    #[tokio::test(start_paused = true)]
    async fn w5_up_to_64_kib_of_an_unread_body_are_read_off() {
        async fn is_read_off(
            body: impl Body<Data = Bytes, Error = BoxError>,
            headers: &HeaderMap,
        ) -> bool {
            RequestBody::new(pin!(body), headers).read_off().await
        }
        let none = HeaderMap::new();
        let kib = [b'x'; 1024];
        let of_size = |kibs: usize| chunked((0..kibs).map(|_| data(&kib)).collect());
        assert!(is_read_off(of_size(0), &none).await);
        assert!(is_read_off(of_size(64), &none).await);
        assert!(!is_read_off(of_size(65), &none).await);
        assert!(!is_read_off(chunked(vec![data(&kib), Err("lost".into())]), &none).await);
        assert!(!is_read_off(StreamBody::new(stream::pending::<Piece>()), &none).await, "stalled");

        let unread = || {
            StreamBody::new(stream::poll_fn(|_| -> std::task::Poll<Option<Piece>> {
                panic!("read")
            }))
        };
        let mut large = HeaderMap::new();
        large.insert(CONTENT_LENGTH, HeaderValue::from(64 * 1024 + 1));
        assert!(!is_read_off(unread(), &large).await);
        let mut held_back = HeaderMap::new();
        held_back.insert(EXPECT, HeaderValue::from_static("100-continue"));
        assert!(!is_read_off(unread(), &held_back).await);
    }

    /// Proves W1.
    #[tokio::test]
    async fn w1_bodies_take_memory_as_they_come() {
        let limits = Limits { body_bytes: 64 * 1024, ..LIMITS };
        let of_kib = |kib: usize| chunked((0..kib).map(|_| data(&[b'x'; 1024])).collect());
        let kibibytes = Semaphore::new(4 + 62 + 4);
        let mut announced = HeaderMap::new();
        announced.insert(CONTENT_LENGTH, HeaderValue::from(64 * 1024));
        for (kib, expected) in [(1, 4), (16, 4 + 16), (60, 4 + 64)] {
            let body = of_kib(kib);
            let mut body = pin!(body);
            let mut budget = ReadBudget::begin(&kibibytes).unwrap();
            let mut body = RequestBody::new(body.as_mut(), &announced);
            body.read(limits, &mut budget).await.unwrap();
            let taken = 70 - kibibytes.available_permits();
            assert!(taken <= expected && taken + 2 >= expected, "{kib}: {taken}");
        }
        let taken = kibibytes.try_acquire_many(40).unwrap();
        let body = of_kib(60);
        let mut body = pin!(body);
        let mut budget = ReadBudget::begin(&kibibytes).unwrap();
        let mut body = RequestBody::new(body.as_mut(), &announced);
        let result = body.read(limits, &mut budget).await;
        assert_eq!(result.unwrap_err(), BodyError::Overloaded);
        drop((budget, taken));
        assert_eq!(kibibytes.available_permits(), 70);
    }

    /// Proves W5.
    #[tokio::test]
    async fn w5_what_was_read_before_is_not_read_again() {
        let body = chunked(vec![data(b"12345678"), data(b"9"), data(b"0")]);
        let mut body = pin!(body);
        let mut body = RequestBody::new(body.as_mut(), &HeaderMap::new());
        let kibibytes = Semaphore::new(1024);
        let mut budget = ReadBudget::begin(&kibibytes).unwrap();
        assert_eq!(body.read(LIMITS, &mut budget).await.unwrap_err(), BodyError::TooLarge);
        assert!(body.read_off().await);
        assert!(body.read_off().await, "once at its end, it stays there");
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
