//! Verifying and setting passwords, and sessions.

use std::time::Duration;

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json as Answer};
use repass_core::jiff::Timestamp;
use repass_core::{Plaintext, Scope, SignIn, SignInError, SignInName, SignedIn, Violation};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Access, Client};
use crate::account::AccountView;
use crate::accounts::{AccountPath, find};
use crate::body::{Checks, Json, object};
use crate::etag::if_match;
use crate::problem::Problem;
use crate::respond::Outcome;
use crate::state::State;
use crate::tokens::{IssuedToken, lifetime};

pub(crate) fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(verify_password))
        .routes(routes!(create_session))
        .routes(routes!(set_password))
}

/// A password to verify. Exactly one of `user_id`, `email` and `username` names the account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct VerifyPassword {
    /// The user id.
    user_id: Option<String>,
    /// The e-mail address, in any case.
    email: Option<String>,
    /// The user name, in any case.
    username: Option<String>,
    /// The password.
    #[schema(value_type = String)]
    password: Plaintext,
    /// A one-time password. If there is one, it must be right.
    #[schema(value_type = Option<String>)]
    otp: Option<Plaintext>,
    /// The end user.
    #[serde(default, deserialize_with = "object")]
    client: Option<Client>,
}

/// The result of a verification.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum Verification {
    Verified(Box<Verified>),
    Refused(Refused),
}

/// The password is right, and the account may be used.
#[derive(Debug, Serialize, ToSchema)]
struct Verified {
    /// Always `true`.
    verified: bool,
    /// The account.
    account: AccountView,
    /// When the password was set.
    #[schema(value_type = String, format = DateTime)]
    password_changed_at: Timestamp,
    /// Whether the account has a secret for time-based one-time passwords. The caller decides
    /// whether to ask for one.
    otp_enrolled: bool,
    /// Whether a one-time password was verified.
    otp_verified: bool,
    /// Whether the password should be changed.
    must_change: bool,
    /// Why: `compromised` if the password is known from breaches, `policy` if it breaks other rules,
    /// `expired` if it has reached the age at which the policy lets passwords expire.
    must_change_reasons: Vec<&'static str>,
}

/// The password is not verified.
#[derive(Debug, Serialize, ToSchema)]
struct Refused {
    /// Always `false`.
    verified: bool,
    /// `invalid-credentials` for an unknown account, a wrong password and a wrong one-time password,
    /// `locked` after too many failed attempts, `inactive` for an account that may not be used, if
    /// the password is right.
    code: &'static str,
    /// The recommended delay before a retry, in seconds, if the account is locked.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
}

/// Verifies a password. An unknown account, a wrong password and a wrong one-time password are
/// answered alike and at the same cost. Failed attempts are counted together with those of password
/// changes, and lock the account out.
#[utoipa::path(post, path = "/passwords/verify", tag = "passwords", request_body = VerifyPassword,
    responses((status = 200, description = "Whether the password is right.", body = Verification)))]
async fn verify_password(
    access: Access,
    Json(body): Json<VerifyPassword>,
) -> Result<Response, Problem> {
    access.require(Scope::PasswordsVerify)?;
    let name = sign_in_name(body.user_id, body.email, body.username)?;
    Ok(match sign_in(&access, name, body.password, body.otp, body.client).await? {
        Ok(signed_in) => Answer(Verification::Verified(Box::new(signed_in.into()))).into_response(),
        Err(refused) => refused.into_response(),
    })
}

impl IntoResponse for Refused {
    /// The log and the metrics have the code as the outcome.
    fn into_response(self) -> Response {
        let outcome = Extension(Outcome(self.code));
        (outcome, Answer(Verification::Refused(self))).into_response()
    }
}

fn sign_in_name(
    user_id: Option<String>,
    email: Option<String>,
    username: Option<String>,
) -> Result<SignInName, Problem> {
    match (user_id, email, username) {
        (Some(user_id), None, None) => Ok(SignInName::UserId(user_id)),
        (None, Some(email), None) => Ok(SignInName::Email(email)),
        (None, None, Some(username)) => Ok(SignInName::Username(username)),
        _ => {
            let mut checks = Checks::default();
            checks.fail("", "send exactly one of user_id, email and username");
            checks.finish()?;
            Err(Problem::new("invalid-body", ""))
        }
    }
}

async fn sign_in(
    access: &Access,
    name: SignInName,
    password: Plaintext,
    otp: Option<Plaintext>,
    client: Option<Client>,
) -> Result<Result<SignedIn, Refused>, Problem> {
    let sign_in = SignIn::new(access.realm.clone(), name, password)
        .with_otp(otp)
        .acting_for(access.caller(), access.context(client));
    let evaluates = access.state.options.evaluate_at_sign_in;
    let sign_in = if evaluates { sign_in.evaluated() } else { sign_in };
    match access.engine().sign_in(sign_in).await {
        Ok(signed_in) => Ok(Ok(signed_in)),
        Err(
            error @ (SignInError::InvalidCredentials
            | SignInError::Inactive
            | SignInError::LockedOut { .. }),
        ) => {
            let retry_after = match &error {
                SignInError::LockedOut { retry_after } => Some(retry_after.as_secs().max(1)),
                _ => None,
            };
            Ok(Err(Refused { verified: false, code: error.code(), retry_after }))
        }
        Err(error) => Err(error.into()),
    }
}

