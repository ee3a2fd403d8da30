use http::StatusCode;
use http::header::{HeaderValue, WWW_AUTHENTICATE};
use repass_core::{
    Authority, Caller, Change, ChangeError, Changed, Context, Proof, Realm, Sessions, Subject,
};
use repass_spec::{Call, Credential, Rejection, Reply, RequiredCredential, reply};

use crate::encoding::Charset;
use crate::http_error::{ERROR, HttpError};
use crate::negotiation::Format;
use crate::request::{UnsupportedMediaType, UpdateUserPasswordRequest};
use crate::response::UpdateUserPasswordResponse;
use crate::{Authentication, ContentFormat, PATH};

/// One request.
pub(crate) struct CustomerCall {
    pub(crate) realm: Realm,
    pub(crate) authentication: Authentication,
    pub(crate) credential: Option<Credential>,
    pub(crate) content: Result<(ContentFormat, Charset), UnsupportedMediaType>,
    /// The format of the answer.
    pub(crate) answer: Format,
}

impl CustomerCall {
    /// Returns the change. A missing password counts as an empty one, which the engine refuses, so
    /// that neither answer nor time reveals whether the account exists.
    fn change(&self, model: UpdateUserPasswordRequest, caller: Caller) -> Change {
        let subject = Subject::new(self.realm.clone(), model.user_id.hyphenated().to_string());
        let authority = match self.authentication {
            Authentication::None | Authentication::ApiKey => Authority::AnyoneWithProof,
            Authentication::Bearer => Authority::SelfOrAdmin,
        };
        let sessions = match caller.token {
            Some(_) => Sessions::KeepPresenting,
            None => Sessions::EndAll,
        };
        let context = Context {
            ip_address: model.ip_address,
            user_agent: model.user_agent,
            session: model.permanent_session_id,
            ..Context::default()
        };
        let proof = Proof::OldPassword(model.old_password.unwrap_or_else(|| "".into()));
        let new_password = model.new_password.unwrap_or_else(|| "".into());
        Change::new(authority.decide(caller, subject), proof, new_password)
            .with_sessions(sessions)
            .with_context(context.bounded())
    }

    fn refused(&self, status: StatusCode, message: impl Into<String>) -> Reply {
        self.answer.reply(status, &HttpError::new(message))
    }

    fn unauthorized(&self, required: RequiredCredential) -> Reply {
        let message = "Authorization has been denied for this request.";
        let mut reply = self.refused(StatusCode::UNAUTHORIZED, message);
        // RFC 9110, 15.5.2 requires a challenge; no scheme is registered for a key.
        let scheme = match required {
            RequiredCredential::Key(_) => "ApiKey",
            RequiredCredential::AccessToken => "Bearer",
        };
        reply.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
        reply
    }
}

impl Call for CustomerCall {
    fn route(&self) -> &'static str {
        PATH
    }

    fn credentials(&mut self) -> Vec<Credential> {
        self.credential.take().into_iter().collect()
    }

    fn read(&mut self, body: &[u8], caller: Caller) -> Result<Change, Reply> {
        let binding =
            UpdateUserPasswordRequest::read_as(&self.content, body).map_err(|unsupported| {
                self.refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, unsupported.to_string())
            })?;
        match binding.model {
            Some(model) if binding.model_state.is_empty() => Ok(self.change(model, caller)),
            _ => {
                let error = HttpError::invalid(binding.model_state);
                Err(self.answer.reply(StatusCode::BAD_REQUEST, &error))
            }
        }
    }

    fn respond(&self, result: Result<&Changed, &ChangeError>) -> Reply {
        let answer = |response| self.answer.reply(StatusCode::OK, &response);
        match result {
            Ok(_) => answer(UpdateUserPasswordResponse::changed()),
            Err(ChangeError::WrongPassword) => answer(UpdateUserPasswordResponse::wrong_password()),
            Err(ChangeError::Rejected(violations)) => {
                let messages = violations.iter().map(ToString::to_string);
                answer(UpdateUserPasswordResponse::rejected(messages))
            }
            Err(ChangeError::Forbidden) => self.unauthorized(RequiredCredential::AccessToken),
            Err(ChangeError::TooManyAttempts { retry_after }) => {
                let message = "Too many failed attempts. Try again later.";
                let reply = self.refused(StatusCode::TOO_MANY_REQUESTS, message);
                reply::with_retry_after(reply, *retry_after)
            }
            Err(error) => match error.unavailable() {
                Some(retry_after) => self.reject(Rejection::Unavailable { retry_after }),
                None => self.reject(Rejection::Fault),
            },
        }
    }

    fn reject(&self, rejection: Rejection) -> Reply {
        match rejection {
            Rejection::Unauthenticated(required) => self.unauthorized(required),
            Rejection::UnsupportedEncoding => self.refused(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "The request entity's content encoding is not supported for this resource.",
            ),
            Rejection::BodyTooLarge => {
                self.refused(StatusCode::PAYLOAD_TOO_LARGE, "The request entity is too large.")
            }
            Rejection::BodyIncomplete => self.refused(
                StatusCode::REQUEST_TIMEOUT,
                "The request entity did not arrive completely in time.",
            ),
            Rejection::Unavailable { retry_after } => {
                let message = "The service is too busy. Try again later.";
                let reply = self.refused(StatusCode::SERVICE_UNAVAILABLE, message);
                reply::with_retry_after(reply, retry_after)
            }
            _ => self.refused(StatusCode::INTERNAL_SERVER_ERROR, ERROR),
        }
    }
}
