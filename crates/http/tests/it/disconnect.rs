//! Clients that disconnect while their request is running.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use bytes::Bytes;
use futures_util::stream;
use http_body::Frame;
use http_body_util::StreamBody;
use repass_http::Limits;
use tower::ServiceExt;

use crate::capture;
use crate::test_context::{HashBehavior, TestContext};

#[tokio::test]
async fn a_change_completes_after_its_client_disconnects() {
    let test = TestContext::new().await.with_hasher(HashBehavior::Waits);
    let service = test.service();
    {
        let mut answering = pin!(service.clone().oneshot(test.good("hang-up-1")));
        let begun = tokio::select! {
            begun = test.hasher.begun.acquire() => begun,
            _ = &mut answering => panic!("answered before the change was made"),
        };
        begun.unwrap().forget();
    }
    // The client is gone; nothing is changed yet.
    assert_eq!(test.version().await, 1);
    assert!(capture::of_request("hang-up-1").is_empty());
    let mut ended = pin!(service.drain());
    poll_fn(|context| {
        assert!(ended.as_mut().poll(context).is_pending(), "a change is under way");
        Poll::Ready(())
    })
    .await;
    test.hasher.may_continue.add_permits(1);
    ended.await;
    assert_eq!(test.version().await, 2);
    let line = capture::line_of("hang-up-1");
    assert_eq!((&line["outcome"], &line["status"]), (&"ok".into(), &200.into()));
}

#[tokio::test]
async fn changes_of_disconnected_clients_count_toward_the_limit() {
    let test = TestContext::new().await.with_hasher(HashBehavior::Waits);
    let service = test.service_with(Limits { changes: 1, queued_changes: 0, ..Limits::default() });
    {
        let mut answering = pin!(service.clone().oneshot(test.good("hang-up-3")));
        tokio::select! {
            begun = test.hasher.begun.acquire() => begun.unwrap().forget(),
            _ = &mut answering => panic!("answered before the change was made"),
        };
    }
    let refused = service.clone().oneshot(test.good("hang-up-4")).await.unwrap();
    assert_eq!(refused.status(), 503);
    assert_eq!(capture::line_of("hang-up-4")["outcome"], "busy");
    test.hasher.may_continue.add_permits(100);
    service.drain().await;
    let served = service.oneshot(test.good("hang-up-5")).await.unwrap();
    assert_ne!(served.status(), 503, "the permit was not released");
}

#[tokio::test]
async fn a_disconnect_before_the_change_is_logged_without_a_status() {
    let test = TestContext::new().await;
    let stalled = StreamBody::new(stream::pending::<Result<Frame<Bytes>, std::io::Error>>());
    let request = test.request("hang-up-2").body(stalled).unwrap();
    {
        let mut answering = pin!(test.service().oneshot(request));
        poll_fn(|context| {
            assert!(answering.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
    }
    let line = capture::line_of("hang-up-2");
    assert_eq!(line["outcome"], "incomplete");
    assert!(line.get("status").is_none());
    assert_eq!(test.version().await, 1);
}
