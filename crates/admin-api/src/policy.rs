//! The policy.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json as Answer;
use repass_core::serde_json::Value;
use repass_core::{
    Account, AdministrationError, CompromisedRule, Engine, Plaintext, Scope, Violation,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Access;
use crate::accounts::find;
use crate::body::{Checks, Json};
use crate::problem::Problem;
use crate::state::State;
use repass_messages::Language;

pub(crate) fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(read_policy)).routes(routes!(evaluate_password))
}

/// The rules for new passwords.
#[derive(Debug, Serialize, ToSchema)]
struct PolicyView {
    /// The fewest code points.
    min_length: usize,
    /// The most code points.
    max_length: usize,
    /// Whether a letter is required.
    require_letter: bool,
    /// Whether a decimal digit is required.
    require_digit: bool,
    /// Whether a character that is not a letter, digit or white space is required.
    require_special: bool,
    /// Whether the current password is refused.
    refuse_current: bool,
    /// Whether text is refused that is made of names, user id, user name, e-mail address or words of
    /// the service.
    refuse_context_words: bool,
    /// How many earlier passwords are refused.
    history: usize,
    /// Whether common passwords are refused.
    refuse_common: bool,
    /// The lowest score of the strength estimate that is accepted, 1 to 4; 0 if there is no estimate.
    min_score: u8,
    /// The age in seconds at which a password expires: a sign-in then says that it must be changed.
    /// `null` if passwords do not expire.
    max_age: Option<u64>,
    /// What is done about passwords from breaches: `refuse`, `warn`, or `off`, also if the server has
    /// no source of them.
    compromised: &'static str,
    /// The value of the HTML attribute `passwordrules`, by which password managers generate
    /// passwords.
    passwordrules: String,
}

impl From<&Engine> for PolicyView {
    fn from(engine: &Engine) -> Self {
        let rules = engine.policy().rules();
        Self {
            min_length: rules.min_length,
            max_length: rules.max_length,
            require_letter: rules.require_letter,
            require_digit: rules.require_digit,
            require_special: rules.require_special,
            refuse_current: rules.refuse_current,
            refuse_context_words: rules.refuse_context_words,
            history: rules.history,
            refuse_common: rules.refuse_common || !rules.blocklists.is_empty(),
            min_score: rules.min_score,
            max_age: rules.max_age.map(|age| age.as_secs()),
            compromised: match engine.compromised_rule() {
                CompromisedRule::Refuse => "refuse",
                CompromisedRule::Warn => "warn",
                CompromisedRule::Off => "off",
            },
            passwordrules: rules.passwordrules(),
        }
    }
}

/// Returns the policy of the realm.
#[utoipa::path(get, path = "/policy", tag = "policy", responses(
    (status = 200, description = "The rules.", body = PolicyView),
))]
async fn read_policy(access: Access) -> Result<Answer<PolicyView>, Problem> {
    access.require(Scope::AccountsRead)?;
    Ok(Answer((&access.engine()).into()))
}

/// A password to evaluate.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EvaluatePassword {
    /// The password.
    #[schema(value_type = String)]
    password: Plaintext,
    /// The id of the account whose names and identifiers the password must not be made of.
    account: Option<String>,
    /// The language of the messages (BCP 47). Default: English.
    language: Option<String>,
}

/// The result of an evaluation.
#[derive(Debug, Serialize, ToSchema)]
struct Evaluation {
    /// Whether the policy accepts the password.
    accepted: bool,
    /// What the policy refuses.
    violations: Vec<ViolationView>,
}

/// A rule that a password breaks.
#[derive(Debug, Serialize, ToSchema)]
struct ViolationView {
    /// The code of the rule, which never changes.
    code: &'static str,
    /// The values of the rule, such as `min`.
    #[schema(value_type = Map<String, Value>)]
    parameters: BTreeMap<String, Value>,
    /// A sentence for the user.
    message: String,
}

impl ViolationView {
    fn new(violation: &Violation, language: Language) -> Self {
        let members = match serde_json::to_value(violation) {
            Ok(Value::Object(members)) => members,
            _ => Default::default(),
        };
        let parameters = members.into_iter().filter(|(name, _)| name != "code").collect();
        let message = repass_messages::violation(language, violation);
        Self { code: violation.code(), parameters, message }
    }
}

/// Evaluates a password without setting it. It is looked up among the passwords from breaches if the
/// policy refuses those. The current and earlier passwords of the account are not compared, since that
/// would be a way to guess them.
#[utoipa::path(post, path = "/policy/evaluate", tag = "policy", request_body = EvaluatePassword,
    responses((status = 200, description = "All violations.", body = Evaluation)))]
async fn evaluate_password(
    access: Access,
    Json(body): Json<EvaluatePassword>,
) -> Result<Answer<Evaluation>, Problem> {
    access.require(Scope::PasswordsVerify)?;
    let mut checks = Checks::default();
    let language = match body.language.as_deref().map(Language::from_code) {
        None => Language::default(),
        Some(Some(language)) => language,
        Some(None) => {
            checks.fail("/language", "is not one of the supported languages");
            Language::default()
        }
    };
    checks.finish()?;
    let account: Option<Account> = match &body.account {
        Some(id) => Some(find(&access, id).await?),
        None => None,
    };
    let words = account.as_ref().map(Into::into).unwrap_or_default();
    let evaluated = access.engine().evaluate(&Arc::new(body.password), words).await;
    let violations = evaluated.map_err(AdministrationError::CompromisedUnavailable)?;
    Ok(Answer(Evaluation {
        accepted: violations.is_empty(),
        violations: violations.iter().map(|own| ViolationView::new(own, language)).collect(),
    }))
}
