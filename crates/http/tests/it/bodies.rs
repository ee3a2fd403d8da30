//! Bodies that are too long, too slow or broken.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{Request, StatusCode, Version};
use http_body::Frame;
use http_body_util::StreamBody;
use repass_http::{BoxError, Limits};

use crate::capture;
use crate::test_context::{NEW, OLD, PATH, TestContext, send, text};

type Piece = Result<Frame<Bytes>, BoxError>;

fn data(bytes: impl Into<Bytes>) -> Piece {
    Ok(Frame::data(bytes.into()))
}

#[tokio::test]
async fn the_frames_of_a_body_are_joined() {
    let test = TestContext::new().await;
    let pieces: Vec<Piece> = format!("{OLD}\n{NEW}").bytes().map(|byte| data(vec![byte])).collect();
    let request = test.request("body-1").body(StreamBody::new(stream::iter(pieces))).unwrap();
    assert_eq!(send(&test.service(), request).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_declared_length_over_64_kib_is_413_unread() {
    let test = TestContext::new().await;
    let unread = StreamBody::new(stream::poll_fn(|_| -> std::task::Poll<Option<Piece>> {
        panic!("the body was read")
    }));
    let request = test.request("body-2").header("content-length", "65537").body(unread).unwrap();
    let answer = send(&test.service(), request).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer.body, "acme too large");
    assert_eq!(capture::line_of("body-2")["outcome"], "too-large");
}

#[tokio::test]
async fn an_endless_chunked_body_is_413_at_64_kib() {
    let test = TestContext::new().await;
    let endless = StreamBody::new(stream::repeat_with(|| data("x".repeat(1000))));
    let answer = send(&test.service(), test.request("body-3").body(endless).unwrap()).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(capture::line_of("body-3")["outcome"], "too-large");
}

#[tokio::test]
async fn the_body_limit_is_configurable() {
    let test = TestContext::new().await;
    let service = test.service_with(Limits { body_bytes: 10, ..Limits::default() });
    let long = test.request("body-4").body(text("12345678901")).unwrap();
    assert_eq!(send(&service, long).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let short = test.request("body-5").body(text("1234567890")).unwrap();
    assert_eq!(send(&service, short).await.body, "unreadable");
}

#[tokio::test(start_paused = true)]
async fn a_stalled_body_times_out_after_ten_seconds() {
    let test = TestContext::new().await;
    let stalled = StreamBody::new(stream::iter([data("a")]).chain(stream::pending::<Piece>()));
    let started = tokio::time::Instant::now();
    let answer = send(&test.service(), test.request("body-6").body(stalled).unwrap()).await;
    assert_eq!(answer.status, StatusCode::REQUEST_TIMEOUT);
    assert_eq!(answer.body, "acme incomplete");
    assert_eq!(started.elapsed().as_secs(), 10);
    let line = capture::line_of("body-6");
    assert_eq!(line["outcome"], "incomplete");
    assert_eq!(line["duration_ms"].as_u64().unwrap() / 1000, 10);
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_does_not_extend_the_timeout() {
    let test = TestContext::new().await;
    let service =
        test.service_with(Limits { body_timeout: Duration::from_secs(3), ..Limits::default() });
    let trickle = stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Some((data("x"), ()))
    });
    let started = tokio::time::Instant::now();
    let request = test.request("body-7").body(StreamBody::new(trickle)).unwrap();
    assert_eq!(send(&service, request).await.status, StatusCode::REQUEST_TIMEOUT);
    assert_eq!(started.elapsed().as_secs(), 3);
}

#[tokio::test]
async fn a_broken_body_changes_nothing() {
    let test = TestContext::new().await;
    let pieces = [data(format!("{OLD}\n{NEW}")), Err("connection reset".into())];
    let broken = StreamBody::new(stream::iter(pieces));
    let answer = send(&test.service(), test.request("body-8").body(broken).unwrap()).await;
    assert_eq!(answer.status, StatusCode::REQUEST_TIMEOUT);
    assert_eq!(capture::line_of("body-8")["outcome"], "incomplete");
    assert_eq!(test.version().await, 1);
}

#[tokio::test]
async fn a_body_that_panics_is_a_fault() {
    let test = TestContext::new().await;
    let body = StreamBody::new(stream::poll_fn(|_| -> std::task::Poll<Option<Piece>> {
        panic!("the body panicked")
    }));
    let answer = send(&test.service(), test.request("body-9").body(body).unwrap()).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.body, "acme fault");
}

/// Proves W1.
#[tokio::test]
async fn w1_requests_above_the_reading_memory_are_refused() {
    let test = TestContext::new().await;
    let service = test.service_with(Limits { reading_bytes: 8192, ..Limits::default() });
    let (send_body, body) = tokio::sync::oneshot::channel::<String>();
    let body = StreamBody::new(stream::once(async { data(body.await.unwrap()) }));
    let head = Arc::new(());
    let waiting = test.request("body-10").extension(head.clone()).body(body).unwrap();
    let meanwhile = async {
        assert_eq!(Arc::strong_count(&head), 1, "the head is dropped before the body is awaited");
        let answer = send(&service, test.good("body-11")).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.body, "acme unavailable");
        send_body.send(format!("{OLD}\n{NEW}")).unwrap();
    };
    // Biased, so that the first request has the memory when the second one comes.
    let (answer, ()) = tokio::join!(biased; send(&service, waiting), meanwhile);
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(send(&service, test.good("body-12")).await.body, "acme wrong-password");
}

/// Proves W5.
#[tokio::test]
async fn w5_an_http_1_connection_is_closed_only_if_the_body_was_not_drained() {
    let test = TestContext::new().await;
    for (version, kib, closes) in
        [(Version::HTTP_11, 64, false), (Version::HTTP_11, 65, true), (Version::HTTP_2, 65, false)]
    {
        let pieces: Vec<Piece> = (0..kib).map(|_| data("x".repeat(1024))).collect();
        let request = Request::post(PATH).version(version);
        let request = request.body(StreamBody::new(stream::iter(pieces))).unwrap();
        let answer = send(&test.service(), request).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert_eq!(answer.headers.contains_key("connection"), closes, "{version:?} {kib}");
    }
}
