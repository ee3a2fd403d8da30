use http::header::{CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use repass_core::{
    Authority, Caller, Change, ChangeError, Changed, Context, KeyKind, Proof, Sessions, Subject,
};
use repass_spec::{Credential, Demand, Head, Refusal, Reply, Route, Spec, header, reply};
use serde::{Deserialize, Serialize};

use crate::http_error::{ERROR, HttpError};
use crate::negotiation::Format;
use crate::request::UpdateUserPasswordRequest;
use crate::response::UpdateUserPasswordResponse;

const NAME: &str = "customer";
const PATH: &str = "/api/Customer/UpdateUserPassword";
const METHODS: &str = "POST";
const API_KEY: &str = "x-api-key";

/// What a request must present beside the old password. The vendor's page names nothing, so a
/// drop-in client sends nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Authentication {
    /// Nothing: the old password alone is the proof.
    #[default]
    None,
    /// A key of the mount's realm ([`KeyKind::Api`]) in the header `x-api-key`.
    ApiKey,
    /// An access token in `Authorization: Bearer`. Its holder may change their own password, an
    /// administrator that of others as well.
    Bearer,
}

/// `POST /api/Customer/UpdateUserPassword`.
#[derive(Debug, Clone, Copy, Default)]
pub struct CustomerSpec {
    authentication: Authentication,
}

impl CustomerSpec {
    /// The API with the given authentication in front of it.
    pub const fn new(authentication: Authentication) -> Self {
        Self { authentication }
    }
}

impl Spec for CustomerSpec {
    fn name(&self) -> &'static str {
        NAME
    }

    fn route(&self, path: &str, method: &Method) -> Route {
        Route::of_resource(is_own(path), path, PATH, method, METHODS)
    }

    fn credentials(&self, head: &Head<'_>) -> Vec<Credential> {
        let headers = &head.parts.headers;
        match self.authentication {
            Authentication::None => Vec::new(),
            Authentication::ApiKey => {
                vec![Credential::Key(KeyKind::Api, header::secret(headers, API_KEY))]
            }
            Authentication::Bearer => vec![Credential::AccessToken(header::bearer(headers))],
        }
    }

    fn read(&self, head: &Head<'_>, body: &[u8], caller: &Caller) -> Result<Change, Reply> {
        let content_type = header::single(&head.parts.headers, &CONTENT_TYPE);
        let binding =
            UpdateUserPasswordRequest::read(content_type, body).map_err(|unsupported| {
                refusal(head, StatusCode::UNSUPPORTED_MEDIA_TYPE, unsupported.to_string())
            })?;
        match binding.model {
            Some(model) if binding.model_state.is_empty() => Ok(self.change(head, model, caller)),
            _ => {
                let error = HttpError::invalid(binding.model_state);
                Err(Format::negotiate(&head.parts.headers).reply(StatusCode::BAD_REQUEST, &error))
            }
        }
    }

    fn write(
        &self,
        head: &Head<'_>,
        _context: &Context,
        result: Result<&Changed, &ChangeError>,
    ) -> Reply {
        let answer =
            |response| Format::negotiate(&head.parts.headers).reply(StatusCode::OK, &response);
        match result {
            Ok(_) => answer(UpdateUserPasswordResponse::changed()),
            Err(ChangeError::WrongPassword) => answer(UpdateUserPasswordResponse::wrong_password()),
            Err(ChangeError::Rejected(violations)) => {
                let messages = violations.iter().map(ToString::to_string);
                answer(UpdateUserPasswordResponse::rejected(messages))
            }
            Err(ChangeError::Forbidden) => unauthorized(head, Demand::AccessToken),
            Err(ChangeError::TooManyAttempts { retry_after }) => {
                let message = "Too many failed attempts. Try again later.";
                let reply = refusal(head, StatusCode::TOO_MANY_REQUESTS, message);
                reply::with_retry_after(reply, *retry_after)
            }
            Err(error) => match error.unavailable() {
                Some(retry_after) => self.refuse(head, Refusal::Unavailable { retry_after }),
                None => self.refuse(head, Refusal::Fault),
            },
        }
    }

    fn refuse(&self, head: &Head<'_>, why: Refusal<'_>) -> Reply {
        match why {
            Refusal::NotFound => {
                let message = format!(
                    "No HTTP resource was found that matches the request URI '{}'.",
                    header::absolute_uri(head)
                );
                refusal(head, StatusCode::NOT_FOUND, message)
            }
            Refusal::MethodNotAllowed { allow } => {
                let message = format!(
                    "The requested resource does not support http method '{}'.",
                    reply::quoted(head.parts.method.as_str())
                );
                let reply = refusal(head, StatusCode::METHOD_NOT_ALLOWED, message);
                reply::with_allow(reply, allow)
            }
            Refusal::Unauthenticated(demand) => unauthorized(head, demand),
            Refusal::UnsupportedEncoding => refusal(
                head,
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "The request entity's content encoding is not supported for this resource.",
            ),
            Refusal::BodyTooLarge => {
                refusal(head, StatusCode::PAYLOAD_TOO_LARGE, "The request entity is too large.")
            }
            Refusal::BodyIncomplete => refusal(
                head,
                StatusCode::REQUEST_TIMEOUT,
                "The request entity did not arrive completely in time.",
            ),
            Refusal::Unavailable { retry_after } => {
                let message = "The service is too busy. Try again later.";
                let reply = refusal(head, StatusCode::SERVICE_UNAVAILABLE, message);
                reply::with_retry_after(reply, retry_after)
            }
            _ => refusal(head, StatusCode::INTERNAL_SERVER_ERROR, ERROR),
        }
    }
}

