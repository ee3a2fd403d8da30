//! Which sessions a change ends.

use repass_tests::Server;

use super::{assert_changed, assert_denied, body, open, start};
use crate::house::{House, NEW};

/// Whether a token lets a request in at all, asked over the wire.
async fn lets_in(house: &House, token: &str) -> bool {
    let mut wire = house.good.with("authorization", Some(&format!("Bearer {token}")));
    wire.body = "{}".to_owned();
    let answer = house.send(&wire).await;
    if answer.status == 401 {
        assert_denied(&answer);
        return false;
    }
    assert_eq!(answer.status, 422);
    true
}

fn presenting(house: &House) -> String {
    house.good_header("authorization").trim_start_matches("Bearer ").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn asvs_7_4_3_a_change_ends_every_other_session_of_the_account_and_keeps_the_presenting_one()
{
    let house = start().await;
    let others = [
        house.desk.token("etna", "1001", &[]).await,
        house.desk.token("etna", "1001", &["admin"]).await,
    ];
    house.desk.add("etna", "1002").await;
    let neighbour = house.desk.token("etna", "1002", &[]).await;

    for failing in [body("a wrong guess", NEW), body(NEW, "short"), "{}".to_owned()] {
        assert_ne!(house.send_body(&failing).await.status, 200);
    }
    for token in &others {
        assert!(lets_in(&house, token).await, "a failed change ends no session");
    }

    assert_changed(&house.send(&house.good).await);
    for token in &others {
        assert!(!lets_in(&house, token).await);
    }
    assert!(lets_in(&house, &presenting(&house)).await);
    assert!(lets_in(&house, &neighbour).await);
    assert_changed(&house.send_body(&body(NEW, "the third of my passwords")).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_can_have_a_change_end_the_presenting_session_too() {
    let house = open(Server::builder().options("etna", "keep_presenting_token = false")).await;
    let other = house.desk.token("etna", "1001", &[]).await;
    assert_changed(&house.send(&house.good).await);
    assert!(!lets_in(&house, &presenting(&house)).await);
    assert!(!lets_in(&house, &other).await);
    let later = house.desk.token("etna", "1001", &[]).await;
    assert!(lets_in(&house, &later).await);
}
