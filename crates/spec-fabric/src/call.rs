use std::sync::Arc;

use http::StatusCode;
use repass_core::{
    Authority, Caller, Change, ChangeError, Changed, Context, KeyKind, Plaintext, Proof, Realm,
    Sessions, SignedTokenVerifier, Subject, Violation,
};
use repass_spec::{Call, Credential, Rejection, Reply, reply};

use crate::{ChangePassword, FabricError, FabricUser, Moment, PATH, SiteContextError};

pub(crate) const CONTENT_TYPE: &str = "application/json";

/// The longest reset token that is accepted, in bytes.
const MAX_RESET_TOKEN_BYTES: usize = 4096;

/// One request.
pub(crate) struct FabricCall {
    pub(crate) api_key: Option<Plaintext>,
    pub(crate) site: Result<Site, SiteContextError>,
    pub(crate) is_json: bool,
}

/// The site account of a request.
pub(crate) struct Site {
    pub(crate) account: String,
    pub(crate) channel: Option<String>,
    /// The realm of the site account, if it has one.
    pub(crate) realm: Option<Realm>,
    /// The verifier of signed reset tokens, if the realm accepts them.
    pub(crate) verifier: Option<Arc<dyn SignedTokenVerifier>>,
}

impl Site {
    fn proof(&self, token: Plaintext) -> Proof {
        match &self.verifier {
            Some(verifier) if is_compact_jws(token.expose()) => {
                Proof::SignedToken { token, verifier: Arc::clone(verifier) }
            }
            _ => Proof::ResetToken(token),
        }
    }
}

impl FabricCall {
    fn site(&self) -> Result<&Site, Reply> {
        self.site.as_ref().map_err(|error| bad_request(format!("{error}.")))
    }
}

impl Call for FabricCall {
    fn route(&self) -> &'static str {
        PATH
    }

    fn credentials(&mut self) -> Vec<Credential> {
        vec![Credential::Key(KeyKind::Api, self.api_key.take())]
    }

    fn authorize(&mut self, _: &Caller) -> Result<(), Reply> {
        self.site().map(drop)
    }

    fn read(&mut self, body: &[u8], caller: Caller) -> Result<Change, Reply> {
        let site = self.site()?;
        if !self.is_json {
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            let message = "Content-Type must be application/json.";
            return Err(failure(status, "UNSUPPORTED_MEDIA_TYPE", message));
        }
        let request =
            ChangePassword::read(body).map_err(|error| bad_request(format!("{error}.")))?;
        let realm = site.realm.clone().ok_or_else(user_not_found)?;
        if request.reset_token.byte_len() > MAX_RESET_TOKEN_BYTES {
            return Err(user_not_found());
        }
        let subject = Subject::new(realm, request.user_id);
        let authorization = Authority::AnyoneWithProof.decide(caller, subject);
        let proof = site.proof(request.reset_token);
        let context = Context { channel: site.channel.clone(), ..Context::default() };
        Ok(Change::new(authorization, proof, request.new_password)
            .with_sessions(Sessions::EndAll)
            .with_context(context))
    }

    fn respond(&self, result: Result<&Changed, &ChangeError>) -> Reply {
        let changed = match result {
            Ok(changed) => changed,
            Err(error) => return refused(error),
        };
        let account = self.site.as_ref().ok().map(|site| site.account.clone());
        let user = FabricUser::from_account(&changed.account, Moment(changed.at), account);
        reply::json(StatusCode::OK, CONTENT_TYPE, &user)
    }

    fn reject(&self, rejection: Rejection) -> Reply {
        match rejection {
            Rejection::Unauthenticated(_) => forbidden(),
            Rejection::UnsupportedEncoding => {
                let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
                let message = "Content-Encoding is not supported.";
                failure(status, "UNSUPPORTED_MEDIA_TYPE", message)
            }
            Rejection::BodyTooLarge => {
                let status = StatusCode::PAYLOAD_TOO_LARGE;
                failure(status, "PAYLOAD_TOO_LARGE", "The body is too large.")
            }
            Rejection::BodyIncomplete => {
                let status = StatusCode::REQUEST_TIMEOUT;
                failure(status, "REQUEST_TIMEOUT", "The body did not arrive in time.")
            }
            Rejection::Unavailable { retry_after } => {
                reply::with_retry_after(unavailable(), retry_after)
            }
            _ => fault(),
        }
    }
}

/// Whether a token has the form of a JSON Web Token (RFC 7515, 7.1). repass's own tokens have no
/// dot.
fn is_compact_jws(token: &str) -> bool {
    token.split('.').count() == 3
}

fn refused(error: &ChangeError) -> Reply {
    if let Some(retry_after) = error.unavailable() {
        return reply::with_retry_after(unavailable(), retry_after);
    }
    match error {
        ChangeError::UnknownToken | ChangeError::WrongPassword => user_not_found(),
        ChangeError::TokenExpired => {
            failure(StatusCode::UNAUTHORIZED, "VERIFY_TOKEN_FAILED", "Token expired.")
        }
        ChangeError::Inactive => {
            failure(StatusCode::UNAUTHORIZED, "USER_INACTIVE", "User is inactive.")
        }
        ChangeError::Rejected(violations) => {
            failure(StatusCode::BAD_REQUEST, "INVALID_PASSWORD", sentences(violations))
        }
        ChangeError::Forbidden => forbidden(),
        ChangeError::TooManyAttempts { retry_after } => {
            let status = StatusCode::TOO_MANY_REQUESTS;
            let message = "Too many failed attempts. Please try again later.";
            reply::with_retry_after(failure(status, "TOO_MANY_REQUESTS", message), *retry_after)
        }
        // Server failures, and errors of one-time passwords, which this API does not use.
        _ => fault(),
    }
}

fn sentences(violations: &[Violation]) -> String {
    violations.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// One answer for an unknown site account, an unknown user, an unknown token and another user's
/// token, so that accounts cannot be enumerated (ASVS 6.3.8).
fn user_not_found() -> Reply {
    failure(StatusCode::NOT_FOUND, "USER_NOT_FOUND", "User not found.")
}

fn bad_request(message: String) -> Reply {
    failure(StatusCode::BAD_REQUEST, "BAD_REQUEST", message)
}

fn forbidden() -> Reply {
    let error = FabricError::from_gateway("Forbidden");
    reply::json(StatusCode::FORBIDDEN, CONTENT_TYPE, &error)
}

fn unavailable() -> Reply {
    let status = StatusCode::SERVICE_UNAVAILABLE;
    failure(status, "SERVICE_UNAVAILABLE", "Service unavailable. Please try again later.")
}

fn fault() -> Reply {
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    failure(status, "INTERNAL_SERVER_ERROR", "Internal server error.")
}

pub(crate) fn failure(status: StatusCode, code: &str, message: impl Into<String>) -> Reply {
    let error = status.canonical_reason().unwrap_or_default();
    reply::json(status, CONTENT_TYPE, &FabricError::new(error, code, message))
}