impl CustomerSpec {
    /// A missing password counts as an empty one: the engine refuses it in its own time, so that
    /// nobody learns from the answer whether the account exists.
    fn change(&self, head: &Head<'_>, model: UpdateUserPasswordRequest, caller: &Caller) -> Change {
        Change {
            subject: Subject::new(head.realm.clone(), model.user_id.hyphenated().to_string()),
            caller: caller.clone(),
            authority: match self.authentication {
                Authentication::None | Authentication::ApiKey => Authority::AnyoneWithProof,
                Authentication::Bearer => Authority::SelfOrAdmin,
            },
            proof: Proof::OldPassword(model.old_password.unwrap_or_else(|| "".into())),
            otp: None,
            new_password: model.new_password.unwrap_or_else(|| "".into()),
            sessions: match caller.token {
                Some(_) => Sessions::KeepPresenting,
                None => Sessions::EndAll,
            },
            context: Context {
                ip_address: model.ip_address,
                user_agent: model.user_agent,
                session: model.permanent_session_id,
                ..Context::new(NAME)
            }
            .bounded(),
        }
    }
}

/// Whether `path` is the action's, in any case, with at most an id and a slash behind it, as the
/// framework's default route (`api/{controller}/{action}/{id}`) has it.
fn is_own(path: &str) -> bool {
    let path = path.strip_suffix('/').unwrap_or(path);
    match path.split_at_checked(PATH.len()) {
        Some((own, rest)) if own.eq_ignore_ascii_case(PATH) => {
            rest.is_empty()
                || rest.strip_prefix('/').is_some_and(|id| !id.is_empty() && !id.contains('/'))
        }
        _ => false,
    }
}

fn refusal(head: &Head<'_>, status: StatusCode, message: impl Into<String>) -> Reply {
    Format::negotiate(&head.parts.headers).reply(status, &HttpError::new(message))
}

fn unauthorized(head: &Head<'_>, demand: Demand) -> Reply {
    let message = "Authorization has been denied for this request.";
    let mut reply = refusal(head, StatusCode::UNAUTHORIZED, message);
    // RFC 9110, 15.5.2 demands a challenge; there is no registered scheme for a key.
    let scheme = match demand {
        Demand::Key(_) => "ApiKey",
        Demand::AccessToken => "Bearer",
    };
    reply.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
    reply
}

#[cfg(test)]
mod tests;
