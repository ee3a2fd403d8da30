//! One-time passwords.

use std::time::Duration;

use axum::Json as Answer;
use axum::extract::Path;
use axum::http::StatusCode;
use repass_core::jiff::Timestamp;
use repass_core::{Administration, Scope};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Access, Client};
use crate::accounts::{AccountPath, find};
use crate::body::{Checks, Json, object};
use crate::problem::Problem;
use crate::state::State;

pub(crate) fn router() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(enroll_otp, remove_otp)).routes(routes!(issue_otp_code))
}

/// A secret to issue.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EnrollOtp {
    /// The name of the service in the authenticator app, 1 to 64 characters without a colon.
    /// Default: the configured one.
    #[schema(min_length = 1, max_length = 64)]
    issuer: Option<String>,
    /// The end user.
    #[serde(default, deserialize_with = "object")]
    client: Option<Client>,
}

/// An issued secret.
#[derive(Serialize, ToSchema)]
struct Enrolled {
    /// The `otpauth://` URI for an authenticator app, which is shown once. Keep it secret.
    uri: String,
}

/// Issues a secret for time-based one-time passwords, which replaces an older one.
#[utoipa::path(post, path = "/accounts/{id}/otp", tag = "one-time passwords",
    request_body = EnrollOtp,
    responses((status = 201, description = "The secret, which is shown once.", body = Enrolled)))]
async fn enroll_otp(
    access: Access,
    Path(path): Path<AccountPath>,
    Json(body): Json<EnrollOtp>,
) -> Result<(StatusCode, Answer<Enrolled>), Problem> {
    access.require(Scope::Resets)?;
    let mut checks = Checks::default();
    if body.issuer.as_deref().is_some_and(|issuer| !is_issuer(issuer)) {
        checks.fail("/issuer", "is 1 to 64 characters on one line without a colon");
    }
    checks.finish()?;
    let account = find(&access, &path.id).await?;
    let issuer = body.issuer.as_ref().unwrap_or(&access.state.options.issuer);
    let administration = access.administration(body.client);
    let enrolled = administration.enroll_otp(&access.realm, account.user_id.as_str(), issuer);
    let uri = enrolled.await?.uri().map_err(repass_core::AdministrationError::Otp)?;
    Ok((StatusCode::CREATED, Answer(Enrolled { uri: uri.expose().to_owned() })))
}

/// Returns whether an otpauth URI can have this issuer.
fn is_issuer(text: &str) -> bool {
    (1..=64).contains(&text.chars().count()) && !text.contains(|c: char| c.is_control() || c == ':')
}

/// Removes the secret and the one-time code of an account.
#[utoipa::path(delete, path = "/accounts/{id}/otp", tag = "one-time passwords", responses(
    (status = 204, description = "The account has no one-time passwords."),
))]
async fn remove_otp(access: Access, Path(path): Path<AccountPath>) -> Result<StatusCode, Problem> {
    access.require(Scope::Resets)?;
    let account = find(&access, &path.id).await?;
    access.administration(None).remove_otp(&access.realm, account.user_id.as_str()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A one-time code to issue.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct IssueOtpCode {
    /// The lifetime of the code, 1 to 600 seconds. Default: 600.
    #[schema(minimum = 1, maximum = 600)]
    lifetime: Option<u64>,
    /// The end user.
    #[serde(default, deserialize_with = "object")]
    client: Option<Client>,
}

/// An issued one-time code.
#[derive(Serialize, ToSchema)]
struct OtpCode {
    /// The code of eight digits, which is shown once.
    code: String,
    /// When it expires.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// Issues a one-time code of eight digits, which replaces an older one.
#[utoipa::path(post, path = "/accounts/{id}/otp/code", tag = "one-time passwords",
    request_body = IssueOtpCode,
    responses((status = 201, description = "The code, which is shown once.", body = OtpCode)))]
async fn issue_otp_code(
    access: Access,
    Path(path): Path<AccountPath>,
    Json(body): Json<IssueOtpCode>,
) -> Result<(StatusCode, Answer<OtpCode>), Problem> {
    access.require(Scope::Resets)?;
    let lifetime = body.lifetime.map_or(Administration::RESET_LIFETIME, Duration::from_secs);
    let mut checks = Checks::default();
    if lifetime.is_zero() || lifetime > Administration::RESET_LIFETIME {
        checks.fail("/lifetime", "is 1 to 600 seconds");
    }
    checks.finish()?;
    let account = find(&access, &path.id).await?;
    let administration = access.administration(body.client);
    let issued = administration.issue_otp_code(&access.realm, account.user_id.as_str(), lifetime);
    let (code, expires_at) = issued.await?;
    Ok((StatusCode::CREATED, Answer(OtpCode { code: code.expose().to_owned(), expires_at })))
}
