use http::StatusCode;
use http::header::{HeaderValue, WWW_AUTHENTICATE};
use repass_core::{
    Authority, Caller, Change, ChangeError, Changed, Plaintext, Proof, Realm, Subject, Violation,
};
use repass_spec::{Call, Credential, Head, Rejection, Reply, RouteMatch, Spec, header, reply};
use serde_json::{Value, json};

use crate::{Answer, ChangePassword, FAULT, METHOD, PATH, SecureOtp};

const CONTENT_TYPE: &str = "application/json; charset=utf-8";

/// One text for a wrong old password, an unknown account, and a user id and an e-mail address of
/// different accounts, so that accounts cannot be enumerated (ASVS 6.3.8).
const WRONG_PASSWORD: &str = "The user ID, the email or the old password is wrong.";
const WRONG_OTP: &str = "The secure OTP is wrong or has been used.";
const TOO_MANY_ATTEMPTS: &str = "Too many failed attempts. Please try again later.";

/// The zap API.
#[derive(Debug, Clone, Copy, Default)]
pub struct ZapSpec {
    secure_otp: SecureOtp,
}

impl ZapSpec {
    /// Creates the API. `secure_otp` is whether a request must carry a one-time password.
    pub const fn new(secure_otp: SecureOtp) -> Self {
        Self { secure_otp }
    }
}

impl Spec for ZapSpec {
    fn name(&self) -> &'static str {
        "zap"
    }

    fn begin(&self, head: &Head<'_>) -> RouteMatch {
        RouteMatch::at(head, METHOD, PATH, || ZapCall {
            secure_otp: self.secure_otp,
            realm: head.realm.clone(),
            token: header::bearer(&head.parts.headers),
            media_type: header::media_type(&head.parts.headers),
        })
    }

    fn openapi(&self) -> Option<Value> {
        let mut document: Value = serde_json::from_str(include_str!("../openapi.json")).ok()?;
        if self.secure_otp == SecureOtp::Required {
            let required = json!([{ "required": ["secureOTP"] }, { "required": ["otp"] }]);
            let content = document["paths"][PATH]["post"]["requestBody"]["content"].as_object_mut();
            for media_type in content?.values_mut() {
                media_type["schema"]["anyOf"] = required.clone();
            }
        }
        Some(document)
    }

    fn not_found(&self, _: &Head<'_>) -> Reply {
        failure(StatusCode::NOT_FOUND, "Not Found")
    }

    fn method_not_allowed(&self, _: &Head<'_>, allow: &str) -> Reply {
        let reply = failure(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
        reply::with_allow(reply, allow)
    }
}

/// One request.
struct ZapCall {
    secure_otp: SecureOtp,
    realm: Realm,
    token: Option<Plaintext>,
    media_type: Option<String>,
}

impl Call for ZapCall {
    fn route(&self) -> &'static str {
        PATH
    }

    fn credentials(&mut self) -> Vec<Credential> {
        vec![Credential::AccessToken(self.token.take())]
    }

    fn read(&mut self, body: &[u8], caller: Caller) -> Result<Change, Reply> {
        let request = ChangePassword::read(self.media_type.as_deref(), body, self.secure_otp)
            .map_err(|error| failure(StatusCode::BAD_REQUEST, format!("Bad request: {error}.")))?;
        let subject = Subject::new(self.realm.clone(), request.user_id).with_email(request.email);
        let authorization = Authority::SelfOrAdmin.decide(caller, subject);
        let proof = Proof::OldPassword(request.old_password);
        Ok(Change::new(authorization, proof, request.new_password).with_otp(request.secure_otp))
    }

    fn respond(&self, result: Result<&Changed, &ChangeError>) -> Reply {
        match result {
            Ok(_) => reply::json(StatusCode::OK, CONTENT_TYPE, &Answer::changed()),
            Err(error) => refused(error),
        }
    }

    fn reject(&self, rejection: Rejection) -> Reply {
        match rejection {
            Rejection::Unauthenticated(_) => {
                let mut reply = failure(StatusCode::UNAUTHORIZED, "Unauthorized");
                let challenge = HeaderValue::from_static("Bearer");
                reply.headers_mut().insert(WWW_AUTHENTICATE, challenge);
                reply
            }
            Rejection::UnsupportedEncoding => failure(
                StatusCode::BAD_REQUEST,
                "Bad request: the content encoding is not supported.",
            ),
            Rejection::BodyTooLarge => failure(StatusCode::PAYLOAD_TOO_LARGE, "Payload Too Large"),
            Rejection::BodyIncomplete => failure(StatusCode::REQUEST_TIMEOUT, "Request Timeout"),
            Rejection::Unavailable { retry_after } => reply::with_retry_after(
                failure(StatusCode::SERVICE_UNAVAILABLE, FAULT),
                retry_after,
            ),
            _ => fault(),
        }
    }
}

fn refused(error: &ChangeError) -> Reply {
    if let Some(retry_after) = error.unavailable() {
        let reply = failure(StatusCode::SERVICE_UNAVAILABLE, FAULT);
        return reply::with_retry_after(reply, retry_after);
    }
    match error {
        ChangeError::WrongPassword => failure(StatusCode::BAD_REQUEST, WRONG_PASSWORD),
        ChangeError::WrongOtp => failure(StatusCode::BAD_REQUEST, WRONG_OTP),
        ChangeError::Rejected(violations) => {
            failure(StatusCode::BAD_REQUEST, sentences(violations))
        }
        ChangeError::Forbidden => failure(StatusCode::FORBIDDEN, "Forbidden"),
        ChangeError::TooManyAttempts { retry_after } => {
            let reply = failure(StatusCode::TOO_MANY_REQUESTS, TOO_MANY_ATTEMPTS);
            reply::with_retry_after(reply, *retry_after)
        }
        // Server failures, and errors of reset tokens, which this API does not use.
        _ => fault(),
    }
}

fn sentences(violations: &[Violation]) -> String {
    violations.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn fault() -> Reply {
    failure(StatusCode::INTERNAL_SERVER_ERROR, FAULT)
}

fn failure(status: StatusCode, data: impl Into<String>) -> Reply {
    reply::json(status, CONTENT_TYPE, &Answer::failure(data))
}

#[cfg(test)]
mod tests;
