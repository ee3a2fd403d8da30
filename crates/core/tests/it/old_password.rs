use std::sync::atomic::Ordering;

use repass_core::{
    AccountId, AdministrationStore, AttemptKey, Authority, Authorization, Caller,
    CallerAuthenticator, ChangeError, InstallationKey, KeyStore, Plaintext, Sessions, Subject,
    TokenDigest, TokenIdentity, token,
};
use repass_testkit::fixtures;

use crate::test_context::{NEW, OLD, TestContext, old_password, realm};

/// Proves ASVS 6.2.2, ASVS 6.2.3.
#[tokio::test]
async fn asvs_6_2_2_the_right_old_password_changes_it_durably() {
    let test = TestContext::new().await;
    test.pass(5);
    let changed = test.change(old_password("pat", OLD, NEW)).await.unwrap();
    assert_eq!(changed.version, 2);
    assert_eq!(changed.at, test.now());
    assert_eq!(changed.account.updated_at, test.now());
    assert!(test.is_password("pat", NEW).await);
    let again = test.change(old_password("pat", OLD, "and yet another one")).await;
    assert!(matches!(again, Err(ChangeError::WrongPassword)));
}

#[tokio::test]
async fn a_change_costs_one_verification_and_one_hash() {
    let test = TestContext::new().await;
    test.change(old_password("pat", OLD, NEW)).await.unwrap();
    assert_eq!(test.hasher.take_verified(), 1);
    assert_eq!(test.hasher.hashed.load(Ordering::SeqCst), 1);
}

/// Proves ASVS 6.3.8.
#[tokio::test]
async fn asvs_6_3_8_unknown_inactive_and_wrong_cost_and_answer_the_same() {
    let test = TestContext::new().await;
    test.add("gone").await;
    test.operator.set_active(&realm(), "gone", false).await.unwrap();
    test.add_damaged("damaged").await;
    let with_other_email = {
        let mut change = old_password("pat", OLD, NEW);
        let subject = change.authorization.subject().clone();
        change.authorization = Authorization::by_proof(subject.with_email("kim@example.org"));
        change
    };
    let tries = [
        old_password("pat", "a wrong guess of mine", NEW),
        old_password("nobody", OLD, NEW),
        old_password("not\na user id", OLD, NEW),
        old_password("gone", OLD, NEW),
        old_password("damaged", OLD, NEW),
        with_other_email,
    ];
    for change in tries {
        let name = format!("{:?}", change.authorization.subject());
        let result = test.change(change).await;
        assert!(matches!(result, Err(ChangeError::WrongPassword)), "{name}: {result:?}");
        assert_eq!(test.hasher.take_verified(), 1, "{name}");
    }
}

#[tokio::test]
async fn a_password_too_long_to_hash_is_wrong_and_costs_as_much_as_others() {
    let test = TestContext::new().await;
    let result = test.change(old_password("pat", &"x".repeat(4097), NEW)).await;
    assert!(matches!(result, Err(ChangeError::WrongPassword)));
    assert_eq!(test.hasher.take_verified(), 1);
}

#[tokio::test]
async fn audit_records_distinguish_unknown_identifiers_without_naming_them() {
    let test = TestContext::new().await;
    let installation = InstallationKey::from_bytes([3; 32]);
    for user_id in ["nobody", "somebody"] {
        let _ = test.change(old_password(user_id, OLD, NEW)).await;
        let key = AttemptKey::unknown(&Subject::new(realm(), user_id), &installation);
        let digest: String = key.as_bytes()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(test.audit().await[0].detail, Some(format!("unknown:{digest}")));
    }
    let records = test.audit().await;
    assert_ne!(records[0].detail, records[1].detail);
}

#[tokio::test]
async fn an_unauthorized_caller_is_refused_before_anything_is_verified() {
    let test = TestContext::new().await;
    let mut change = old_password("pat", OLD, NEW);
    let subject = change.authorization.subject().clone();
    change.authorization = Authority::SelfOrAdmin.decide(Caller::anonymous(), subject);
    assert!(matches!(test.change(change).await, Err(ChangeError::Forbidden)));
    assert_eq!(test.hasher.take_verified(), 0);
    assert_eq!(test.audit().await[0].outcome, "forbidden");
}

/// Proves ASVS 7.4.3.
#[tokio::test]
async fn asvs_7_4_3_other_sessions_end_with_the_change() {
    for (sessions, presenting_stays) in
        [(Sessions::KeepPresenting, true), (Sessions::EndAll, false)]
    {
        let test = TestContext::new().await;
        let hour = std::time::Duration::from_secs(3600);
        let (token, presenting) =
            test.operator.issue_token(&realm(), "pat", vec![], hour).await.unwrap();
        let (_, other) = test.operator.issue_token(&realm(), "pat", vec![], hour).await.unwrap();
        let mut change = old_password("pat", OLD, NEW).with_sessions(sessions);
        let caller = caller(&test, token.account, &presenting).await;
        let subject = change.authorization.subject().clone();
        change.authorization = Authority::AnyoneWithProof.decide(caller, subject);
        test.change(change).await.unwrap();
        assert_eq!(is_valid(&test, &presenting).await, presenting_stays);
        assert!(!is_valid(&test, &other).await);

        let (_, same_moment) =
            test.operator.issue_token(&realm(), "pat", vec![], hour).await.unwrap();
        assert!(!is_valid(&test, &same_moment).await, "issued up to the change, written after it");
        test.pass(1);
        let (_, after) = test.operator.issue_token(&realm(), "pat", vec![], hour).await.unwrap();
        assert!(is_valid(&test, &after).await, "a new sign-in");
        let events = fixtures::events(&test.store).await;
        let held =
            test.store.access_token(&TokenDigest::from_secret(&after)).await.unwrap().unwrap();
        let in_event: jiff::Timestamp =
            events[0].payload["sessions_valid_after"].as_str().unwrap().parse().unwrap();
        assert_eq!(
            Some(in_event),
            held.valid_after,
            "the event has the time that repass itself uses"
        );
    }
}

