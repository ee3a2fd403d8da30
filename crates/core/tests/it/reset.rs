use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use repass_core::{ChangeError, Plaintext, Proof, SignedClaims, SignedTokenVerifier, TokenDigest};

use crate::house::{House, NEW, OLD, by, old_password, realm};

fn with_token(user_id: &str, token: &Plaintext, new: &str) -> repass_core::Change {
    by(user_id, Proof::ResetToken(token.expose().into()), new)
}

#[tokio::test]
async fn asvs_6_5_1_a_reset_token_counts_once() {
    let house = House::new().await;
    let token = house.reset_token("pat").await;
    house.change(with_token("pat", &token, NEW)).await.unwrap();
    assert!(house.is_password("pat", NEW).await);
    let again = house.change(with_token("pat", &token, "one more long password")).await;
    assert!(matches!(again, Err(ChangeError::TokenExpired)), "{again:?}");
}

#[tokio::test]
async fn asvs_6_5_5_a_reset_token_expires_after_ten_minutes() {
    let house = House::new().await;
    let token = house.reset_token("pat").await;
    house.pass(600);
    let late = house.change(with_token("pat", &token, NEW)).await;
    assert!(matches!(late, Err(ChangeError::TokenExpired)));
}

#[tokio::test]
async fn a_refusal_by_the_policy_spends_no_token() {
    let house = House::new().await;
    let token = house.reset_token("pat").await;
    let refused = house.change(with_token("pat", &token, "short")).await;
    assert!(matches!(refused, Err(ChangeError::Rejected(_))));
    house.change(with_token("pat", &token, NEW)).await.unwrap();
}

#[tokio::test]
async fn unknown_tokens_and_accounts_are_one_answer() {
    let house = House::new().await;
    house.add("kim").await;
    let token = house.reset_token("pat").await;
    let (session, secret) =
        house.desk.issue_token(&realm(), "pat", vec![], Duration::from_secs(60)).await.unwrap();
    assert!(session.revoked_at.is_none());
    let tries = [
        with_token("pat", &Plaintext::from("unheard of"), NEW),
        with_token("kim", &token, NEW),
        with_token("nobody", &token, NEW),
        with_token("pat", &secret, NEW),
    ];
    for change in tries {
        let result = house.change(change).await;
        assert!(matches!(result, Err(ChangeError::UnknownToken)), "{result:?}");
    }
    house.change(with_token("pat", &token, NEW)).await.unwrap();
}

#[tokio::test]
async fn a_newer_token_voids_the_older_and_a_change_voids_all() {
    let house = House::new().await;
    let older = house.reset_token("pat").await;
    let newer = house.reset_token("pat").await;
    let voided = house.change(with_token("pat", &older, NEW)).await;
    assert!(matches!(voided, Err(ChangeError::TokenExpired)));
    house.change(old_password("pat", OLD, NEW)).await.unwrap();
    let voided = house.change(with_token("pat", &newer, "one more long password")).await;
    assert!(matches!(voided, Err(ChangeError::TokenExpired)));
}

#[tokio::test]
async fn an_inactive_account_is_told_so_only_to_a_right_token() {
    let house = House::new().await;
    house.desk.set_active(&realm(), "pat", false).await.unwrap();
    let token = house.reset_token("pat").await;
    let result = house.change(with_token("pat", &token, NEW)).await;
    assert!(matches!(result, Err(ChangeError::Inactive)));
    let unknown = house.change(with_token("pat", &Plaintext::from("x"), NEW)).await;
    assert!(matches!(unknown, Err(ChangeError::UnknownToken)));
}

#[tokio::test]
async fn nist_3_2_2_wrong_tokens_close_the_reset_path_to_wrong_tokens() {
    let house = House::new().await;
    let wrong = || house.change(with_token("pat", &Plaintext::from("guess"), NEW));
    for _ in 0..3 {
        assert!(matches!(wrong().await, Err(ChangeError::UnknownToken)));
    }
    assert!(matches!(wrong().await, Err(ChangeError::TooManyAttempts { .. })));
    let unknown = || house.change(with_token("nobody", &Plaintext::from("guess"), NEW));
    for _ in 0..3 {
        assert!(matches!(unknown().await, Err(ChangeError::UnknownToken)));
    }
    assert!(matches!(unknown().await, Err(ChangeError::TooManyAttempts { .. })));
    house.pass(1);
    assert!(matches!(wrong().await, Err(ChangeError::UnknownToken)));
}

