use std::time::Duration;

use repass_core::jiff::Timestamp;
use repass_core::{
    AccountId, AdministrationError, AdministrationStore, AttemptKey, CallerAuthenticator, Context,
    ImportedPassword, KeyKind, NameKind, NewAccount, NewImport, OutboxFilter, OutboxStore,
    Plaintext, Policy, Profile, Scope, SignIn, SignInError, SignInName, SignedIn,
};

use repass_testkit::fixtures;

use crate::test_context::{NEW, OLD, TestContext, old_password, realm};

const WRONG: &str = "a wrong guess of mine";
const HOUR: Duration = Duration::from_secs(3600);

fn with(name: SignInName, password: &str) -> SignIn {
    SignIn::new(realm(), name, Plaintext::from(password))
        .acting_for("key:1", Context::new("admin-api"))
}

fn by_id(user_id: &str, password: &str) -> SignIn {
    with(SignInName::UserId(user_id.to_owned()), password)
}

async fn sign_in(test: &TestContext, sign_in: SignIn) -> Result<SignedIn, SignInError> {
    test.engine.sign_in(sign_in).await
}

async fn failures(test: &TestContext, id: AccountId) -> u32 {
    test.store.attempts(&AttemptKey::account(id)).await.unwrap().failures
}

/// Proves E4.
#[tokio::test]
async fn e4_a_right_password_is_verified_by_every_name_at_the_cost_of_one_hash() {
    let test = TestContext::new().await;
    let edit = |account: &mut repass_core::Account| account.username = Some("Patricia".to_owned());
    let account = test.operator.edit_account(&realm(), "pat", None, edit).await.unwrap();
    for name in [
        SignInName::UserId("pat".to_owned()),
        SignInName::Email("PAT@Example.org".to_owned()),
        SignInName::Username("patricia".to_owned()),
    ] {
        let signed_in = sign_in(&test, with(name, OLD)).await.unwrap();
        assert_eq!(signed_in.account, account);
        assert_eq!(signed_in.changed_at, account.created_at);
        assert!(!signed_in.otp_enrolled && !signed_in.otp_verified);
        assert_eq!(test.hasher.take_verified(), 1);
    }
    let record = test.audit().await.remove(0);
    assert_eq!((record.action.as_str(), record.outcome.as_str()), ("password.verify", "ok"));
    assert_eq!((record.caller.as_str(), record.account), ("key:1", Some(account.id)));
}

/// Proves ASVS 6.3.8.
#[tokio::test]
async fn asvs_6_3_8_unknown_wrong_and_ambiguous_cost_and_answer_the_same() {
    let test = TestContext::new().await;
    test.add_damaged("damaged").await;
    for user_id in ["one", "two"] {
        let twin = NewAccount {
            realm: realm(),
            user_id: user_id.parse().unwrap(),
            email: "twins@example.org".parse().ok(),
            username: None,
            profile: Profile::default(),
        };
        let hash = Some(test.hash_of("pat").await);
        test.import(twin, hash).await;
    }
    let tries = [
        by_id("pat", WRONG),
        by_id("nobody", OLD),
        by_id("not\na user id", OLD),
        by_id("damaged", OLD),
        by_id("pat@example.org", OLD),
        with(SignInName::Email("nobody@example.org".to_owned()), OLD),
        with(SignInName::Email("twins@example.org".to_owned()), OLD),
        with(SignInName::Username("pat".to_owned()), OLD),
        by_id("pat", &"x".repeat(4097)),
    ];
    for attempt in tries {
        let name = format!("{:?}", attempt.name);
        let result = sign_in(&test, attempt).await;
        assert!(matches!(result, Err(SignInError::InvalidCredentials)), "{name}: {result:?}");
        assert_eq!(test.hasher.take_verified(), 1, "{name}");
    }
}

