use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use repass_core::{
    Account, Administration, AdministrationError, ChangeError, CompromisedPasswords,
    CompromisedRule, CompromisedUnavailable, ContextWords, Engine, InstallationKey, NewAccount,
    Plaintext, Policy, PolicyRules, Profile, SignIn, SignInName, Violation,
};

use crate::test_context::{NEW, OLD, TestContext, old_password, realm};

/// Knows one password, and counts the questions.
#[derive(Debug, Default)]
struct Known {
    asked: AtomicUsize,
    is_down: bool,
}

const KNOWN: &str = "seen in a breach, alas";

#[async_trait]
impl CompromisedPasswords for Known {
    async fn seen(
        &self,
        candidate: &Arc<Plaintext>,
    ) -> Result<Option<u64>, CompromisedUnavailable> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.is_down {
            return Err(CompromisedUnavailable("no route".into()));
        }
        Ok((candidate.expose() == KNOWN).then_some(1000))
    }
}

/// Returns an engine on the store of the context, with this rule and source.
fn engine(test: &TestContext, rule: CompromisedRule, known: &Arc<Known>) -> Engine {
    engine_with(test, rule, known.clone())
}

fn engine_with(
    test: &TestContext,
    rule: CompromisedRule,
    source: Arc<dyn CompromisedPasswords>,
) -> Engine {
    let mut rules = PolicyRules::default();
    rules.compromised = rule;
    let key = InstallationKey::from_bytes([3; 32]);
    Engine::builder(Arc::new(test.store.clone()), test.hasher.clone(), key)
        .clock(test.clock.clone())
        .policy(Policy::new(rules).unwrap())
        .compromised(source)
        .build()
}

/// Proves ASVS 6.2.12.
#[tokio::test]
async fn asvs_6_2_12_a_compromised_password_is_refused_after_the_proof_and_before_the_hash() {
    let test = TestContext::new().await;
    let known = Arc::new(Known::default());
    let engine = engine(&test, CompromisedRule::Refuse, &known);
    let guess = engine.change(old_password("pat", "a wrong guess of mine", KNOWN)).await;
    assert!(matches!(guess, Err(ChangeError::WrongPassword)), "{guess:?}");
    assert_eq!(known.asked.load(Ordering::SeqCst), 0, "a guess learns nothing");
    let refused = engine.change(old_password("pat", OLD, KNOWN)).await;
    let Err(ChangeError::Rejected(violations)) = refused else { panic!("{refused:?}") };
    assert_eq!(violations, [Violation::Compromised { seen: 1000 }]);
    assert_eq!(test.audit().await[0].detail.as_deref(), Some("compromised"));
    engine.change(old_password("pat", OLD, NEW)).await.unwrap();
    assert_eq!(test.audit().await[0].detail, None);
}

#[tokio::test]
async fn a_warning_is_in_the_audit_trail_and_off_asks_nobody() {
    let test = TestContext::new().await;
    let known = Arc::new(Known::default());
    let warns = engine(&test, CompromisedRule::Warn, &known);
    warns.change(old_password("pat", OLD, KNOWN)).await.unwrap();
    assert_eq!(test.audit().await[0].detail.as_deref(), Some("compromised"));
    let asked = known.asked.load(Ordering::SeqCst);
    let off = engine(&test, CompromisedRule::Off, &known);
    off.change(old_password("pat", KNOWN, NEW)).await.unwrap();
    off.change(old_password("pat", NEW, "one more of many passwords")).await.unwrap();
    assert_eq!(known.asked.load(Ordering::SeqCst), asked);
}

#[tokio::test]
async fn a_source_that_fails_makes_the_change_unavailable_and_is_no_failed_attempt() {
    let test = TestContext::new().await;
    let down = Arc::new(Known { is_down: true, ..Known::default() });
    let engine = engine(&test, CompromisedRule::Refuse, &down);
    for _ in 0..5 {
        let result = engine.change(old_password("pat", OLD, NEW)).await;
        let Err(error @ ChangeError::CompromisedUnavailable(_)) = result else {
            panic!("{result:?}")
        };
        assert!(error.unavailable().is_some());
        assert_eq!(error.code(), "compromised-unavailable");
    }
    assert!(test.is_password("pat", OLD).await);
}

#[tokio::test]
async fn first_passwords_and_those_of_operators_are_looked_up() {
    let test = TestContext::new().await;
    let known = Arc::new(Known::default());
    let engine = engine(&test, CompromisedRule::Refuse, &known);
    let administration = engine.administration();
    let new = || NewAccount {
        realm: realm(),
        user_id: "kim".parse().unwrap(),
        email: None,
        username: None,
        profile: Profile::default(),
    };
    let added = administration.add_account(new(), Some(KNOWN.into())).await;
    assert!(matches!(added, Err(AdministrationError::Rejected(_))), "{added:?}");
    let set = administration.set_password(&realm(), "pat", None, KNOWN.into()).await;
    assert!(matches!(set, Err(AdministrationError::Rejected(_))), "{set:?}");
    let warns = self::engine(&test, CompromisedRule::Warn, &known);
    warns.administration().add_account(new(), Some(KNOWN.into())).await.unwrap();
    let added = test.audit().await.into_iter().find(|record| record.action == "account.add");
    assert_eq!(added.unwrap().detail.as_deref(), Some("compromised"));
}

