use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use repass_core::{
    ChangeError, Plaintext, Proof, SignedClaims, SignedTokenError, SignedTokenVerifier,
    TokenDigest, TokenTimes,
};

use crate::test_context::{NEW, OLD, TestContext, by, old_password, realm};

fn with_token(user_id: &str, token: &Plaintext, new: &str) -> repass_core::Change {
    by(user_id, Proof::ResetToken(token.expose().into()), new)
}

/// Proves ASVS 6.5.1.
#[tokio::test]
async fn asvs_6_5_1_a_reset_token_is_used_once() {
    let test = TestContext::new().await;
    let token = test.reset_token("pat").await;
    test.change(with_token("pat", &token, NEW)).await.unwrap();
    assert!(test.is_password("pat", NEW).await);
    let again = test.change(with_token("pat", &token, "one more long password")).await;
    assert!(matches!(again, Err(ChangeError::TokenExpired)), "{again:?}");
}

/// Proves ASVS 6.5.5.
#[tokio::test]
async fn asvs_6_5_5_a_reset_token_expires_after_ten_minutes() {
    let test = TestContext::new().await;
    let token = test.reset_token("pat").await;
    test.pass(600);
    let late = test.change(with_token("pat", &token, NEW)).await;
    assert!(matches!(late, Err(ChangeError::TokenExpired)));
}

#[tokio::test]
async fn a_spent_or_expired_token_is_refused_before_the_policy_is_evaluated() {
    let test = TestContext::new().await;
    let spent = test.reset_token("pat").await;
    test.change(with_token("pat", &spent, NEW)).await.unwrap();
    let late = test.reset_token("pat").await;
    let refused = test.change(with_token("pat", &spent, "short")).await;
    assert!(matches!(refused, Err(ChangeError::TokenExpired)), "{refused:?}");
    test.pass(600);
    let refused = test.change(with_token("pat", &late, "short")).await;
    assert!(matches!(refused, Err(ChangeError::TokenExpired)), "{refused:?}");
}

#[tokio::test]
async fn a_refusal_by_the_policy_spends_no_token() {
    let test = TestContext::new().await;
    let token = test.reset_token("pat").await;
    let refused = test.change(with_token("pat", &token, "short")).await;
    assert!(matches!(refused, Err(ChangeError::Rejected(_))));
    test.change(with_token("pat", &token, NEW)).await.unwrap();
}

/// Proves ASVS 6.3.8, ASVS 6.5.4.
#[tokio::test]
async fn unknown_tokens_and_unknown_accounts_return_the_same_error() {
    let test = TestContext::new().await;
    test.add("kim").await;
    let token = test.reset_token("pat").await;
    let (session, secret) =
        test.operator.issue_token(&realm(), "pat", vec![], Duration::from_secs(60)).await.unwrap();
    assert!(session.revoked_at.is_none());
    let tries = [
        with_token("pat", &Plaintext::from("unheard of"), NEW),
        with_token("kim", &token, NEW),
        with_token("nobody", &token, NEW),
        with_token("pat", &secret, NEW),
    ];
    for change in tries {
        let result = test.change(change).await;
        assert!(matches!(result, Err(ChangeError::UnknownToken)), "{result:?}");
    }
    test.change(with_token("pat", &token, NEW)).await.unwrap();
}

#[tokio::test]
async fn a_newer_token_voids_the_older_and_a_change_voids_all() {
    let test = TestContext::new().await;
    let older = test.reset_token("pat").await;
    let newer = test.reset_token("pat").await;
    let voided = test.change(with_token("pat", &older, NEW)).await;
    assert!(matches!(voided, Err(ChangeError::TokenExpired)));
    test.change(old_password("pat", OLD, NEW)).await.unwrap();
    let voided = test.change(with_token("pat", &newer, "one more long password")).await;
    assert!(matches!(voided, Err(ChangeError::TokenExpired)));
}