/// Proves E4, NIST 3.2.2 limit.
#[tokio::test]
async fn e4_failures_lock_out_as_those_of_changes_and_success_clears_them() {
    let test = TestContext::new().await;
    let account = test.operator.show_account(&realm(), "pat").await.unwrap().0.id;
    for _ in 0..2 {
        sign_in(&test, by_id("pat", WRONG)).await.unwrap_err();
    }
    assert_eq!(failures(&test, account).await, 2);
    sign_in(&test, by_id("pat", OLD)).await.unwrap();
    assert_eq!(failures(&test, account).await, 0, "success clears the failures");

    test.guess().await.unwrap_err();
    for _ in 0..2 {
        sign_in(&test, with(SignInName::Email("pat@example.org".to_owned()), WRONG))
            .await
            .unwrap_err();
    }
    test.hasher.take_verified();
    let locked_out = sign_in(&test, by_id("pat", OLD)).await;
    assert!(
        matches!(locked_out, Err(SignInError::LockedOut { retry_after }) if retry_after == Duration::from_secs(1)),
        "{locked_out:?}"
    );
    assert_eq!(test.hasher.take_verified(), 0, "nothing is verified during a lockout");
    let filter = OutboxFilter { limit: 10, ..OutboxFilter::default() };
    let kinds: Vec<String> =
        test.store.entries(&filter).await.unwrap().into_iter().map(|it| it.event.kind).collect();
    assert_eq!(kinds, ["sign_in.locked"]);
    test.pass(1);
    sign_in(&test, by_id("pat", OLD)).await.unwrap();
}

#[tokio::test]
async fn unknown_names_are_locked_out_like_known_ones() {
    let test = TestContext::new().await;
    for name in [
        SignInName::Email("Nobody@example.org".to_owned()),
        SignInName::Username("nobody".to_owned()),
    ] {
        for _ in 0..3 {
            sign_in(&test, with(name.clone(), OLD)).await.unwrap_err();
        }
        let result = sign_in(&test, with(name, OLD)).await;
        assert!(matches!(result, Err(SignInError::LockedOut { .. })), "{result:?}");
    }
    let other_case = SignInName::Email("nobody@EXAMPLE.org".to_owned());
    let result = sign_in(&test, with(other_case, OLD)).await;
    assert!(matches!(result, Err(SignInError::LockedOut { .. })), "{result:?}");
}

#[tokio::test]
async fn an_inactive_account_is_reported_after_the_right_password_only() {
    let test = TestContext::new().await;
    let account = test.operator.set_active(&realm(), "pat", false).await.unwrap().id;
    let wrong = sign_in(&test, by_id("pat", WRONG)).await;
    assert!(matches!(wrong, Err(SignInError::InvalidCredentials)), "{wrong:?}");
    let right = sign_in(&test, by_id("pat", OLD)).await;
    assert!(matches!(right, Err(SignInError::Inactive)), "{right:?}");
    assert_eq!(test.hasher.take_verified(), 2, "each costs one hash");
    assert_eq!(failures(&test, account).await, 1, "the right password is no failure");
    let outcomes: Vec<String> = test.audit().await.into_iter().map(|it| it.outcome).collect();
    assert_eq!(outcomes[..2], ["inactive", "wrong-password"], "the newest first");
}

/// Proves ASVS 6.5.1.
#[tokio::test]
async fn a_one_time_password_is_verified_once() {
    let test = TestContext::new().await;
    let account = test.operator.show_account(&realm(), "pat").await.unwrap().0.id;
    let secret = test.operator.enroll_otp(&realm(), "pat", "Shop").await.unwrap();
    let code = || Some(secret.code(test.now()));
    let without = sign_in(&test, by_id("pat", OLD)).await.unwrap();
    assert!(without.otp_enrolled && !without.otp_verified);
    let wrong = sign_in(&test, by_id("pat", OLD).with_otp(Some("000000".into()))).await;
    assert!(matches!(wrong, Err(SignInError::InvalidCredentials)), "{wrong:?}");
    assert_eq!(failures(&test, account).await, 1, "a wrong one-time password is a failure");
    assert_eq!(test.audit().await[0].outcome, "wrong-otp");
    sign_in(&test, by_id("pat", OLD)).await.unwrap();
    assert_eq!(failures(&test, account).await, 1, "the password alone does not clear it");
    let right = sign_in(&test, by_id("pat", OLD).with_otp(code())).await.unwrap();
    assert!(right.otp_enrolled && right.otp_verified);
    let again = sign_in(&test, by_id("pat", OLD).with_otp(code())).await;
    assert!(matches!(again, Err(SignInError::InvalidCredentials)), "used: {again:?}");
    assert_eq!(failures(&test, account).await, 1);
}