/// Sets another password while one is looked up.
#[derive(Debug)]
struct Racing(Administration);

#[async_trait]
impl CompromisedPasswords for Racing {
    async fn seen(&self, _: &Arc<Plaintext>) -> Result<Option<u64>, CompromisedUnavailable> {
        self.0.set_password(&realm(), "pat", None, NEW.into()).await.unwrap();
        Ok(None)
    }
}

/// Edits the account while a password is looked up.
#[derive(Debug)]
struct Editing(Administration);

#[async_trait]
impl CompromisedPasswords for Editing {
    async fn seen(&self, _: &Arc<Plaintext>) -> Result<Option<u64>, CompromisedUnavailable> {
        let edit = |account: &mut Account| account.username = Some("patricia".to_owned());
        self.0.edit_account(&realm(), "pat", None, edit).await.unwrap();
        Ok(None)
    }
}

#[tokio::test]
async fn a_password_is_not_set_if_the_account_is_edited_since() {
    let test = TestContext::new().await;
    let editing = Editing(test.operator.clone());
    let engine = engine_with(&test, CompromisedRule::Warn, Arc::new(editing));
    let found = test.operator.show_account(&realm(), "pat").await.unwrap();
    let since = Some(found.0.updated_at);
    let set = engine.administration().set_password(&realm(), "pat", since, NEW.into()).await;
    assert!(matches!(set, Err(AdministrationError::Changed)), "{set:?}");
    assert!(test.is_password("pat", OLD).await);
    engine.administration().set_password(&realm(), "pat", None, NEW.into()).await.unwrap();
    assert!(test.is_password("pat", NEW).await);
}

#[tokio::test]
async fn a_set_password_that_loses_a_race_is_recorded_as_a_conflict() {
    let test = TestContext::new().await;
    let racing = Racing(test.operator.clone());
    let engine = engine_with(&test, CompromisedRule::Warn, Arc::new(racing));
    let late = "a password that is set too late";
    let lost = engine.administration().set_password(&realm(), "pat", None, late.into()).await;
    assert!(matches!(lost, Err(AdministrationError::Changed)), "{lost:?}");
    assert!(test.is_password("pat", NEW).await);
    let outcomes: Vec<String> =
        test.audit().await.into_iter().take(2).map(|record| record.outcome).collect();
    assert_eq!(outcomes, ["conflict", "ok"]);
}

/// Proves ASVS 6.2.12.
#[tokio::test]
async fn a_sign_in_that_is_evaluated_reports_a_compromised_password() {
    let test = TestContext::new().await;
    let known = Arc::new(Known::default());
    let warns = engine(&test, CompromisedRule::Warn, &known);
    warns.change(old_password("pat", OLD, KNOWN)).await.unwrap();
    for rule in [CompromisedRule::Warn, CompromisedRule::Refuse] {
        let engine = engine(&test, rule, &known);
        let name = SignInName::UserId("pat".to_owned());
        let sign_in = SignIn::new(realm(), name, KNOWN.into()).evaluated();
        let signed_in = engine.sign_in(sign_in).await.unwrap();
        assert_eq!(signed_in.violations, [Violation::Compromised { seen: 1000 }]);
    }
}

#[tokio::test]
async fn an_evaluation_without_a_change_looks_the_password_up() {
    let test = TestContext::new().await;
    let known = Arc::new(Known::default());
    let evaluate = async |engine: &Engine| {
        engine.evaluate(&Arc::new(Plaintext::from(KNOWN)), ContextWords::default()).await
    };
    let refuses = engine(&test, CompromisedRule::Refuse, &known);
    assert_eq!(evaluate(&refuses).await.unwrap(), [Violation::Compromised { seen: 1000 }]);
    let warns = engine(&test, CompromisedRule::Warn, &known);
    assert_eq!(warns.compromised_rule(), CompromisedRule::Warn);
    let asked = known.asked.load(Ordering::SeqCst);
    assert!(evaluate(&warns).await.unwrap().is_empty());
    assert_eq!(known.asked.load(Ordering::SeqCst), asked, "the answer would not count");
    assert_eq!(test.engine.compromised_rule(), CompromisedRule::Off, "there is no source");
    let down = Arc::new(Known { is_down: true, ..Known::default() });
    assert!(evaluate(&engine(&test, CompromisedRule::Refuse, &down)).await.is_err());
    assert!(evaluate(&engine(&test, CompromisedRule::Warn, &down)).await.unwrap().is_empty());
}
