use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use repass_core::{
    AccountId, AdministrationError, AuthenticationError, CallerAuthenticator, ChangeError, Engine,
    InstallationKey, KeyId, KeyIdentity, KeyKind, Plaintext, Proof, Realm, TokenId, TokenIdentity,
};
use repass_testkit::fixtures;
use uuid::Uuid;

use crate::test_context::{NEW, OLD, TestContext, by, old_password, realm};

const HOUR: Duration = Duration::from_secs(3600);

fn other_realm() -> Realm {
    "other".parse().unwrap()
}

fn secret(text: &Plaintext) -> Plaintext {
    text.expose().into()
}

/// Returns the ids of key and token, and checks that separate and joint lookups agree.
async fn identities(
    engine: &Engine,
    realm: &Realm,
    kind: KeyKind,
    key: &Plaintext,
    token: &Plaintext,
) -> (Option<KeyIdentity>, Option<TokenIdentity>) {
    let alone = (
        engine.key(realm, kind, key).await.unwrap(),
        engine.access_token(realm, token).await.unwrap(),
    );
    let together = engine.key_and_access_token(realm, kind, key, token).await.unwrap();
    assert_eq!(alone, together);
    together
}

#[tokio::test]
async fn a_key_is_valid_for_its_kind_in_its_realm_until_it_is_revoked() {
    let test = TestContext::new().await;
    let (key, text) = test.operator.issue_key(&realm(), KeyKind::Service, "bot").await.unwrap();
    let none = Plaintext::from("no token");
    let identity = async |realm: Realm, kind, text: &Plaintext| {
        identities(&test.engine, &realm, kind, text, &none).await.0
    };
    let expected = KeyIdentity { id: key.id, realm: realm(), kind: KeyKind::Service };
    assert_eq!(identity(realm(), KeyKind::Service, &text).await, Some(expected));
    for kind in [KeyKind::App, KeyKind::Api] {
        assert_eq!(identity(realm(), kind, &text).await, None, "{kind:?}");
    }
    assert_eq!(identity(other_realm(), KeyKind::Service, &text).await, None);
    assert_eq!(identity(realm(), KeyKind::Service, &"another secret".into()).await, None);
    test.operator.revoke_key(key.id).await.unwrap();
    assert_eq!(identity(realm(), KeyKind::Service, &text).await, None);
}

#[tokio::test]
async fn a_token_is_valid_for_its_holder_in_its_realm_until_it_expires() {
    let test = TestContext::new().await;
    let roles = vec!["admin".to_owned()];
    let (token, text) =
        test.operator.issue_token(&realm(), "pat", roles.clone(), HOUR).await.unwrap();
    let none = Plaintext::from("no key");
    let identity = async |realm: Realm, text: &Plaintext| {
        identities(&test.engine, &realm, KeyKind::Api, &none, text).await.1
    };
    let user_id = "pat".parse().unwrap();
    let expected = TokenIdentity {
        id: token.id,
        issuer: None,
        account: token.account,
        realm: realm(),
        user_id,
        roles,
    };
    assert_eq!(identity(realm(), &text).await, Some(expected));
    assert_eq!(identity(other_realm(), &text).await, None);
    assert_eq!(identity(realm(), &"another secret".into()).await, None);
    test.pass(3599);
    assert!(identity(realm(), &text).await.is_some());
    test.pass(1);
    assert_eq!(identity(realm(), &text).await, None);
}

/// Proves A6.
#[tokio::test]
async fn a6_a_token_is_issued_for_active_accounts_and_is_valid_after_a_change_by_a_fast_clock() {
    let test = TestContext::new().await;
    test.operator.set_active(&realm(), "pat", false).await.unwrap();
    let refused = test.operator.issue_token(&realm(), "pat", vec![], HOUR).await;
    assert!(matches!(refused, Err(AdministrationError::Inactive)), "{refused:?}");
    test.operator.set_active(&realm(), "pat", true).await.unwrap();

    let right = test.now();
    test.pass(24 * 3600);
    test.change(old_password("pat", OLD, NEW)).await.unwrap();
    test.clock.set(right);
    let (_, token) = test.operator.issue_token(&realm(), "pat", vec![], 48 * HOUR).await.unwrap();
    for _ in 0..2 {
        assert!(test.engine.access_token(&realm(), &token).await.unwrap().is_some());
        test.pass(25 * 3600);
    }

    let right = test.now();
    test.pass(24 * 3600);
    test.operator.revoke_tokens(&realm(), "pat").await.unwrap();
    test.clock.set(right);
    let (_, token) = test.operator.issue_token(&realm(), "pat", vec![], HOUR).await.unwrap();
    assert!(test.engine.access_token(&realm(), &token).await.unwrap().is_some());
}