#[tokio::test]
async fn the_policy_evaluates_the_right_password_if_asked() {
    let test = TestContext::with_policy(Policy::nist_800_63b_4()).await;
    let new = NewAccount {
        realm: realm(),
        user_id: "kim".parse().unwrap(),
        email: None,
        username: None,
        profile: Profile::default(),
    };
    let password = "kim-kim-kim-2026";
    let mut short = repass_core::PolicyRules::default();
    short.refuse_context_words = false;
    let lenient = test.engine.with_policy(Policy::new(short).unwrap());
    lenient.administration().add_account(new, Some(password.into())).await.unwrap();
    let signed_in = sign_in(&test, by_id("kim", password).evaluated()).await.unwrap();
    let codes: Vec<_> = signed_in.violations.iter().map(repass_core::Violation::code).collect();
    assert_eq!(codes, ["contains-account-word"]);
    let signed_in = sign_in(&test, by_id("kim", password)).await.unwrap();
    assert!(signed_in.violations.is_empty());
}

#[tokio::test]
async fn a_password_expires_at_the_age_of_the_policy_and_can_still_be_changed() {
    let day = Duration::from_secs(24 * 60 * 60);
    let policy = fixtures::policy(|rules| rules.max_age = Some(90 * day));
    let test = TestContext::with_policy(policy).await;
    let is_expired =
        async |password| sign_in(&test, by_id("pat", password)).await.unwrap().is_expired;
    test.clock.advance(90 * day - Duration::from_secs(1));
    assert!(!is_expired(OLD).await);
    test.clock.advance(Duration::from_secs(1));
    assert!(is_expired(OLD).await);
    let without = test.engine.with_policy(Policy::nist_800_63b_4());
    assert!(!without.sign_in(by_id("pat", OLD)).await.unwrap().is_expired);
    test.engine.change(old_password("pat", OLD, NEW)).await.unwrap();
    assert!(!is_expired(NEW).await);
    // A store has this time if the true one is unknown.
    let now = test.now();
    test.clock.set(Timestamp::UNIX_EPOCH);
    let third = "one more of many passwords";
    test.engine.change(old_password("pat", NEW, third)).await.unwrap();
    test.clock.set(now);
    assert!(!is_expired(third).await);
}

#[tokio::test]
async fn the_age_of_an_imported_password_counts_from_the_time_that_the_import_gives() {
    let day = Duration::from_secs(24 * 60 * 60);
    let policy = fixtures::policy(|rules| rules.max_age = Some(90 * day));
    let test = TestContext::with_policy(policy).await;
    let (now, old) = (test.now(), Timestamp::from_second(1_420_070_400).unwrap());
    let unknown = Timestamp::UNIX_EPOCH;
    for (user_id, created_at, updated_at, changed_at, is_expired) in [
        ("created", Some(old), None, None, true),
        ("edited", Some(old), Some(now), None, false),
        ("set", Some(old), Some(now), Some(old), true),
        ("imported", None, None, None, false),
        ("unknown", Some(old), Some(now), Some(unknown), false),
    ] {
        let account = NewAccount {
            realm: realm(),
            user_id: user_id.parse().unwrap(),
            email: None,
            username: None,
            profile: Profile::default(),
        };
        let password = Some(ImportedPassword { hash: test.hash_of("pat").await, changed_at });
        let import = NewImport { account, active: None, created_at, updated_at, password };
        test.operator.import_accounts(vec![import], false).await.unwrap();
        let signed_in = sign_in(&test, by_id(user_id, OLD)).await.unwrap();
        assert_eq!(signed_in.is_expired, is_expired, "{user_id}");
    }
}

/// Proves E4, ASVS 7.4.3.
#[tokio::test]
async fn e4_a_change_revokes_the_session_of_a_sign_in_that_began_before() {
    let test = TestContext::new().await;
    let is_valid = async |secret: &Plaintext| {
        test.engine.access_token(&realm(), secret).await.unwrap().is_some()
    };
    let signed_in = sign_in(&test, by_id("pat", OLD)).await.unwrap();
    let issued = test.operator.issue_session(&signed_in, vec![], HOUR).await.unwrap();
    assert!(is_valid(&issued.1).await);
    test.pass(1);
    test.change(old_password("pat", OLD, NEW)).await.unwrap();
    assert!(!is_valid(&issued.1).await);
    test.pass(1);
    let late = test.operator.issue_session(&signed_in, vec![], HOUR).await.unwrap();
    assert!(!is_valid(&late.1).await, "the sign-in began before the change");
    let again = sign_in(&test, by_id("pat", NEW)).await.unwrap();
    let fresh = test.operator.issue_session(&again, vec![], HOUR).await.unwrap();
    assert!(is_valid(&fresh.1).await);

    test.pass(1);
    test.operator.revoke_tokens(&realm(), "pat").await.unwrap();
    assert!(!is_valid(&fresh.1).await, "an operator ends all sessions");
}

