//! Of several requests at once to two nodes exactly one succeeds.

use std::time::Duration;

use repass_core::AttemptKey;
use repass_tests::{AdminContext, Answer, FIRST_PASSWORD, Server};
use serde_json::json;
use tokio::task::JoinSet;

use super::Nodes;
use crate::requests::{GUID, Outcome, Wire, change, good_request, outcome};
use crate::test_context::{ANY_PASSWORD, NEVER_LOCKED_OUT, NEW, now};

/// Sends the same request `count` times at once, half of them to each node.
async fn flood(nodes: &Nodes, wire: &Wire, count: usize) -> Vec<Answer> {
    let mut tasks = JoinSet::new();
    for n in 0..count {
        let (client, wire) = (nodes.client(n), wire.clone());
        tasks.spawn(async move { wire.send(&client).await });
    }
    tasks.join_all().await
}

async fn count(operator: &AdminContext, statement: &'static str) -> i64 {
    operator.database().sql().await.numbers(statement).await[0]
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(postgres_missing, ignore = "needs PostgreSQL")]
async fn of_fifty_changes_over_two_nodes_exactly_one_wins() {
    let nodes = Nodes::start(&Server::builder_on_postgres()).await;
    let operator = nodes.a.operator().await;
    operator.add("customer", GUID).await;
    let mut tasks = JoinSet::new();
    for n in 0..50 {
        let client = nodes.client(n);
        tasks.spawn(async move {
            let new = format!("the wish of number {n} of fifty");
            (outcome(&change(&client, GUID, FIRST_PASSWORD, &new).await), new)
        });
    }
    let results = tasks.join_all().await;
    let (winners, losers): (Vec<_>, Vec<_>) =
        results.iter().partition(|(outcome, _)| *outcome == Outcome::Changed);
    assert_eq!(winners.len(), 1, "{results:?}");
    assert!(operator.is_password("customer", GUID, &winners[0].1).await);
    for (outcome, _) in losers {
        assert!(matches!(outcome, Outcome::WrongPassword | Outcome::TooMany), "{outcome:?}");
    }
    let changes = "SELECT count(*) FROM @audit WHERE action = 'password.change' AND outcome = 'ok'";
    assert_eq!(count(&operator, changes).await, 1);
    assert_eq!(
        count(&operator, "SELECT count(*) FROM @events WHERE kind = 'password.changed'").await,
        1
    );
    assert_eq!(count(&operator, "SELECT version FROM @accounts").await, 2);
}

/// Proves NIST 3.2.2 at once.
#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(postgres_missing, ignore = "needs PostgreSQL")]
async fn nist_3_2_2_of_two_hundred_guesses_over_two_nodes_only_the_free_ones_are_verified() {
    let builder =
        Server::builder_on_postgres().tables("[lockout]\nthreshold = 3\ninitial_delay = '10m'\n");
    let nodes = Nodes::start(&builder).await;
    let operator = nodes.a.operator().await;
    let added = operator.add("customer", GUID).await;
    let mut tasks = JoinSet::new();
    for n in 0..200 {
        let client = nodes.client(n);
        tasks.spawn(async move {
            let guess = format!("guess number {n}");
            outcome(&change(&client, GUID, &guess, "whatever it is").await)
        });
    }
    let results = tasks.join_all().await;
    let verified = results.iter().filter(|outcome| **outcome == Outcome::WrongPassword).count();
    let refused = results.iter().filter(|outcome| **outcome == Outcome::TooMany).count();
    assert_eq!((verified, refused), (3, 197));

    let attempts = operator.store.attempts(&AttemptKey::account(added.account.id)).await.unwrap();
    assert_eq!(attempts.failures, 3, "each verified attempt was reserved, and no other");

    // On both nodes the account is locked out, for the right password too.
    for n in 0..2 {
        let answer = change(&nodes.client(n), GUID, FIRST_PASSWORD, NEW).await;
        assert_eq!(outcome(&answer), Outcome::TooMany);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(postgres_missing, ignore = "needs PostgreSQL")]
async fn a_reset_token_shown_to_two_nodes_at_once_is_spent_once() {
    let builder =
        Server::builder_on_postgres().only("fabric").tables(NEVER_LOCKED_OUT).tables(ANY_PASSWORD);
    let nodes = Nodes::start(&builder).await;
    let operator = nodes.a.operator().await;
    let good = good_request(&operator, "fabric", NEW).await;
    let answers = flood(&nodes, &good, 20).await;
    let made = answers.iter().filter(|answer| good.changed(answer)).count();
    assert_eq!(made, 1);
    for answer in &answers {
        let status = answer.status.as_u16();
        assert!(good.changed(answer) || (400..500).contains(&status), "{}", answer.text());
    }
    for n in 0..2 {
        assert!(!good.changed(&good.send(&nodes.client(n)).await));
    }
    let spent = "SELECT count(*) FROM @reset_tokens WHERE spent_at IS NOT NULL";
    assert_eq!(count(&operator, spent).await, 1);
    assert_eq!(count(&operator, "SELECT version FROM @accounts").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(postgres_missing, ignore = "needs PostgreSQL")]
async fn a_one_time_password_shown_to_two_nodes_at_once_counts_once() {
    let builder =
        Server::builder_on_postgres().only("zap").tables(NEVER_LOCKED_OUT).tables(ANY_PASSWORD);
    let nodes = Nodes::start(&builder).await;
    let operator = nodes.a.operator().await;
    // The password stays the same, so that only the one-time password decides.
    let good = good_request(&operator, "zap", FIRST_PASSWORD).await;
    let body: serde_json::Value = serde_json::from_str(&good.body).unwrap();
    let user_id = body["userId"].as_str().unwrap();
    let realm = operator.realm("zap");

    let secret = operator.administration.enroll_otp(&realm, user_id, "repass").await.unwrap();
    let step = secret.code(now()).expose().to_owned();
    let minute = Duration::from_secs(60);
    let (issued, _) =
        operator.administration.issue_otp_code(&realm, user_id, minute).await.unwrap();
    for code in [step, issued.expose().to_owned()] {
        let wire = good.edit(|body| body["secureOTP"] = json!(code));
        let answers = flood(&nodes, &wire, 20).await;
        let made = answers.iter().filter(|answer| wire.changed(answer)).count();
        assert_eq!(made, 1);
        for n in 0..2 {
            let answer = wire.send(&nodes.client(n)).await;
            assert_eq!(answer.status, 400, "{}", answer.text());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(postgres_missing, ignore = "needs PostgreSQL")]
async fn a_token_revoked_by_a_change_on_one_node_is_refused_by_the_other_at_once() {
    let builder = Server::builder_on_postgres().only("etna").tables(NEVER_LOCKED_OUT);
    let nodes = Nodes::start(&builder).await;
    let operator = nodes.a.operator().await;
    let good = good_request(&operator, "etna", NEW).await;
    let other = operator.token("etna", "1001", &[]).await;
    let wrong = good
        .with("authorization", Some(&format!("Bearer {other}")))
        .replace(FIRST_PASSWORD, "a wrong guess");
    // Both nodes accept the token; the old password is wrong.
    for n in 0..2 {
        assert_eq!(wrong.send(&nodes.client(n)).await.status, 400);
    }
    assert!(good.changed(&good.send(&nodes.a.client()).await));
    for n in [1, 0] {
        let answer = wrong.send(&nodes.client(n)).await;
        assert_eq!(answer.status, 401, "{}", answer.text());
    }
}
