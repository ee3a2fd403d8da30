//! Errors as `application/problem+json` (RFC 9457).

use std::time::Duration;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use repass_core::{
    AccountId, AdministrationError, ErrorChain, NameKind, SignInError, StoreError, Violation,
};
use serde::Serialize;
use utoipa::ToSchema;

/// An error.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// The URI of the kind of error: `urn:repass:problem:` and the code.
    #[serde(rename = "type")]
    kind: String,
    /// What the code means, in one sentence.
    title: &'static str,
    /// The status of the response.
    status: u16,
    /// What is wrong with this request.
    detail: String,
    /// The code, which never changes.
    code: &'static str,
    /// The request's id, as in the header `x-request-id`, the log and the audit records.
    pub(crate) request_id: String,
    /// The id of the account that has the user id, e-mail address or user name already.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    /// What is wrong with members of the body or parameters of the query.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    #[serde(skip)]
    retry_after: Option<Duration>,
}

/// What is wrong with one member of the body or one parameter of the query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// The JSON pointer of the member (RFC 6901), or the name of the parameter after a slash.
    pub(crate) pointer: String,
    /// The code, which never changes.
    pub(crate) code: &'static str,
    /// What is wrong. It does not contain the value.
    pub(crate) detail: String,
}

impl FieldError {
    pub(crate) fn new(
        pointer: impl Into<String>,
        code: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self { pointer: pointer.into(), code, detail: detail.into() }
    }
}

/// The codes with their statuses and titles.
const CODES: [(&str, StatusCode, &str); 27] = [
    ("unauthenticated", StatusCode::UNAUTHORIZED, "The request has no active admin key."),
    ("realm-not-allowed", StatusCode::FORBIDDEN, "The key is for another realm."),
    ("scope-missing", StatusCode::FORBIDDEN, "The key does not allow this call."),
    (
        "operator-passwords-disabled",
        StatusCode::FORBIDDEN,
        "The server does not let operators set passwords.",
    ),
    ("scope-not-granted", StatusCode::FORBIDDEN, "A key cannot issue a key that allows more."),
    ("not-found", StatusCode::NOT_FOUND, "There is no such path."),
    ("no-such-account", StatusCode::NOT_FOUND, "The realm has no such account."),
    ("method-not-allowed", StatusCode::METHOD_NOT_ALLOWED, "The path has other methods."),
    ("user-id-taken", StatusCode::CONFLICT, "The realm has an account of this user id."),
    ("email-taken", StatusCode::CONFLICT, "The realm has an account of this e-mail address."),
    ("username-taken", StatusCode::CONFLICT, "The realm has an account of this user name."),
    ("account-inactive", StatusCode::CONFLICT, "The account is not active."),
    (
        "kept-elsewhere",
        StatusCode::CONFLICT,
        "The accounts are kept in a table of another application.",
    ),
    ("mail-not-configured", StatusCode::CONFLICT, "The server sends no mails with reset links."),
    ("stale", StatusCode::PRECONDITION_FAILED, "The account was changed since it was read."),
    ("incomplete-body", StatusCode::REQUEST_TIMEOUT, "The body did not arrive."),
    ("too-large", StatusCode::PAYLOAD_TOO_LARGE, "The body is too large."),
    (
        "unsupported-media-type",
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "The body has another content type.",
    ),
    ("invalid-body", StatusCode::BAD_REQUEST, "The body is not as described."),
    ("invalid-query", StatusCode::BAD_REQUEST, "The query is not as described."),
    ("invalid-realm", StatusCode::BAD_REQUEST, "The path names no valid realm."),
    ("invalid-precondition", StatusCode::BAD_REQUEST, "If-Match has no ETag of an account."),
    ("password-rejected", StatusCode::UNPROCESSABLE_ENTITY, "The policy refuses the password."),
    ("overloaded", StatusCode::SERVICE_UNAVAILABLE, "The server has too much to do."),
    ("store-unavailable", StatusCode::SERVICE_UNAVAILABLE, "The database cannot be reached."),
    (
        "compromised-unavailable",
        StatusCode::SERVICE_UNAVAILABLE,
        "The password cannot be looked up among those from breaches.",
    ),
    ("fault", StatusCode::INTERNAL_SERVER_ERROR, "The server failed."),
];

impl Problem {
    /// Returns the problem of this code, one of [`CODES`]. The request's id is added later.
    pub(crate) fn new(code: &'static str, detail: impl Into<String>) -> Self {
        let known = CODES.iter().find(|(known, ..)| *known == code);
        let (_, status, title) = known.copied().unwrap_or(CODES[CODES.len() - 1]);
        Self {
            kind: format!("urn:repass:problem:{code}"),
            title,
            status: status.as_u16(),
            detail: detail.into(),
            code,
            request_id: String::new(),
            account: None,
            errors: Vec::new(),
            retry_after: None,
        }
    }

