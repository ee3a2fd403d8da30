use std::sync::Arc;

use repass_core::{ChangeError, Plaintext, Proof};

use crate::test_context::{OLD, TestContext, by, old_password};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn exactly_one_of_fifty_concurrent_changes_succeeds() {
    let test = Arc::new(TestContext::new().await);
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..50 {
        let test = Arc::clone(&test);
        tasks.spawn(async move {
            let new = format!("the wish of number {n}");
            (test.change(old_password("pat", OLD, &new)).await, new)
        });
    }
    let mut winners = Vec::new();
    for (result, new) in tasks.join_all().await {
        match result {
            Ok(_) => winners.push(new),
            Err(ChangeError::WrongPassword | ChangeError::TooManyAttempts { .. }) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(winners.len(), 1);
    assert!(test.is_password("pat", &winners[0]).await);
}

/// Proves NIST 3.2.2 at once, ASVS 6.3.1.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_concurrent_guesses_are_verified_up_to_the_threshold() {
    let test = Arc::new(TestContext::new().await);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let test = Arc::clone(&test);
        tasks.spawn(async move { test.guess().await });
    }
    let results = tasks.join_all().await;
    let verified = results.iter().filter(|r| matches!(r, Err(ChangeError::WrongPassword))).count();
    assert_eq!(verified, 3);
    assert_eq!(test.hasher.take_verified(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reset_token_redeemed_concurrently_is_used_once() {
    let test = Arc::new(TestContext::new().await);
    let token = Arc::new(test.reset_token("pat").await);
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..20 {
        let (test, token) = (Arc::clone(&test), Arc::clone(&token));
        tasks.spawn(async move {
            let proof = Proof::ResetToken(Plaintext::from(token.expose()));
            test.change(by("pat", proof, &format!("the wish of number {n}"))).await
        });
    }
    let results = tasks.join_all().await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    for result in results {
        let expected = matches!(
            result,
            Ok(_) | Err(ChangeError::TokenExpired | ChangeError::TooManyAttempts { .. })
        );
        assert!(expected, "{result:?}");
    }
}
