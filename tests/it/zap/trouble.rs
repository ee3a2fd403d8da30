//! The server's own troubles, provoked for real.

use repass_tests::{FIRST_PASSWORD, Server};

use super::{FAULT, TYPE, assert_changed, open, passwords, start, with};
use crate::house::{CRAMPED, NEW, assert_bytes};

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_is_500_in_the_vendors_spelling_and_costs_nothing() {
    let house = start().await;
    for table in ["access_tokens", "attempts", "password_history", "events", "audit"] {
        let answer = house.without_table(table, house.send(&house.good)).await;
        assert_bytes(&answer, 500, TYPE, FAULT);
        assert!(house.is_password(FIRST_PASSWORD).await, "{table}");
    }
    let with_otp = with(&house.good, "secureOTP", "123456");
    let answer = house.without_table("one_time_passwords", house.send(&with_otp)).await;
    assert_bytes(&answer, 500, TYPE, FAULT);
    house.assert_untouched().await;
    assert_changed(&house.send(&house.good).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_room_to_hash_the_answer_is_503_and_nothing_is_charged() {
    let house = open(Server::builder().tables(CRAMPED)).await;
    assert_changed(&house.send(&house.good).await);
    let wrong = passwords(&house.good, "a wrong guess", NEW);
    for answer in house.crowd_out(&wrong, 400).await {
        assert_bytes(&answer, 503, TYPE, FAULT);
        assert_eq!(answer.header("retry-after"), "1");
    }
    assert!(house.is_password(NEW).await);
    assert_changed(&house.send(&passwords(&house.good, NEW, "the third of my passwords")).await);
}
