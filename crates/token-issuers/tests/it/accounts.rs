//! The accounts of the holders, and the tokens and keys of repass itself.

use std::time::Duration;

use repass_core::{CallerAuthenticator, KeyKind, Plaintext};

use crate::test_context::{Pair, TestContext, holder, realm};

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn an_inactive_account_has_no_valid_token() {
    let test = TestContext::new().await;
    let issuers = test.trusting(Pair::Rsa);
    let operator = test.engine.administration();
    operator.set_active(&realm(), "pat", false).await.unwrap();
    test.pass(1);
    // Issued after the deactivation, which ends earlier ones.
    let token = Pair::Rsa.sign("k1", &test.claims_with("iat", test.second(0)));
    assert_eq!(holder(&issuers, &token).await, None);
    operator.set_active(&realm(), "pat", true).await.unwrap();
    assert!(holder(&issuers, &token).await.is_some());
}

#[tokio::test]
async fn a_token_is_valid_in_the_realm_of_the_request_only() {
    let test = TestContext::new().await;
    let issuers = test.trusting(Pair::Rsa);
    let token = Pair::Rsa.sign("k1", &test.claims());
    let other = "other".parse().unwrap();
    assert_eq!(issuers.access_token(&other, &token).await.unwrap(), None);
}

#[tokio::test]
async fn tokens_of_repass_are_accepted_unless_they_are_excluded() {
    let test = TestContext::new().await;
    let operator = test.engine.administration();
    let (token, secret) = operator.issue_token(&realm(), "pat", vec![], HOUR).await.unwrap();
    let identity = holder(&test.trusting(Pair::Rsa), &secret).await.unwrap();
    assert_eq!((identity.id, identity.issuer), (token.id, None));
    let without = test.trusting(Pair::Rsa).without_inner_tokens();
    assert_eq!(holder(&without, &secret).await, None);
    assert!(holder(&without, &Pair::Rsa.sign("k1", &test.claims())).await.is_some());
}

#[tokio::test]
async fn keys_are_those_of_repass_and_are_checked_before_tokens() {
    let test = TestContext::new().await;
    let operator = test.engine.administration();
    let (_, key) = operator.issue_key(&realm(), KeyKind::App, "app").await.unwrap();
    let (_, own) = operator.issue_token(&realm(), "pat", vec![], HOUR).await.unwrap();
    let foreign = Pair::Rsa.sign("k1", &test.claims());
    let unknown = Plaintext::from("unknown");
    for issuers in [test.trusting(Pair::Rsa), test.trusting(Pair::Rsa).without_inner_tokens()] {
        let both = async |key, token| {
            let found = issuers.key_and_access_token(&realm(), KeyKind::App, key, token).await;
            let (key, token) = found.unwrap();
            (key.is_some(), token.is_some())
        };
        assert_eq!(both(&key, &foreign).await, (true, true));
        assert_eq!(both(&key, &unknown).await, (true, false));
        assert_eq!(both(&unknown, &foreign).await, (false, false));
        let own = both(&key, &own).await;
        assert_eq!(own, (true, !format!("{issuers:?}").contains("inner_tokens: false")));
        assert!(issuers.key(&realm(), KeyKind::App, &key).await.unwrap().is_some());
        assert!(issuers.key(&realm(), KeyKind::Api, &key).await.unwrap().is_none());
    }
}