#[tokio::test]
async fn a_stranger_who_sends_wrong_tokens_cannot_keep_the_holder_from_a_reset() {
    let house = House::new().await;
    let token = house.reset_token("pat").await;
    for n in 0..200 {
        let guess = Plaintext::new(format!("guess number {n}"));
        let result = house.change(with_token("pat", &guess, NEW)).await;
        let expected =
            matches!(result, Err(ChangeError::UnknownToken | ChangeError::TooManyAttempts { .. }));
        assert!(expected, "{result:?}");
    }
    let refused = house.change(with_token("pat", &token, "brief xq")).await;
    assert!(matches!(refused, Err(ChangeError::Rejected(_))));
    house.change(with_token("pat", &token, NEW)).await.unwrap();
}

#[tokio::test]
async fn a_one_time_password_beside_a_token_is_not_looked_at_while_closed() {
    let house = House::new().await;
    for _ in 0..3 {
        let _ = house.change(with_token("pat", &Plaintext::from("guess"), NEW)).await;
    }
    let token = house.reset_token("pat").await;
    let mut with_otp = with_token("pat", &token, NEW);
    with_otp.otp = Some("123456".into());
    let closed = house.change(with_otp).await;
    assert!(matches!(closed, Err(ChangeError::TooManyAttempts { .. })), "{closed:?}");
}

#[tokio::test]
async fn a_stranger_who_guesses_passwords_cannot_keep_the_holder_from_a_reset() {
    let house = House::new().await;
    for _ in 0..50 {
        let _ = house.guess().await;
        house.pass(900);
    }
    let _ = house.guess().await;
    let token = house.reset_token("pat").await;
    house.change(with_token("pat", &token, NEW)).await.unwrap();
}

/// Knows one genuine token, whose claims it was given.
#[derive(Debug)]
struct OneToken(SignedClaims);

impl SignedTokenVerifier for OneToken {
    fn verify(&self, token: &Plaintext) -> Option<SignedClaims> {
        (token.expose() == "genuine").then(|| self.0.clone())
    }
}

fn signed(claims: &SignedClaims, token: &str, new: &str) -> repass_core::Change {
    let verifier = Arc::new(OneToken(claims.clone()));
    by("pat", Proof::SignedToken { token: token.into(), verifier }, new)
}

fn claims(house: &House) -> SignedClaims {
    SignedClaims {
        user_id: "pat".to_owned(),
        digest: TokenDigest::of_bytes(b"issuer jti"),
        not_before: None,
        expires_at: house.now() + Duration::from_secs(60),
    }
}

#[tokio::test]
async fn a_signed_token_counts_once_and_only_for_its_subject_and_time() {
    let house = House::new().await;
    let good = claims(&house);
    let unknown = |result| matches!(result, Err(ChangeError::UnknownToken));

    assert!(unknown(house.change(signed(&good, "forged", NEW)).await));
    let other = SignedClaims { user_id: "kim".to_owned(), ..good.clone() };
    assert!(unknown(house.change(signed(&other, "genuine", NEW)).await));
    house.pass(30);
    let early = SignedClaims { not_before: Some(Timestamp::MAX), ..good.clone() };
    assert!(unknown(house.change(signed(&early, "genuine", NEW)).await));
    house.pass(1);

    house.change(signed(&good, "genuine", NEW)).await.unwrap();
    let again = house.change(signed(&good, "genuine", "one more long password")).await;
    assert!(matches!(again, Err(ChangeError::TokenExpired)));

    let fresh = SignedClaims { digest: TokenDigest::of_bytes(b"other"), ..good };
    house.pass(60);
    let late = house.change(signed(&fresh, "genuine", "one more long password")).await;
    assert!(matches!(late, Err(ChangeError::TokenExpired)));
}