#[tokio::test]
async fn an_inactive_account_is_reported_only_for_a_right_token() {
    let test = TestContext::new().await;
    test.operator.set_active(&realm(), "pat", false).await.unwrap();
    let token = test.reset_token("pat").await;
    let result = test.change(with_token("pat", &token, NEW)).await;
    assert!(matches!(result, Err(ChangeError::Inactive)));
    let unknown = test.change(with_token("pat", &Plaintext::from("x"), NEW)).await;
    assert!(matches!(unknown, Err(ChangeError::UnknownToken)));
}

/// Proves NIST 3.2.2 paths, ASVS 6.3.4.
#[tokio::test]
async fn nist_3_2_2_wrong_tokens_lock_the_reset_path_for_wrong_tokens() {
    let test = TestContext::new().await;
    let wrong = || test.change(with_token("pat", &Plaintext::from("guess"), NEW));
    for _ in 0..3 {
        assert!(matches!(wrong().await, Err(ChangeError::UnknownToken)));
    }
    assert!(matches!(wrong().await, Err(ChangeError::TooManyAttempts { .. })));
    let unknown = || test.change(with_token("nobody", &Plaintext::from("guess"), NEW));
    for _ in 0..3 {
        assert!(matches!(unknown().await, Err(ChangeError::UnknownToken)));
    }
    assert!(matches!(unknown().await, Err(ChangeError::TooManyAttempts { .. })));
    test.pass(1);
    assert!(matches!(wrong().await, Err(ChangeError::UnknownToken)));
}

/// Proves NIST 3.2.2 stranger, ASVS 6.1.1.
#[tokio::test]
async fn wrong_tokens_do_not_prevent_a_reset_by_the_holder() {
    let test = TestContext::new().await;
    let token = test.reset_token("pat").await;
    for n in 0..200 {
        let guess = Plaintext::new(format!("guess number {n}"));
        let result = test.change(with_token("pat", &guess, NEW)).await;
        let expected =
            matches!(result, Err(ChangeError::UnknownToken | ChangeError::TooManyAttempts { .. }));
        assert!(expected, "{result:?}");
    }
    let refused = test.change(with_token("pat", &token, "brief xq")).await;
    assert!(matches!(refused, Err(ChangeError::Rejected(_))));
    test.change(with_token("pat", &token, NEW)).await.unwrap();
}

/// Proves ASVS 6.3.4.
#[tokio::test]
async fn a_one_time_password_with_a_token_is_not_verified_during_a_lockout() {
    let test = TestContext::new().await;
    for _ in 0..3 {
        let _ = test.change(with_token("pat", &Plaintext::from("guess"), NEW)).await;
    }
    let token = test.reset_token("pat").await;
    let mut with_otp = with_token("pat", &token, NEW);
    with_otp.otp = Some("123456".into());
    let locked_out = test.change(with_otp).await;
    assert!(matches!(locked_out, Err(ChangeError::TooManyAttempts { .. })), "{locked_out:?}");
}

/// Proves NIST 3.2.2 stranger, ASVS 6.1.1.
#[tokio::test]
async fn wrong_passwords_do_not_prevent_a_reset_by_the_holder() {
    let test = TestContext::new().await;
    for _ in 0..50 {
        let _ = test.guess().await;
        test.pass(900);
    }
    let _ = test.guess().await;
    let token = test.reset_token("pat").await;
    test.change(with_token("pat", &token, NEW)).await.unwrap();
}

/// A verifier of one genuine token with given claims.
#[derive(Debug)]
struct OneToken(SignedClaims);

impl SignedTokenVerifier for OneToken {
    fn verify(&self, token: &Plaintext) -> Result<SignedClaims, SignedTokenError> {
        let is_genuine = token.expose() == "genuine";
        is_genuine.then(|| self.0.clone()).ok_or(SignedTokenError::Signature)
    }
}

