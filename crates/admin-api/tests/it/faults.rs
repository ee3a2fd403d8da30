//! Stores that fail and handlers that panic.

use std::sync::Arc;

use repass_core::Scope;
use repass_testkit::{FailingStore, MemoryStore, StoreFailure};

use crate::routes::routes;
use crate::test_context::TestContext;

async fn failing(failure: StoreFailure) -> TestContext {
    let keys = MemoryStore::new();
    let store = FailingStore { keys: keys.clone(), failure };
    TestContext::on(keys, Arc::new(store), |_| {}).await
}

#[tokio::test]
async fn every_call_reports_a_fault_with_the_request_id_and_without_its_cause() {
    for (failure, status, code) in [
        (StoreFailure::Unavailable, 503, "store-unavailable"),
        (StoreFailure::Failed, 500, "fault"),
        (StoreFailure::Panics, 500, "fault"),
    ] {
        let test = failing(failure).await;
        let key = test.issue_key("shop", Scope::ALL, false).await;
        for route in routes() {
            let account = "/accounts/00000000-0000-4000-8000-000000000000";
            let answer = test.send(route.request(&key, account)).await;
            match route.path {
                // These need no store, or answer before they do.
                "/policy" | "/policy/evaluate" | "/resets" => assert!(answer.status < 300),
                // The answer has begun.
                "/accounts:import" => {
                    let last = answer.lines().pop().unwrap();
                    assert_eq!(last["complete"], true, "no row is valid");
                }
                _ => {
                    answer.assert_problem(status, code);
                    assert_eq!(status == 503, answer.header("retry-after") == "1", "{answer:?}");
                }
            }
            assert!(!answer.text().contains(FailingStore::DETAIL), "{answer:?}");
        }
        test.api.drain().await;
    }
}

#[tokio::test]
async fn an_import_reports_the_rows_that_could_not_be_written() {
    use http::Method;

    for (failure, code) in
        [(StoreFailure::Unavailable, "store-unavailable"), (StoreFailure::Failed, "fault")]
    {
        let test = failing(failure).await;
        let rows = "\n{\"user_id\":\"a\"}\n{\"user_id\":\"b\"}\n";
        let content_type = crate::test_context::NDJSON;
        let answer = test.send_text(Method::POST, "/accounts:import", content_type, rows).await;
        let last = answer.lines().pop().unwrap();
        assert_eq!((&last["complete"], &last["added"]), (&false.into(), &0.into()));
        assert_eq!(last["error"], format!("the rows from line 2 on were not written: {code}"));
    }
}
