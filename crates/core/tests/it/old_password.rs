use std::sync::atomic::Ordering;

use repass_core::{
    AccountId, AdministrationStore, Authority, Authorization, Caller, CallerAuthenticator,
    ChangeError, KeyStore, Plaintext, Sessions, TokenDigest, TokenIdentity, token,
};
use repass_testkit::fixtures;

use crate::house::{House, NEW, OLD, old_password, realm};

#[tokio::test]
async fn asvs_6_2_2_the_right_old_password_changes_it_durably() {
    let house = House::new().await;
    house.pass(5);
    let changed = house.change(old_password("pat", OLD, NEW)).await.unwrap();
    assert_eq!(changed.version, 2);
    assert_eq!(changed.at, house.now());
    assert_eq!(changed.account.updated_at, house.now());
    assert!(house.is_password("pat", NEW).await);
    let again = house.change(old_password("pat", OLD, "and yet another one")).await;
    assert!(matches!(again, Err(ChangeError::WrongPassword)));
}

#[tokio::test]
async fn a_change_costs_one_verification_and_one_hash() {
    let house = House::new().await;
    house.change(old_password("pat", OLD, NEW)).await.unwrap();
    assert_eq!(house.hasher.take_verified(), 1);
    assert_eq!(house.hasher.hashed.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn asvs_6_3_8_unknown_inactive_and_wrong_cost_and_answer_the_same() {
    let house = House::new().await;
    house.add("gone").await;
    house.desk.set_active(&realm(), "gone", false).await.unwrap();
    house.add_damaged("damaged").await;
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
        let result = house.change(change).await;
        assert!(matches!(result, Err(ChangeError::WrongPassword)), "{name}: {result:?}");
        assert_eq!(house.hasher.take_verified(), 1, "{name}");
    }
}

#[tokio::test]
async fn a_password_too_long_to_hash_is_wrong_and_costs_what_any_other_costs() {
    let house = House::new().await;
    let result = house.change(old_password("pat", &"x".repeat(4097), NEW)).await;
    assert!(matches!(result, Err(ChangeError::WrongPassword)));
    assert_eq!(house.hasher.take_verified(), 1);
}

#[tokio::test]
async fn who_may_not_touch_the_account_is_refused_before_anything_is_tried() {
    let house = House::new().await;
    let mut change = old_password("pat", OLD, NEW);
    let subject = change.authorization.subject().clone();
    change.authorization = Authority::SelfOrAdmin.decide(Caller::anonymous(), subject);
    assert!(matches!(house.change(change).await, Err(ChangeError::Forbidden)));
    assert_eq!(house.hasher.take_verified(), 0);
    assert_eq!(house.audit().await[0].outcome, "forbidden");
}

#[tokio::test]
async fn asvs_7_4_3_other_sessions_end_with_the_change() {
    for (sessions, presenting_stays) in
        [(Sessions::KeepPresenting, true), (Sessions::EndAll, false)]
    {
        let house = House::new().await;
        let hour = std::time::Duration::from_secs(3600);
        let (token, presenting) =
            house.desk.issue_token(&realm(), "pat", vec![], hour).await.unwrap();
        let (_, other) = house.desk.issue_token(&realm(), "pat", vec![], hour).await.unwrap();
        let mut change = old_password("pat", OLD, NEW);
        change.sessions = sessions;
        let caller = caller(&house, token.account, &presenting).await;
        let subject = change.authorization.subject().clone();
        change.authorization = Authority::AnyoneWithProof.decide(caller, subject);
        house.change(change).await.unwrap();
        assert_eq!(counts(&house, &presenting).await, presenting_stays);
        assert!(!counts(&house, &other).await);

        let (_, same_moment) = house.desk.issue_token(&realm(), "pat", vec![], hour).await.unwrap();
        assert!(!counts(&house, &same_moment).await, "issued up to the change, written after it");
        house.pass(1);
        let (_, after) = house.desk.issue_token(&realm(), "pat", vec![], hour).await.unwrap();
        assert!(counts(&house, &after).await, "a new sign-in");
        let events = fixtures::events(&house.store).await;
        let held = house.store.access_token(&TokenDigest::of(&after)).await.unwrap().unwrap();
        let told: jiff::Timestamp =
            events[0].payload["sessions_valid_after"].as_str().unwrap().parse().unwrap();
        assert_eq!(Some(told), held.valid_after, "others are told what repass itself goes by");
    }
}

async fn counts(house: &House, secret: &Plaintext) -> bool {
    authenticated(house, secret).await.is_some()
}

async fn authenticated(house: &House, secret: &Plaintext) -> Option<TokenIdentity> {
    house.engine.access_token(&realm(), secret).await.unwrap()
}

async fn caller(house: &House, account: AccountId, secret: &Plaintext) -> Caller {
    let token = authenticated(house, secret).await;
    assert_eq!(token.as_ref().unwrap().account, account);
    Caller { key: None, token }
}

#[tokio::test]
async fn asvs_16_3_1_every_attempt_leaves_an_audit_record_without_a_secret() {
    let house = House::new().await;
    let _ = house.change(old_password("pat", "a wrong guess of mine", NEW)).await;
    let _ = house.change(old_password("nobody", OLD, NEW)).await;
    let _ = house.change(old_password("pat", OLD, "brief xq")).await;
    house.change(old_password("pat", OLD, NEW)).await.unwrap();
    let audit = house.audit().await;
    let outcomes: Vec<&str> = audit.iter().map(|record| record.outcome.as_str()).collect();
    assert_eq!(outcomes, ["ok", "rejected", "wrong-password", "wrong-password", "ok"]);
    assert_eq!(audit[1].detail.as_deref(), Some("too-short"));
    assert!(audit[2].account.is_none());
    let text = format!("{audit:?}{:?}", fixtures::events(&house.store).await);
    for secret in [OLD, NEW, "a wrong guess of mine", "nobody"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn a_change_is_told_once_in_the_outbox() {
    let house = House::new().await;
    let _ = house.guess().await;
    house.change(old_password("pat", OLD, NEW)).await.unwrap();
    let events = fixtures::events(&house.store).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].kind, "password.changed");
    assert_eq!(events[0].payload["user_id"], "pat");
}

#[tokio::test]
async fn otp_beside_the_password_must_verify_and_counts_once() {
    let house = House::new().await;
    let secret = house.desk.enrol_otp(&realm(), "pat", "repass").await.unwrap();
    let code = || secret.code(house.now());
    let with_otp = |old, new, otp| {
        let mut change = old_password("pat", old, new);
        change.otp = Some(otp);
        change
    };
    let wrong = house.change(with_otp(OLD, NEW, "000000x".into())).await;
    assert!(matches!(wrong, Err(ChangeError::WrongOtp)), "{wrong:?}");
    house.change(with_otp(OLD, NEW, code())).await.unwrap();
    let again = house.change(with_otp(NEW, "one more long password", code())).await;
    assert!(matches!(again, Err(ChangeError::WrongOtp)));
    house.pass(30);
    house.change(with_otp(NEW, "one more long password", code())).await.unwrap();

    let (unissued, _) = token::issue(&repass_core::SystemRandomness).unwrap();
    let unenrolled = house.add("kim").await;
    let mut change = old_password("kim", OLD, NEW);
    change.otp = Some(unissued);
    assert!(matches!(house.change(change).await, Err(ChangeError::WrongOtp)));
    assert!(house.store.account(unenrolled.id).await.unwrap().is_some());
}

#[tokio::test]
async fn an_issued_code_counts_once() {
    let house = House::new().await;
    let lifetime = std::time::Duration::from_secs(600);
    let code = house.desk.issue_otp_code(&realm(), "pat", lifetime).await.unwrap();
    let with_code = |old, new| {
        let mut change = old_password("pat", old, new);
        change.otp = Some(code.expose().into());
        change
    };
    house.change(with_code(OLD, NEW)).await.unwrap();
    let again = house.change(with_code(NEW, "one more long password")).await;
    assert!(matches!(again, Err(ChangeError::WrongOtp)));
}

#[tokio::test]
async fn a3_the_trail_says_that_an_account_is_inactive() {
    let house = House::new().await;
    house.desk.set_active(&realm(), "pat", false).await.unwrap();
    for old in [OLD, "a wrong guess of mine"] {
        let refused = house.change(old_password("pat", old, NEW)).await;
        assert!(matches!(refused, Err(ChangeError::WrongPassword)), "{refused:?}");
        assert_eq!(house.audit().await[0].outcome, "inactive");
    }
}
