//! Reset tokens that are mailed.

use std::time::Duration;

use repass_core::{
    Account, Administration, AdministrationError, AdministrationStore, ChangeError, EventKind,
    InstallationKey, NewAccount, OutboxEvent, Plaintext, Profile, Proof, Realm, SignInName,
    TokenDigest,
};
use repass_testkit::fixtures::events;

use crate::test_context::{NEW, TestContext, by, realm};

const PAT: &str = "pat@example.org";
const PER_HOUR: u32 = 3;

/// Requests a reset. Returns the outcomes of the new audit records, the oldest first.
async fn request(test: &TestContext, email: &str) -> Vec<String> {
    let before = test.audit().await.len();
    request_in(test, &realm(), email, PER_HOUR).await;
    let mut records = test.audit().await;
    records.truncate(records.len() - before);
    assert!(records.iter().all(|record| record.action == "reset.request"), "{records:?}");
    records.into_iter().rev().map(|record| record.outcome).collect()
}

async fn request_in(test: &TestContext, realm: &Realm, email: &str, per_hour: u32) {
    let name = SignInName::Email(email.to_owned());
    let lifetime = Administration::RESET_LIFETIME;
    test.operator.request_reset(realm, &name, per_hour, lifetime).await.unwrap();
}

/// The mailed tokens, in the order of their events.
async fn mailed(test: &TestContext) -> Vec<Plaintext> {
    let events = events(&test.store).await;
    let sealed = events.iter().filter(|event| event.sealed_token_expires_at().is_some());
    sealed.map(|event| event.open_token(&test.key).unwrap()).collect()
}

async fn last_event(test: &TestContext) -> OutboxEvent {
    events(&test.store).await.pop().unwrap()
}

async fn reset(test: &TestContext, user_id: &str, token: &Plaintext) -> Result<(), ChangeError> {
    let token = Plaintext::from(token.expose());
    test.change(by(user_id, Proof::ResetToken(token), NEW)).await.map(drop)
}

/// Adds an account without a password.
async fn add_without_password(test: &TestContext, user_id: &str, email: &str) -> Account {
    let new = NewAccount {
        realm: realm(),
        user_id: user_id.parse().unwrap(),
        email: email.parse().ok(),
        username: None,
        profile: Profile::default(),
    };
    test.import(new, None).await
}

/// Proves E4, ASVS 6.5.2.
#[tokio::test]
async fn e4_a_mailed_token_is_only_in_the_event_and_sealed() {
    let test = TestContext::new().await;
    let lifetime = Duration::from_secs(300);
    test.operator.mail_reset(&realm(), "pat", lifetime).await.unwrap();

    let event = last_event(&test).await;
    assert_eq!(event.kind, EventKind::ResetRequested.as_str());
    assert_eq!(event.sealed_token_expires_at(), Some(test.now() + lifetime));
    assert!(event.open_token(&InstallationKey::from_bytes([4; 32])).is_err());
    let token = event.open_token(&test.key).unwrap();
    let stored = &test.store.reset_tokens(event.account, None, 9).await.unwrap()[0];
    assert_eq!(stored.digest, TokenDigest::from_secret(&token));
    assert_eq!(stored.expires_at, test.now() + lifetime);
    for written in [event.payload.to_string(), format!("{:?}", test.audit().await)] {
        assert!(!written.contains(token.expose()), "{written}");
    }
    let record = test.audit().await.remove(0);
    assert_eq!((record.action.as_str(), record.detail.as_deref()), ("reset.issue", Some("mail")));

    reset(&test, "pat", &token).await.unwrap();
    assert!(test.is_password("pat", NEW).await);
    assert!(matches!(reset(&test, "pat", &token).await, Err(ChangeError::TokenExpired)));
}

#[tokio::test]
async fn a_token_that_is_returned_is_not_in_the_event() {
    let test = TestContext::new().await;
    test.reset_token("pat").await;
    let event = last_event(&test).await;
    assert_eq!(event.kind, EventKind::ResetRequested.as_str());
    assert_eq!(event.sealed_token_expires_at(), None);
    assert!(event.open_token(&test.key).is_err());
}

