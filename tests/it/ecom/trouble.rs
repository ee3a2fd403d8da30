//! The server's own troubles, provoked for real.

use repass_tests::{FIRST_PASSWORD, Server};

use super::{assert_changed, assert_failed, open, passwords, start};
use crate::house::{CRAMPED, NEW};

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_is_500_in_the_envelope_and_costs_nothing() {
    let house = start().await;
    for table in ["keys", "attempts", "password_history", "events", "audit"] {
        let answer = house.without_table(table, house.send(&house.good)).await;
        assert_failed(&answer, 500);
        assert!(house.is_password(FIRST_PASSWORD).await, "{table}");
    }
    assert_eq!(house.failures().await, 0);
    assert_changed(&house.send(&house.good).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_room_to_hash_the_answer_is_503_and_nothing_is_charged() {
    let house = open(Server::builder().tables(CRAMPED)).await;
    assert_changed(&house.send(&house.good).await);
    let wrong = passwords(&house.good, "a wrong guess", NEW);
    for answer in house.crowd_out(&wrong, 403).await {
        assert_failed(&answer, 503);
        assert_eq!(answer.header("retry-after"), "1");
    }
    assert!(house.is_password(NEW).await);
    assert_changed(&house.send(&passwords(&house.good, NEW, "the third of my passwords")).await);
}