    /// Returns the problem of a body with these errors.
    pub(crate) fn invalid_body(errors: Vec<FieldError>) -> Self {
        Self::with_errors("invalid-body", errors)
    }

    /// Returns the problem of a query with these errors.
    pub(crate) fn invalid_query(errors: Vec<FieldError>) -> Self {
        Self::with_errors("invalid-query", errors)
    }

    fn with_errors(code: &'static str, errors: Vec<FieldError>) -> Self {
        let details = errors.iter().map(|error| format!("{}: {}", error.pointer, error.detail));
        let detail = details.collect::<Vec<_>>().join("; ");
        Self { errors, ..Self::new(code, detail) }
    }

    /// Returns the problem of a name that this account has already.
    pub(crate) fn taken(code: &'static str, by: AccountId) -> Self {
        let detail = format!("the account {by} has it");
        Self { account: Some(by.to_string()), ..Self::new(code, detail) }
    }

    /// Returns the problem of a password that the policy refuses.
    pub(crate) fn rejected(violations: &[Violation]) -> Self {
        let errors = violations
            .iter()
            .map(|violation| FieldError::new("/password", violation.code(), violation.to_string()));
        Self::with_errors("password-rejected", errors.collect())
    }

    /// Returns the problem of an error that callers cannot mend, and logs the error.
    fn fault(error: &(dyn std::error::Error + 'static)) -> Self {
        log_fault(error);
        Self::new("fault", "see the server's log for the request id")
    }

    fn overloaded(retry_after: Duration) -> Self {
        let problem = Self::new("overloaded", "repeat the request later");
        Self { retry_after: Some(retry_after), ..problem }
    }

    pub(crate) const fn code(&self) -> &'static str {
        self.code
    }

    /// Writes the response.
    pub(crate) fn render(&self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(after) = self.retry_after {
            headers.insert(RETRY_AFTER, after.as_secs().max(1).into());
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Logs the cause of a problem, in the span of the call.
fn log_fault(error: &(dyn std::error::Error + 'static)) {
    let error = ErrorChain(error).to_string();
    tracing::error!(target: "repass::fault", error, "a call of the admin API failed");
}

/// The middleware renders it when it knows the request's id.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Unavailable(_) => {
                log_fault(&error);
                let problem = Self::new("store-unavailable", "repeat the request later");
                Self { retry_after: Some(Duration::from_secs(1)), ..problem }
            }
            _ => Self::fault(&error),
        }
    }
}

impl From<AdministrationError> for Problem {
    fn from(error: AdministrationError) -> Self {
        let detail = error.to_string();
        match error {
            AdministrationError::AccountExists { .. } => Self::new("user-id-taken", detail),
            AdministrationError::NameTaken { kind: NameKind::Email, by } => {
                Self::taken("email-taken", by)
            }
            AdministrationError::NameTaken { kind: NameKind::Username, by } => {
                Self::taken("username-taken", by)
            }
            AdministrationError::NoSuchAccount { .. } => Self::new("no-such-account", detail),
            AdministrationError::KeptElsewhere | AdministrationError::NotMapped(_) => {
                Self::new("kept-elsewhere", detail)
            }
            AdministrationError::Changed => Self::new("stale", detail),
            AdministrationError::Inactive => Self::new("account-inactive", detail),
            AdministrationError::Busy { retry_after } => Self::overloaded(retry_after),
            AdministrationError::Rejected(violations) => Self::rejected(&violations),
            AdministrationError::Invalid(reason) => Self::new("invalid-body", reason),
            AdministrationError::Otp(repass_core::OtpError::Uri(reason)) => {
                Self::new("invalid-body", reason)
            }
            AdministrationError::CompromisedUnavailable(error) => {
                log_fault(&error);
                let problem = Self::new("compromised-unavailable", "repeat the request later");
                Self { retry_after: Some(Duration::from_secs(1)), ..problem }
            }
            AdministrationError::Store(error) => error.into(),
            error => Self::fault(&error),
        }
    }
}

/// Of a sign-in that is neither right nor refused. Refusals are answers, not problems.
impl From<SignInError> for Problem {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Busy { retry_after } => Self::overloaded(retry_after),
            SignInError::Store(error) => error.into(),
            error => Self::fault(&error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_known_once() {
        for (code, status, title) in CODES {
            assert_eq!(CODES.iter().filter(|(other, ..)| *other == code).count(), 1, "{code}");
            assert!(status.is_client_error() || status.is_server_error());
            assert!(title.ends_with('.'), "{title}");
        }
    }
}
