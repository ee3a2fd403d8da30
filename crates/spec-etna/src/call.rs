use http::StatusCode;
use http::header::{HeaderValue, WWW_AUTHENTICATE};
use repass_core::{
    Authority, Authorization, Caller, Change, ChangeError, Changed, KeyKind, Plaintext, Proof,
    Realm, Sessions,
};
use repass_spec::{Call, Credential, Rejection, Reply, RequiredCredential, reply};

use crate::media_type::MediaType;
use crate::user::{InvalidUser, TEMPLATE, User};
use crate::{Failure, UserPassword};

/// One request.
pub(crate) struct EtnaCall {
    pub(crate) realm: Realm,
    pub(crate) user: Result<User, InvalidUser>,
    pub(crate) app_key: Option<Plaintext>,
    pub(crate) access_token: Option<Plaintext>,
    pub(crate) media_type: MediaType,
    pub(crate) sessions: Sessions,
    /// Set by `authorize`.
    pub(crate) authorization: Option<Authorization>,
}

impl Call for EtnaCall {
    fn route(&self) -> &'static str {
        TEMPLATE
    }

    fn credentials(&mut self) -> Vec<Credential> {
        vec![
            Credential::Key(KeyKind::App, self.app_key.take()),
            Credential::AccessToken(self.access_token.take()),
        ]
    }

    /// Not even an administrator may change another user's password.
    fn authorize(&mut self, caller: &Caller) -> Result<(), Reply> {
        let holder = caller.token.as_ref().ok_or_else(denied)?;
        let user = self
            .user
            .map_err(|_| Failure::http("The request is invalid.").reply(StatusCode::BAD_REQUEST))?;
        let subject = user.subject(self.realm.clone(), holder);
        let authorization = Authority::SelfOnly.decide(caller.clone(), subject);
        if !authorization.is_allowed() {
            return Err(denied());
        }
        self.authorization = Some(authorization);
        self.media_type.check(false).map_err(unsupported)
    }

    fn read(&mut self, body: &[u8], _: Caller) -> Result<Change, Reply> {
        let authorization = self.authorization.take().ok_or_else(denied)?;
        // HTTP/2 allows a body that the head does not announce.
        self.media_type.check(!body.is_empty()).map_err(unsupported)?;
        let request = UserPassword::from_body(body)
            .map_err(|state| Failure::invalid(state).reply(StatusCode::UNPROCESSABLE_ENTITY))?;
        let proof = Proof::OldPassword(request.old_password);
        Ok(Change::new(authorization, proof, request.password).with_sessions(self.sessions))
    }

    fn respond(&self, result: Result<&Changed, &ChangeError>) -> Reply {
        let Err(error) = result else {
            return reply::empty(StatusCode::OK);
        };
        if let Some(retry_after) = error.unavailable() {
            return self.reject(Rejection::Unavailable { retry_after });
        }
        match error {
            ChangeError::WrongPassword => {
                operation(StatusCode::BAD_REQUEST, "Old password is incorrect.")
            }
            ChangeError::Rejected(violations) => {
                let errors = violations.iter().map(ToString::to_string).collect();
                Failure::operation(StatusCode::CONFLICT, errors).reply(StatusCode::CONFLICT)
            }
            ChangeError::TooManyAttempts { retry_after } => {
                let error = "Too many failed attempts. Please try again later.";
                let reply = operation(StatusCode::TOO_MANY_REQUESTS, error);
                reply::with_retry_after(reply, *retry_after)
            }
            ChangeError::Forbidden => denied(),
            _ => self.reject(Rejection::Fault),
        }
    }

    fn reject(&self, rejection: Rejection) -> Reply {
        match rejection {
            Rejection::Unauthenticated(RequiredCredential::Key(_)) => {
                Failure::application_key().reply(StatusCode::FORBIDDEN)
            }
            Rejection::Unauthenticated(RequiredCredential::AccessToken) => denied(),
            Rejection::UnsupportedEncoding => unsupported(
                "The request entity's content encoding is not supported for this resource.",
            ),
            Rejection::BodyTooLarge => {
                operation(StatusCode::PAYLOAD_TOO_LARGE, "The request body is too large.")
            }
            Rejection::BodyIncomplete => {
                operation(StatusCode::REQUEST_TIMEOUT, "The request body did not arrive in full.")
            }
            Rejection::Unavailable { retry_after } => {
                let reply = Failure::fault().reply(StatusCode::SERVICE_UNAVAILABLE);
                reply::with_retry_after(reply, retry_after)
            }
            _ => Failure::fault().reply(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

fn operation(status: StatusCode, error: &str) -> Reply {
    Failure::operation(status, vec![error.to_owned()]).reply(status)
}

/// Has a challenge, since RFC 9110, 15.5.2 requires one in every 401.
fn denied() -> Reply {
    let mut reply = Failure::denied().reply(StatusCode::UNAUTHORIZED);
    reply.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    reply
}

fn unsupported(message: &str) -> Reply {
    Failure::http(message).reply(StatusCode::UNSUPPORTED_MEDIA_TYPE)
}
