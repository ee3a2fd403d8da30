//! Panics and internal failures are answered.

use http::StatusCode;

use crate::capture;
use crate::test_context::{HashBehavior, TestContext, send};
use crate::vendor::{Step, Vendor};

#[tokio::test]
async fn a_panic_in_any_step_of_an_api_is_a_500_in_its_format() {
    let test = TestContext::new().await;
    let cases = [
        (Step::Begin, "fault-begin", "route"),
        (Step::Credentials, "fault-credentials", "read"),
        (Step::Authorize, "fault-authorize", "read"),
        (Step::Read, "fault-read", "read"),
        (Step::Respond, "fault-respond", "respond"),
    ];
    for (step, id, logged) in cases {
        let service = test.service_of(Vendor::new("acme", "/v1/change").panicking(&[step]));
        let answer = send(&service, test.good(id)).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{step:?}");
        // Without a call the body is empty.
        assert_eq!(answer.body, if step == Step::Begin { "" } else { "acme fault" });
        assert_eq!(answer.headers["x-request-id"], id);
        assert_eq!(capture::line_of(id)["outcome"], "fault");
        let faults = capture::faults_of(id);
        assert_eq!(faults.len(), 1, "{faults:?}");
        let (step, message) = (&faults[0]["step"], &faults[0]["message"]);
        assert_eq!((step, message), (&logged.into(), &"panicked".into()));
    }
}

#[tokio::test]
async fn an_api_that_panics_in_reject_gets_an_empty_500() {
    let test = TestContext::new().await;
    let vendor = Vendor::new("acme", "/v1/change").panicking(&[Step::Read, Step::Reject]);
    let answer = send(&test.service_of(vendor), test.good("fault-refuse")).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.body, "");
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(answer.headers["x-request-id"], "fault-refuse");
    assert_eq!(capture::line_of("fault-refuse")["status"], 500);
    assert_eq!(capture::faults_of("fault-refuse").len(), 2);
}

#[tokio::test]
async fn a_panic_in_the_change_is_a_500_and_changes_nothing() {
    let test = TestContext::new().await.with_hasher(HashBehavior::Panics);
    let answer = send(&test.service(), test.good("fault-change")).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.body, "acme fault");
    assert_eq!(capture::line_of("fault-change")["outcome"], "fault");
    assert_eq!(capture::faults_of("fault-change")[0]["step"], "change");
    assert_eq!(test.version().await, 1);
}

#[tokio::test]
async fn internal_failures_are_logged_with_their_causes_unlike_overload() {
    let test = TestContext::new().await.with_hasher(HashBehavior::Fails);
    let answer = send(&test.service(), test.good("fault-hash")).await;
    assert_eq!(answer.body, "acme fault");
    let faults = capture::faults_of("fault-hash");
    assert_eq!(faults[0]["error"], "hashing failed: the algorithm failed: no lanes");

    let test = TestContext::new().await.with_hasher(HashBehavior::Busy);
    let answer = send(&test.service(), test.good("fault-busy")).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(capture::line_of("fault-busy")["outcome"], "busy");
    assert!(capture::faults_of("fault-busy").is_empty());
}

#[tokio::test]
async fn the_service_keeps_serving_after_a_panic() {
    let test = TestContext::new().await;
    let failing = Vendor::new("acme", "/v1/change").panicking(&[Step::Respond]);
    let service = test.service_of(failing);
    for id in ["fault-again-1", "fault-again-2"] {
        assert_eq!(send(&service, test.good(id)).await.body, "acme fault");
    }
}