async fn is_valid(test: &TestContext, secret: &Plaintext) -> bool {
    authenticated(test, secret).await.is_some()
}

async fn authenticated(test: &TestContext, secret: &Plaintext) -> Option<TokenIdentity> {
    test.engine.access_token(&realm(), secret).await.unwrap()
}

async fn caller(test: &TestContext, account: AccountId, secret: &Plaintext) -> Caller {
    let token = authenticated(test, secret).await;
    assert_eq!(token.as_ref().unwrap().account, account);
    Caller { key: None, token }
}

/// Proves ASVS 16.3.1.
#[tokio::test]
async fn asvs_16_3_1_every_attempt_writes_an_audit_record_without_a_secret() {
    let test = TestContext::new().await;
    let _ = test.change(old_password("pat", "a wrong guess of mine", NEW)).await;
    let _ = test.change(old_password("nobody", OLD, NEW)).await;
    let _ = test.change(old_password("pat", OLD, "brief xq")).await;
    test.change(old_password("pat", OLD, NEW)).await.unwrap();
    let audit = test.audit().await;
    let outcomes: Vec<&str> = audit.iter().map(|record| record.outcome.as_str()).collect();
    assert_eq!(outcomes, ["ok", "rejected", "wrong-password", "wrong-password", "ok"]);
    assert_eq!(audit[1].detail.as_deref(), Some("too-short"));
    assert!(audit[2].account.is_none());
    for record in &audit[..4] {
        assert_eq!((record.caller.as_str(), record.context.source.as_str()), ("anonymous", "test"));
    }
    let text = format!("{audit:?}{:?}", fixtures::events(&test.store).await);
    for secret in [OLD, NEW, "a wrong guess of mine", "nobody"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn a_change_writes_one_event_to_the_outbox() {
    let test = TestContext::new().await;
    let _ = test.guess().await;
    test.change(old_password("pat", OLD, NEW)).await.unwrap();
    let events = fixtures::events(&test.store).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].kind, "password.changed");
    assert_eq!(events[0].payload["user_id"], "pat");
}

#[tokio::test]
async fn a_one_time_password_with_the_password_must_be_right_and_is_used_once() {
    let test = TestContext::new().await;
    let secret = test.operator.enroll_otp(&realm(), "pat", "repass").await.unwrap();
    let code = || secret.code(test.now());
    let without = test.change(old_password("pat", OLD, NEW).requiring_otp()).await;
    assert!(matches!(without, Err(ChangeError::OtpRequired)), "{without:?}");
    assert_eq!(test.audit().await[0].outcome, "otp-required");
    let wrong_too = test.change(old_password("pat", "a guess", NEW).requiring_otp()).await;
    assert!(matches!(wrong_too, Err(ChangeError::WrongPassword)), "{wrong_too:?}");
    let with_otp =
        |old, new, otp| old_password("pat", old, new).with_otp(Some(otp)).requiring_otp();
    let wrong = test.change(with_otp(OLD, NEW, "000000x".into())).await;
    assert!(matches!(wrong, Err(ChangeError::WrongOtp)), "{wrong:?}");
    test.change(with_otp(OLD, NEW, code())).await.unwrap();
    let again = test.change(with_otp(NEW, "one more long password", code())).await;
    assert!(matches!(again, Err(ChangeError::WrongOtp)));
    test.pass(30);
    test.change(with_otp(NEW, "one more long password", code())).await.unwrap();

    let (unissued, _) = token::issue(&repass_core::SystemRandomness).unwrap();
    let unenrolled = test.add("kim").await;
    let mut change = old_password("kim", OLD, NEW);
    change.otp = Some(unissued);
    assert!(matches!(test.change(change).await, Err(ChangeError::WrongOtp)));
    assert!(test.store.account(unenrolled.id).await.unwrap().is_some());
}

/// Proves ASVS 6.5.1.
#[tokio::test]
async fn an_issued_code_is_used_once() {
    let test = TestContext::new().await;
    let lifetime = std::time::Duration::from_secs(600);
    let (code, expires_at) = test.operator.issue_otp_code(&realm(), "pat", lifetime).await.unwrap();
    assert_eq!(expires_at, test.now() + lifetime);
    let with_code = |old, new| {
        let mut change = old_password("pat", old, new);
        change.otp = Some(code.expose().into());
        change
    };
    test.change(with_code(OLD, NEW)).await.unwrap();
    let again = test.change(with_code(NEW, "one more long password")).await;
    assert!(matches!(again, Err(ChangeError::WrongOtp)));
}

/// Proves A3.
#[tokio::test]
async fn a3_the_audit_record_says_that_an_account_is_inactive() {
    let test = TestContext::new().await;
    test.operator.set_active(&realm(), "pat", false).await.unwrap();
    for old in [OLD, "a wrong guess of mine"] {
        let refused = test.change(old_password("pat", old, NEW)).await;
        assert!(matches!(refused, Err(ChangeError::WrongPassword)), "{refused:?}");
        assert_eq!(test.audit().await[0].outcome, "inactive");
    }
}
