//! Administration of accounts and events.

use std::time::Duration;

use repass_core::{
    Account, AdministrationError, CallerAuthenticator, ChangeError, ClaimEvents, DeliveryOutcome,
    DeliveryState, NewAccount, OutboxStore, Plaintext, PolicyRules, Profile, Proof, Pruned,
    Retention,
};
use repass_testkit::fixtures;
use uuid::Uuid;

use crate::test_context::{NEW, OLD, TestContext, by, old_password, realm};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn new_account(user_id: &str, username: Option<&str>) -> NewAccount {
    NewAccount {
        realm: realm(),
        user_id: user_id.parse().unwrap(),
        email: format!("{user_id}@example.org").parse().ok(),
        username: username.map(str::to_owned),
        profile: Profile { given_name: Some("Kimberly".to_owned()), ..Profile::default() },
    }
}

async fn added(
    test: &TestContext,
    new: NewAccount,
    password: &str,
) -> Result<Account, AdministrationError> {
    test.operator.add_account(new, Some(Plaintext::from(password))).await
}

#[tokio::test]
async fn the_ids_of_later_accounts_are_greater() {
    let test = TestContext::new().await;
    let mut ids = Vec::new();
    for number in 0..8 {
        test.pass(1);
        let new = new_account(&format!("kim{number}"), None);
        let account = match number % 2 {
            0 => test.operator.add_account(new, None).await.unwrap(),
            _ => test.import(new, None).await,
        };
        ids.push(account.id.0);
    }
    assert!(ids.is_sorted(), "{ids:?}");
    assert!(ids.iter().all(|id| id.get_version_num() == 7), "{ids:?}");
}

#[tokio::test]
async fn an_added_account_has_the_given_members() {
    let test = TestContext::new().await;
    test.pass(5);
    let account = test.operator.add_account(new_account("kim", Some("k")), None).await.unwrap();
    let (shown, _) = test.operator.show_account(&realm(), "kim").await.unwrap();
    assert_eq!(shown, account);
    assert_eq!(account.username.as_deref(), Some("k"));
    assert_eq!(account.email, "kim@example.org".parse().ok());
    assert_eq!(account.profile.given_name.as_deref(), Some("Kimberly"));
    assert!(account.active);
    assert_eq!((account.created_at, account.updated_at), (test.now(), test.now()));
    let again = test.operator.add_account(new_account("kim", None), None).await;
    assert!(matches!(again, Err(AdministrationError::AccountExists { .. })), "{again:?}");
}

// An import has the same bound, so that every export can be imported.
#[tokio::test]
async fn the_nesting_of_attributes_is_bounded() {
    let test = TestContext::new().await;
    let nested = |levels: usize| {
        let value = (1..levels).fold(serde_json::json!(1), |inner, _| serde_json::json!([inner]));
        let mut new = new_account("kim", None);
        new.profile.attributes.insert("a".to_owned(), value);
        new
    };
    let refused = test.operator.add_account(nested(66), None).await;
    assert!(matches!(refused, Err(AdministrationError::Invalid(_))), "{refused:?}");
    let added = test.operator.add_account(nested(64), None).await.unwrap();
    let too_deep = nested(66).profile;
    let edit = |account: &mut Account| account.profile = too_deep;
    let refused = test.operator.edit_account(&realm(), "kim", None, edit).await;
    assert!(matches!(refused, Err(AdministrationError::Invalid(_))), "{refused:?}");
    assert_eq!(test.operator.show_account(&realm(), "kim").await.unwrap().0, added);
}

#[tokio::test]
async fn user_names_are_bounded() {
    let test = TestContext::new().await;
    for bad in ["", "a\nb", &"ñ".repeat(321)] {
        let refused = test.operator.add_account(new_account("kim", Some(bad)), None).await;
        assert!(matches!(refused, Err(AdministrationError::Invalid(_))), "{bad}: {refused:?}");
    }
    for (user_id, good) in [("a", "k"), ("b", &"ñ".repeat(320))] {
        test.operator.add_account(new_account(user_id, Some(good)), None).await.unwrap();
    }
}

#[tokio::test]
async fn a_first_password_must_meet_the_policy_of_the_engine() {
    let test = TestContext::new().await;
    let refused = added(&test, new_account("kim", None), "Kimberly-1977-77").await;
    assert!(matches!(refused, Err(AdministrationError::Rejected(_))), "{refused:?}");
    let lenient =
        test.engine.with_policy(fixtures::policy(|rules| *rules = PolicyRules::length(3, 8)));
    let password = Some(Plaintext::from("xyz"));
    lenient.administration().add_account(new_account("kim", None), password).await.unwrap();
    let refused = added(&test, new_account("sam", None), "xyz").await;
    assert!(matches!(refused, Err(AdministrationError::Rejected(_))), "{refused:?}");
}