impl From<SignedIn> for Verified {
    fn from(signed_in: SignedIn) -> Self {
        let is_compromised = |own: &Violation| matches!(own, Violation::Compromised { .. });
        let violations = &signed_in.violations;
        let reasons = [
            ("compromised", violations.iter().any(is_compromised)),
            ("policy", violations.iter().any(|own| !is_compromised(own))),
            ("expired", signed_in.is_expired),
        ];
        let reasons: Vec<&str> =
            reasons.into_iter().filter_map(|(reason, is_one)| is_one.then_some(reason)).collect();
        Self {
            verified: true,
            account: signed_in.account.into(),
            password_changed_at: signed_in.changed_at,
            otp_enrolled: signed_in.otp_enrolled,
            otp_verified: signed_in.otp_verified,
            must_change: !reasons.is_empty(),
            must_change_reasons: reasons,
        }
    }
}

/// A password to verify, and the access token to issue. Exactly one of `user_id`, `email` and
/// `username` names the account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateSession {
    /// The user id.
    user_id: Option<String>,
    /// The e-mail address, in any case.
    email: Option<String>,
    /// The user name, in any case.
    username: Option<String>,
    /// The password.
    #[schema(value_type = String)]
    password: Plaintext,
    /// A one-time password. If there is one, it must be right.
    #[schema(value_type = Option<String>)]
    otp: Option<Plaintext>,
    /// The roles of the token, without white space.
    #[serde(default)]
    roles: Vec<String>,
    /// The lifetime of the token in seconds. Default: 3600.
    #[schema(minimum = 1)]
    lifetime: Option<u64>,
    /// The end user.
    #[serde(default, deserialize_with = "object")]
    client: Option<Client>,
}

/// A verified password and an access token.
#[derive(Serialize, ToSchema)]
struct Session {
    #[serde(flatten)]
    verified: Verified,
    #[serde(flatten)]
    token: IssuedToken,
}

/// Verifies a password and issues an access token, which the APIs of the vendors accept. A change of
/// the password since this call began revokes the token.
#[utoipa::path(post, path = "/sessions", tag = "passwords", request_body = CreateSession, responses(
    (status = 201, description = "The password is right; the token is issued.", body = Session),
    (status = 200, description = "The password is not verified.", body = Refused),
))]
async fn create_session(
    access: Access,
    Json(body): Json<CreateSession>,
) -> Result<Response, Problem> {
    access.require(Scope::PasswordsVerify)?;
    access.require(Scope::Tokens)?;
    let lifetime: Duration = lifetime(&access, &body.roles, body.lifetime)?;
    let name = sign_in_name(body.user_id, body.email, body.username)?;
    let client = body.client.clone();
    let signed_in = match sign_in(&access, name, body.password, body.otp, client).await? {
        Ok(signed_in) => signed_in,
        Err(refused) => return Ok(refused.into_response()),
    };
    let administration = access.administration(body.client);
    let issued = administration.issue_session(&signed_in, body.roles, lifetime).await?;
    let session = Session { verified: signed_in.into(), token: issued.into() };
    Ok((StatusCode::CREATED, Answer(session)).into_response())
}

/// A password to set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SetPassword {
    /// The new password, which the policy evaluates.
    #[schema(value_type = String)]
    password: Plaintext,
    /// The end user.
    #[serde(default, deserialize_with = "object")]
    client: Option<Client>,
}

/// Sets the password of an active account. All access tokens and reset tokens are revoked, and the
/// holder is notified. It is off by default; a reset tells nobody but the holder the password.
#[utoipa::path(put, path = "/accounts/{id}/password", tag = "passwords", request_body = SetPassword,
    params(("if-match" = Option<String>, Header, description = "The ETag of the account as it was read.")),
    responses(
        (status = 204, description = "The password is set."),
        (status = 409, description = "`account-inactive`", body = Problem),
        (status = 412, description = "`stale`", body = Problem),
        (status = 422, description = "`password-rejected`", body = Problem),
    ))]
async fn set_password(
    access: Access,
    Path(path): Path<AccountPath>,
    headers: HeaderMap,
    Json(body): Json<SetPassword>,
) -> Result<StatusCode, Problem> {
    access.require(Scope::PasswordsSet)?;
    if !access.state.options.allow_setting_passwords {
        let how = "set admin_api.allow_setting_passwords, or issue a reset token instead";
        return Err(Problem::new("operator-passwords-disabled", how));
    }
    let account = find(&access, &path.id).await?;
    let (user_id, since) = (account.user_id.as_str(), if_match(&headers)?);
    let administration = access.administration(body.client);
    administration.set_password(&access.realm, user_id, since, body.password).await?;
    Ok(StatusCode::NO_CONTENT)
}
