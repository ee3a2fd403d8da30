//! Which access tokens a change ends.

use repass_tests::Server;

use super::{assert_changed, assert_denied, body, open, start};
use crate::test_context::{NEW, TestContext};

/// Returns whether the server accepts a token.
async fn lets_in(test: &TestContext, token: &str) -> bool {
    let mut wire = test.good.with("authorization", Some(&format!("Bearer {token}")));
    wire.body = "{}".to_owned();
    let answer = test.send(&wire).await;
    if answer.status == 401 {
        assert_denied(&answer);
        return false;
    }
    assert_eq!(answer.status, 422);
    true
}

fn presenting(test: &TestContext) -> String {
    test.good_header("authorization").trim_start_matches("Bearer ").to_owned()
}

/// Proves ETNA-39.
#[tokio::test(flavor = "multi_thread")]
async fn asvs_7_4_3_a_change_ends_every_other_session_of_the_account_and_keeps_the_presenting_one()
{
    let test = start().await;
    let others = [
        test.operator.token("etna", "1001", &[]).await,
        test.operator.token("etna", "1001", &["admin"]).await,
    ];
    test.operator.add("etna", "1002").await;
    let neighbour = test.operator.token("etna", "1002", &[]).await;

    for failing in [body("a wrong guess", NEW), body(NEW, "short"), "{}".to_owned()] {
        assert_ne!(test.send_body(&failing).await.status, 200);
    }
    for token in &others {
        assert!(lets_in(&test, token).await, "a failed change ends no session");
    }

    assert_changed(&test.send(&test.good).await);
    for token in &others {
        assert!(!lets_in(&test, token).await);
    }
    assert!(lets_in(&test, &presenting(&test)).await);
    assert!(lets_in(&test, &neighbour).await);
    assert_changed(&test.send_body(&body(NEW, "the third of my passwords")).await);
}

/// Proves ETNA-40.
#[tokio::test(flavor = "multi_thread")]
async fn an_operator_can_have_a_change_end_the_presenting_session_too() {
    let test = open(Server::builder().options("etna", "keep_presenting_token = false")).await;
    let other = test.operator.token("etna", "1001", &[]).await;
    assert_changed(&test.send(&test.good).await);
    assert!(!lets_in(&test, &presenting(&test)).await);
    assert!(!lets_in(&test, &other).await);
    let later = test.operator.token("etna", "1001", &[]).await;
    assert!(lets_in(&test, &later).await);
}