#[tokio::test]
async fn an_account_without_a_password_gets_its_first_by_mail() {
    let test = TestContext::new().await;
    add_without_password(&test, "kim", "kim@example.org").await;
    assert_eq!(request(&test, "kim@example.org").await, ["ok"]);
    let token = mailed(&test).await.remove(0);
    reset(&test, "kim", &token).await.unwrap();
    assert!(test.is_password("kim", NEW).await);
}

/// Proves A6.
#[tokio::test]
async fn a6_a_reset_that_cannot_be_mailed_or_used_is_refused() {
    let test = TestContext::new().await;
    let mail = |user_id: &'static str, lifetime: u64| {
        let lifetime = Duration::from_secs(lifetime);
        let operator = &test.operator;
        async move { operator.mail_reset(&realm(), user_id, lifetime).await.unwrap_err() }
    };
    assert!(matches!(mail("pat", 0).await, AdministrationError::Invalid(_)));
    assert!(matches!(mail("nobody", 60).await, AdministrationError::NoSuchAccount { .. }));
    add_without_password(&test, "kim", "").await;
    assert!(matches!(mail("kim", 60).await, AdministrationError::Invalid(_)));
    test.operator.set_active(&realm(), "pat", false).await.unwrap();
    assert!(matches!(mail("pat", 60).await, AdministrationError::Inactive));
    assert!(events(&test.store).await.is_empty());
}

/// Proves E4.
#[tokio::test]
async fn e4_a_requested_link_stays_valid_for_a_minute_and_requests_are_limited_by_the_hour() {
    let test = TestContext::new().await;
    assert_eq!(request(&test, PAT).await, ["ok"]);
    test.pass(59);
    assert_eq!(request(&test, PAT).await, ["limited"]);
    let token = mailed(&test).await.remove(0);
    assert_eq!(mailed(&test).await.len(), 1);
    // The policy refuses the password, so that the token stays valid.
    let token_again = Plaintext::from(token.expose());
    let short = test.change(by("pat", Proof::ResetToken(token_again), "short")).await;
    assert!(matches!(short, Err(ChangeError::Rejected(_))), "{short:?}");

    test.pass(1);
    assert_eq!(request(&test, "PAT@Example.org").await, ["ok"]);
    test.pass(60);
    assert_eq!(request(&test, PAT).await, ["ok"]);
    test.pass(3479);
    assert_eq!(request(&test, PAT).await, ["limited"]);
    test.pass(1);
    assert_eq!(request(&test, PAT).await, ["ok"]);
    assert!(matches!(reset(&test, "pat", &token).await, Err(ChangeError::TokenExpired)));
    let last = mailed(&test).await.pop().unwrap();
    reset(&test, "pat", &last).await.unwrap();
}

/// Proves E4, ASVS 6.5.1.
#[tokio::test]
async fn e4_a_newer_request_keeps_older_links_valid_and_a_change_voids_all() {
    let test = TestContext::new().await;
    let mut tokens = Vec::new();
    for _ in 0..3 {
        assert_eq!(request(&test, PAT).await, ["ok"]);
        tokens = mailed(&test).await;
        test.pass(60);
    }
    let valid = async |token: &Plaintext| test.operator.valid_reset(token).await.unwrap().is_some();
    for token in &tokens {
        assert!(valid(token).await);
    }
    reset(&test, "pat", &tokens[1]).await.unwrap();
    for token in &tokens {
        assert!(!valid(token).await);
        assert!(matches!(reset(&test, "pat", token).await, Err(ChangeError::TokenExpired)));
    }
}