#[tokio::test]
async fn keys_and_tokens_are_revoked_immediately_and_only_once() {
    let test = TestContext::new().await;
    let nothing = |result: Result<(), AdministrationError>| {
        matches!(result, Err(AdministrationError::NothingToRevoke(_)))
    };
    let (key, _) = test.operator.issue_key(&realm(), KeyKind::App, "app").await.unwrap();
    assert!(nothing(test.operator.revoke_key(KeyId(Uuid::nil())).await), "no such key");
    test.operator.revoke_key(key.id).await.unwrap();
    assert!(nothing(test.operator.revoke_key(key.id).await));

    let (token, text) = test.operator.issue_token(&realm(), "pat", Vec::new(), HOUR).await.unwrap();
    test.operator.revoke_token(token.id).await.unwrap();
    assert_eq!(test.engine.access_token(&realm(), &text).await.unwrap(), None);
    assert!(nothing(test.operator.revoke_token(token.id).await));

    assert!(nothing(test.operator.revoke_token(TokenId(Uuid::nil())).await), "no such token");

    let records = test.audit().await;
    let recorded: Vec<_> = records.iter().rev().map(|record| record.action.as_str()).collect();
    assert_eq!(recorded, ["account.add", "key.issue", "key.revoke", "token.issue", "token.revoke"]);
}

#[tokio::test]
async fn names_and_lifetimes_of_issued_secrets_are_bounded() {
    let test = TestContext::new().await;
    let operator = &test.operator;
    for name in ["", &"n".repeat(101)] {
        let refused = operator.issue_key(&realm(), KeyKind::App, name).await;
        assert!(matches!(refused, Err(AdministrationError::Invalid(_))), "{refused:?}");
    }
    for name in ["n", &"ñ".repeat(100)] {
        operator.issue_key(&realm(), KeyKind::App, name).await.unwrap();
    }
    let invalid = |error: AdministrationError| matches!(error, AdministrationError::Invalid(_));
    let (none, least) = (Duration::ZERO, Duration::from_nanos(1));
    assert!(invalid(operator.issue_token(&realm(), "pat", vec![], none).await.unwrap_err()));
    assert!(invalid(operator.issue_reset(&realm(), "pat", none).await.unwrap_err()));
    let ten_minutes = Duration::from_secs(600);
    for lifetime in [none, ten_minutes + least] {
        let refused = operator.issue_otp_code(&realm(), "pat", lifetime).await;
        assert!(invalid(refused.unwrap_err()), "{lifetime:?}");
    }
    operator.issue_otp_code(&realm(), "pat", ten_minutes).await.unwrap();
}

#[tokio::test]
async fn an_engine_without_administration_shares_the_store_and_the_policy() {
    let test = TestContext::with_policy(fixtures::policy(|rules| {
        rules.min_length = 20;
    }))
    .await;
    let engine = Engine::<()>::from(&test.engine);
    assert_eq!(engine.policy().rules().min_length, 20);
    let token = test.reset_token("pat").await;
    let reset = by("pat", Proof::ResetToken(token), NEW);
    engine.change(reset).await.unwrap();
}

#[tokio::test]
async fn an_engine_for_credentials_rejects_reset_tokens_without_a_token_store() {
    let test = TestContext::new().await;
    let builder = || {
        let key = InstallationKey::from_bytes([3; 32]);
        Engine::for_credentials(Arc::new(test.store.clone()), test.hasher.clone(), key)
            .clock(test.clock.clone())
    };
    let token = test.reset_token("pat").await;
    let reset = || {
        let proof = Proof::ResetToken(secret(&token));
        by("pat", proof, NEW)
    };
    let refused = builder().build().change(reset()).await;
    assert!(matches!(refused, Err(ChangeError::UnknownToken)), "{refused:?}");
    let mut with_otp = old_password("pat", OLD, NEW);
    with_otp.otp = Some("12345678".into());
    let refused = builder().build().change(with_otp).await;
    assert!(matches!(refused, Err(ChangeError::WrongOtp)), "{refused:?}");
    let engine = builder().tokens(Arc::new(test.store.clone())).build();
    engine.change(reset()).await.unwrap();
}

/// An authenticator with one key and one token.
struct Elsewhere(KeyIdentity, TokenIdentity);

#[async_trait]
impl CallerAuthenticator for Elsewhere {
    async fn key(
        &self,
        _: &Realm,
        kind: KeyKind,
        secret: &Plaintext,
    ) -> Result<Option<KeyIdentity>, AuthenticationError> {
        let known = secret.expose() == "key" && kind == self.0.kind;
        Ok(known.then(|| self.0.clone()))
    }

    async fn access_token(
        &self,
        _: &Realm,
        secret: &Plaintext,
    ) -> Result<Option<TokenIdentity>, AuthenticationError> {
        Ok((secret.expose() == "token").then(|| self.1.clone()))
    }
}

#[tokio::test]
async fn the_default_method_of_an_authenticator_looks_up_key_and_token() {
    let id = Uuid::from_u128(1);
    let key = KeyIdentity { id: KeyId(id), realm: realm(), kind: KeyKind::Api };
    let token = TokenIdentity {
        id: TokenId(id),
        issuer: None,
        account: AccountId(id),
        realm: realm(),
        user_id: "pat".parse().unwrap(),
        roles: Vec::new(),
    };
    let elsewhere = Elsewhere(key.clone(), token.clone());
    let both = async |kind, key: &str, token: &str| {
        let (key, token) = (key.into(), token.into());
        elsewhere.key_and_access_token(&realm(), kind, &key, &token).await.unwrap()
    };
    let (key, token) = (Some(key), Some(token));
    assert_eq!(both(KeyKind::Api, "key", "token").await, (key.clone(), token.clone()));
    assert_eq!(both(KeyKind::Api, "key", "key").await, (key, None));
    assert_eq!(both(KeyKind::App, "key", "token").await, (None, token));
}
