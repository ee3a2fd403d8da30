//! Changes of other interfaces, which wait for their turn with those of the APIs.

use repass_http::Limits;

use crate::test_context::TestContext;

#[tokio::test]
async fn a_change_of_another_interface_takes_a_turn_and_is_refused_if_too_many_wait() {
    let test = TestContext::new().await;
    let limits = Limits { changes: 1, queued_changes: 0, ..Limits::default() };
    let service = test.service_with(limits);
    let peer = "192.0.2.7".parse().ok();
    let permit = service.admit("pages", peer).await;
    assert!(permit.is_some());
    assert!(service.admit("pages", peer).await.is_none());
    drop(permit);
    assert!(service.admit("pages", None).await.is_some());
}