/// Proves E4.
#[tokio::test]
async fn e4_accounts_are_found_by_name_and_records_name_the_caller() {
    let test = TestContext::new().await;
    let caller = test.operator.clone().acting_for("app:checkout", Context::new("shop"));
    let found = caller.accounts_named(&realm(), NameKind::Email, "PAT@EXAMPLE.ORG").await.unwrap();
    assert_eq!(found.len(), 1);
    caller.unlock(&realm(), "pat").await.unwrap();
    let record = test.audit().await.remove(0);
    assert_eq!((record.caller.as_str(), record.context.source.as_str()), ("app:checkout", "shop"));
}

#[tokio::test]
async fn an_edit_of_a_stale_account_is_refused() {
    let test = TestContext::new().await;
    let read = test.operator.show_account(&realm(), "pat").await.unwrap().0;
    let rename = |account: &mut repass_core::Account| account.username = Some("pat2".to_owned());
    let since = Some(read.updated_at);
    let edited = test.operator.edit_account(&realm(), "pat", since, rename).await.unwrap();
    let stored = test.operator.show_account(&realm(), "pat").await.unwrap().0;
    assert_eq!(stored, edited);
    let refused = test.operator.edit_account(&realm(), "pat", since, rename).await;
    assert!(matches!(refused, Err(AdministrationError::Changed)), "{refused:?}");
}

#[tokio::test]
async fn an_operator_sets_a_password_that_the_policy_accepts() {
    let test = TestContext::new().await;
    let (_, session) = test.operator.issue_token(&realm(), "pat", vec![], HOUR).await.unwrap();
    let reset = test.reset_token("pat").await;
    let refused = test.operator.set_password(&realm(), "pat", None, "short".into()).await;
    assert!(matches!(refused, Err(AdministrationError::Rejected(_))), "{refused:?}");
    let refused = test.operator.set_password(&realm(), "pat", None, OLD.into()).await;
    assert!(matches!(refused, Err(AdministrationError::Rejected(_))), "the current one");
    assert!(test.is_password("pat", OLD).await);
    test.pass(1);
    test.operator.set_password(&realm(), "pat", None, NEW.into()).await.unwrap();
    assert!(test.is_password("pat", NEW).await);
    assert!(test.engine.access_token(&realm(), &session).await.unwrap().is_none());
    let spent = repass_core::Proof::ResetToken(reset);
    test.change(crate::test_context::by("pat", spent, "yet another password of pat"))
        .await
        .unwrap_err();
    let record = &test.audit().await[1];
    assert_eq!((record.action.as_str(), record.outcome.as_str()), ("password.set", "ok"));
    let filter = OutboxFilter { limit: 1, ..OutboxFilter::default() };
    assert_eq!(test.store.entries(&filter).await.unwrap()[0].event.kind, "password.set");

    test.operator.set_active(&realm(), "pat", false).await.unwrap();
    let refused =
        test.operator.set_password(&realm(), "pat", None, "one more new password".into()).await;
    assert!(matches!(refused, Err(AdministrationError::Inactive)), "{refused:?}");
}

#[tokio::test]
async fn an_admin_key_is_of_no_other_kind() {
    let test = TestContext::new().await;
    let scopes = [Scope::AccountsRead].into();
    let (key, secret) =
        test.operator.issue_admin_key(&realm(), "back end", scopes, false).await.unwrap();
    assert_eq!(test.engine.admin_key(&secret).await.unwrap(), Some(key.clone()));
    let as_service = test.engine.key(&realm(), KeyKind::Service, &secret).await.unwrap();
    assert_eq!(as_service, None);
    test.operator.revoke_key(key.id).await.unwrap();
    assert_eq!(test.engine.admin_key(&secret).await.unwrap(), None);
    let (_, service) = test.operator.issue_key(&realm(), KeyKind::Service, "bot").await.unwrap();
    assert_eq!(test.engine.admin_key(&service).await.unwrap(), None);
}