#[tokio::test]
async fn a_deactivated_account_loses_its_tokens_until_it_gets_new_ones() {
    let test = TestContext::new().await;
    let (_, token) = test.operator.issue_token(&realm(), "pat", Vec::new(), DAY).await.unwrap();
    let reset = test.reset_token("pat").await;
    test.pass(5);
    for active in [false, true] {
        let account = test.operator.set_active(&realm(), "pat", active).await.unwrap();
        assert_eq!((account.active, account.updated_at), (active, test.now()));
        let (shown, _) = test.operator.show_account(&realm(), "pat").await.unwrap();
        assert_eq!(shown, account);
        assert_eq!(test.engine.access_token(&realm(), &token).await.unwrap(), None);
    }
    let records = test.audit().await;
    assert_eq!(
        [&*records[0].action, &*records[1].action],
        ["account.activate", "account.deactivate"]
    );
    let voided = test.change(by("pat", Proof::ResetToken(reset), NEW)).await;
    assert!(matches!(voided, Err(ChangeError::TokenExpired)), "{voided:?}");
    test.change(old_password("pat", OLD, NEW)).await.unwrap();
}

#[tokio::test]
async fn an_unknown_account_is_an_error_for_operators() {
    let test = TestContext::new().await;
    let (nobody, minute) = ("nobody", Duration::from_secs(60));
    let operator = &test.operator;
    let unknown =
        |error: AdministrationError| matches!(error, AdministrationError::NoSuchAccount { .. });
    assert!(unknown(operator.show_account(&realm(), nobody).await.unwrap_err()));
    assert!(unknown(operator.set_active(&realm(), nobody, true).await.unwrap_err()));
    assert!(unknown(operator.unlock(&realm(), nobody).await.unwrap_err()));
    assert!(unknown(operator.issue_reset(&realm(), nobody, minute).await.unwrap_err()));
    assert!(unknown(operator.issue_otp_code(&realm(), nobody, minute).await.unwrap_err()));
    assert!(unknown(operator.enroll_otp(&realm(), nobody, "repass").await.unwrap_err()));
}

#[tokio::test]
async fn an_event_can_be_retried_until_it_is_delivered_and_dropped_once() {
    let test = TestContext::new().await;
    let token = test.reset_token("pat").await;
    assert!(!token.is_empty());
    let event = fixtures::events(&test.store).await.remove(0);
    let claim = ClaimEvents { channels: &["mail"], now: test.now(), lease: DAY, limit: 10 };
    let finish = async |outcome| {
        let claimed = test.store.claim(&claim).await.unwrap().remove(0);
        test.store.finish_delivery(&claimed.claim, &outcome, claim.channels).await.unwrap();
    };
    finish(DeliveryOutcome::Discarded { error: "no such mailbox".to_owned() }).await;
    let entry = test.operator.retry_event(None, event.id).await.unwrap();
    assert_eq!((entry.event, entry.state), (event.clone(), DeliveryState::Discarded));
    finish(DeliveryOutcome::Delivered).await;
    let none = |result: Result<_, AdministrationError>| {
        matches!(result, Err(AdministrationError::NoSuchEvent(_)))
    };
    assert!(none(test.operator.retry_event(None, event.id).await), "it is delivered");
    assert_eq!(test.operator.drop_event(None, event.id).await.unwrap().event, event);
    assert!(none(test.operator.drop_event(None, event.id).await));
    assert!(none(test.operator.retry_event(None, Uuid::nil()).await));

    let records = test.audit().await;
    let recorded =
        records.iter().take(2).map(|it| (it.action.as_str(), it.account, it.detail.clone()));
    let detail = Some(format!("reset.requested:{}", event.id));
    let of = |action| (action, Some(event.account), detail.clone());
    assert_eq!(recorded.collect::<Vec<_>>(), [of("outbox.drop"), of("outbox.retry")]);
}

#[tokio::test]
async fn data_is_deleted_after_its_retention() {
    let test = TestContext::new().await;
    test.reset_token("pat").await;
    let issued = Duration::from_secs(600);
    let retention = Retention::default();
    let deleted = async || test.operator.prune(&retention, 10).await.unwrap();
    let none = Pruned::default();
    test.clock.advance(DAY + issued);
    assert_eq!(deleted().await, none);
    test.pass(1);
    assert_eq!(deleted().await, Pruned { tokens: 1, ..none });
    test.clock.advance(29 * DAY - issued);
    assert_eq!(deleted().await, Pruned { events: 1, ..none });
    test.clock.advance(370 * DAY - Duration::from_secs(1));
    assert_eq!(deleted().await, none);
    test.pass(1);
    assert_eq!(deleted().await, Pruned { audit: 2, ..none });
}

#[tokio::test]
async fn data_without_a_retention_is_never_deleted() {
    let test = TestContext::new().await;
    test.reset_token("pat").await;
    let mut retention = Retention::default();
    (retention.audit, retention.events, retention.tokens) = (None, None, None);
    test.clock.advance(1000 * DAY);
    assert_eq!(test.operator.prune(&retention, 10).await.unwrap(), Pruned::default());
}