fn signed(claims: &SignedClaims, token: &str, new: &str) -> repass_core::Change {
    let verifier = Arc::new(OneToken(claims.clone()));
    by("pat", Proof::SignedToken { token: token.into(), verifier }, new)
}

fn claims(test: &TestContext) -> SignedClaims {
    SignedClaims {
        user_id: "pat".to_owned(),
        digest: TokenDigest::from_identifier(b"issuer jti"),
        times: TokenTimes {
            issued_at: test.now() + Duration::from_micros(1),
            not_before: None,
            expires_at: test.now() + Duration::from_secs(60),
        },
    }
}

fn with_not_before(claims: &SignedClaims, time: Timestamp) -> SignedClaims {
    let times = TokenTimes { not_before: Some(time), ..claims.times };
    SignedClaims { times, ..claims.clone() }
}

/// Proves ASVS 6.5.1, ASVS 9.2.1.
#[tokio::test]
async fn a_signed_token_is_used_once_and_only_for_its_subject_and_time() {
    let test = TestContext::new().await;
    let good = claims(&test);
    let unknown = |result| matches!(result, Err(ChangeError::UnknownToken));

    assert!(unknown(test.change(signed(&good, "forged", NEW)).await));
    let other = SignedClaims { user_id: "kim".to_owned(), ..good.clone() };
    assert!(unknown(test.change(signed(&other, "genuine", NEW)).await));
    test.pass(30);
    let early = with_not_before(&good, Timestamp::MAX);
    assert!(unknown(test.change(signed(&early, "genuine", NEW)).await));
    test.pass(1);

    let good = with_not_before(&good, test.now());
    test.change(signed(&good, "genuine", NEW)).await.unwrap();
    let again = test.change(signed(&good, "genuine", "one more long password")).await;
    assert!(matches!(again, Err(ChangeError::TokenExpired)));

    let fresh = SignedClaims { digest: TokenDigest::from_identifier(b"other"), ..good };
    test.pass(60);
    let late = test.change(signed(&fresh, "genuine", "one more long password")).await;
    assert!(matches!(late, Err(ChangeError::TokenExpired)));
}

/// Proves K4.
#[tokio::test]
async fn k4_a_signed_token_does_not_outlive_a_change_and_clocks_may_differ_by_a_minute() {
    let test = TestContext::new().await;
    test.pass(1000);
    let attempt = |id: &[u8], issued: i64, not_before: i64, new: &'static str| {
        let second = |offset| test.now() + jiff::SignedDuration::from_secs(offset);
        let claims = SignedClaims {
            digest: TokenDigest::from_identifier(id),
            times: TokenTimes {
                issued_at: second(issued),
                not_before: Some(second(not_before)),
                ..claims(&test).times
            },
            ..claims(&test)
        };
        test.change(signed(&claims, "genuine", new))
    };
    for (issued, not_before) in [(61, 0), (0, 61)] {
        let early = attempt(b"early", issued, not_before, NEW).await;
        assert!(matches!(early, Err(ChangeError::UnknownToken)), "{early:?}");
        test.pass(900);
    }
    attempt(b"ahead", 60, 60, NEW).await.unwrap();
    for issued in [-100, 0] {
        let earlier = attempt(b"earlier", issued, 0, "one more long password").await;
        assert!(matches!(earlier, Err(ChangeError::TokenExpired)), "{issued}: {earlier:?}");
    }
    test.pass(1);
    attempt(b"later", 0, 0, "one more long password").await.unwrap();
}

/// Proves A6.
#[tokio::test]
async fn a6_a_change_by_a_clock_that_ran_ahead_does_not_void_signed_tokens() {
    let test = TestContext::new().await;
    let right = test.now();
    test.pass(24 * 3600);
    test.change(old_password("pat", OLD, NEW)).await.unwrap();
    test.clock.set(right);
    test.change(signed(&claims(&test), "genuine", "one more long password")).await.unwrap();
}