#[tokio::test]
async fn an_account_is_found_by_its_user_id_too_and_the_token_lives_as_long_as_asked() {
    let test = TestContext::new().await;
    let lifetime = Duration::from_secs(77);
    for user_id in ["pat", "nobody", "p\0t"] {
        let name = SignInName::UserId(user_id.to_owned());
        test.operator.request_reset(&realm(), &name, PER_HOUR, lifetime).await.unwrap();
    }
    let outcomes: Vec<_> = test.audit().await.into_iter().map(|record| record.outcome).collect();
    assert_eq!(outcomes[..3], ["unknown", "unknown", "ok"]);
    let event = last_event(&test).await;
    assert_eq!(event.sealed_token_expires_at(), Some(test.now() + lifetime));
    let token = mailed(&test).await.remove(0);
    test.pass(77);
    assert!(test.operator.valid_reset(&token).await.unwrap().is_none());
}

#[tokio::test]
async fn tokens_that_an_operator_issued_count_too() {
    let test = TestContext::new().await;
    let token = test.reset_token("pat").await;
    assert_eq!(request(&test, PAT).await, ["limited"]);
    reset(&test, "pat", &token).await.unwrap();
    test.pass(60);
    request_in(&test, &realm(), PAT, 1).await;
    assert_eq!(test.audit().await[0].outcome, "limited");
    request_in(&test, &realm(), PAT, 2).await;
    assert_eq!(test.audit().await[0].outcome, "ok");
}

/// Proves A6.
#[tokio::test]
async fn a6_a_clock_that_ran_ahead_neither_limits_requests_nor_lifts_the_limit() {
    let test = TestContext::new().await;
    let right = test.now();
    test.pass(24 * 3600);
    for _ in 0..PER_HOUR {
        assert_eq!(request(&test, PAT).await, ["ok"]);
        test.pass(61);
    }
    test.clock.set(right);
    let before = mailed(&test).await.len();
    for _ in 0..2 {
        request_in(&test, &realm(), PAT, PER_HOUR).await;
        assert_eq!(mailed(&test).await.len(), before + 1, "the second is too soon");
    }
}

/// Proves ASVS 6.3.8.
#[tokio::test]
async fn asvs_6_3_8_a_request_answers_the_same_for_nobody_and_writes_one_record() {
    let test = TestContext::new().await;
    for nobody in ["nobody@example.org", "pat@example.com", "no address", "pat", "", "a\0@b.org"] {
        assert_eq!(request(&test, nobody).await, ["unknown"], "{nobody}");
        let record = test.audit().await.remove(0);
        assert_eq!(record.account, None);
        let detail = record.detail.unwrap();
        assert!(detail.starts_with("unknown:") && !detail.contains("example"), "{detail}");
    }
    let other_realm = "other".parse().unwrap();
    request_in(&test, &other_realm, PAT, PER_HOUR).await;
    assert_eq!(test.audit().await[0].outcome, "unknown");

    let pat = test.operator.set_active(&realm(), "pat", false).await.unwrap();
    assert_eq!(request(&test, PAT).await, ["inactive"]);
    assert_eq!(test.audit().await[0].account, Some(pat.id));
    assert!(events(&test.store).await.is_empty());
}

#[tokio::test]
async fn every_active_account_of_an_address_gets_its_own_token() {
    let test = TestContext::new().await;
    for user_id in ["kim", "sam"] {
        add_without_password(&test, user_id, PAT).await;
    }
    test.operator.set_active(&realm(), "sam", false).await.unwrap();
    let mut outcomes = request(&test, PAT).await;
    outcomes.sort();
    assert_eq!(outcomes, ["inactive", "ok", "ok"]);
    for event in events(&test.store).await {
        let token = event.open_token(&test.key).unwrap();
        let user_id = event.payload["user_id"].as_str().unwrap();
        let (own, other) = if user_id == "pat" { ("pat", "kim") } else { ("kim", "pat") };
        assert_eq!(user_id, own);
        assert!(matches!(reset(&test, other, &token).await, Err(ChangeError::UnknownToken)));
        test.pass(60);
        reset(&test, own, &token).await.unwrap();
    }
}
