//! Many requests at once.

use repass_tests::{FIRST_PASSWORD, Server};
use tokio::task::JoinSet;

use crate::requests::{GUID, Outcome, change, outcome};

/// Proves CUSTOMER-35.
#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_changes_at_once_exactly_one_wins() {
    let server = Server::start().await;
    let operator = server.operator().await;
    operator.add("customer", GUID).await;
    let mut tasks = JoinSet::new();
    for n in 0..50 {
        let client = server.client();
        tasks.spawn(async move {
            let new = format!("the wish of number {n} of fifty");
            (outcome(&change(&client, GUID, FIRST_PASSWORD, &new).await), new)
        });
    }
    let results = tasks.join_all().await;
    let winners: Vec<_> =
        results.iter().filter(|(outcome, _)| *outcome == Outcome::Changed).collect();
    assert_eq!(winners.len(), 1, "{results:?}");
    assert!(operator.is_password("customer", GUID, &winners[0].1).await);
    let losers = results
        .iter()
        .filter(|(outcome, _)| matches!(outcome, Outcome::WrongPassword | Outcome::TooMany));
    assert_eq!(losers.count(), 49);
}

/// Proves NIST 3.2.2 at once, ASVS 6.3.1.
#[tokio::test(flavor = "multi_thread")]
async fn nist_3_2_2_of_two_hundred_guesses_at_once_only_those_below_the_threshold_are_verified() {
    let server = Server::start().await;
    let operator = server.operator().await;
    let added = operator.add("customer", GUID).await;
    let mut tasks = JoinSet::new();
    for n in 0..200 {
        let client = server.client();
        tasks.spawn(async move {
            let answer =
                change(&client, GUID, &format!("guess number {n}"), "whatever it is").await;
            if answer.status == 429 {
                assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
            }
            outcome(&answer)
        });
    }
    let results = tasks.join_all().await;
    let verified = results.iter().filter(|outcome| **outcome == Outcome::WrongPassword).count();
    // The account is locked out for a second after the third failure. If the requests take longer,
    // one more is verified, and then none for two seconds.
    assert!((3..=5).contains(&verified), "{verified} verified");
    let (_, attempts) =
        operator.administration.show_account(&added.account.realm, GUID).await.unwrap();
    assert_eq!(attempts.failures as usize, verified, "each verified attempt counts, and no other");
}
