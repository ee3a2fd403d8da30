use http::header::{HeaderValue, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use repass_core::{
    Caller, Change, ChangeError, Changed, Context, KeyKind, Proof, Sessions, Violation,
};
use repass_spec::{Credential, Demand, Head, Refusal, Reply, Route, Spec, header, reply};

use crate::user_id::{self, UserIdError};
use crate::{Failure, ModelState, UserPassword, media_type};

const METHOD: &str = "PUT";
const CONTENT_TYPE: &str = "application/json; charset=utf-8";

/// The etna API, to be mounted on one realm whose user ids are 32-bit integers.
#[derive(Debug, Clone)]
pub struct EtnaSpec {
    keep_presenting_token: bool,
}

impl EtnaSpec {
    /// The API with its default options.
    pub const fn new() -> Self {
        Self { keep_presenting_token: true }
    }

    /// Whether the token that a change was made with stays valid. All others of the account end in
    /// any case. `true` unless said otherwise.
    #[must_use]
    pub const fn with_keep_presenting_token(mut self, keep: bool) -> Self {
        self.keep_presenting_token = keep;
        self
    }
}

impl Default for EtnaSpec {
    fn default() -> Self {
        Self::new()
    }
}

impl Spec for EtnaSpec {
    fn name(&self) -> &'static str {
        "etna"
    }

    fn route(&self, path: &str, method: &Method) -> Route {
        match user_id::segment(path) {
            Some(_) if *method == Method::PUT => Route::Here,
            Some(_) => Route::OtherMethod { allow: METHOD },
            None => Route::Elsewhere { affinity: user_id::affinity(path) },
        }
    }

    fn credentials(&self, head: &Head<'_>) -> Vec<Credential> {
        let headers = &head.parts.headers;
        vec![
            Credential::Key(KeyKind::App, header::secret(headers, "et-app-key")),
            Credential::AccessToken(header::bearer(headers)),
        ]
    }

    fn admit(&self, head: &Head<'_>, caller: &Caller) -> Result<(), Reply> {
        user_id::subject(head, caller).map_err(nobody)?;
        media_type::check_head(&head.parts.headers).map_err(unsupported)
    }

    fn read(&self, head: &Head<'_>, body: &[u8], caller: &Caller) -> Result<Change, Reply> {
        let subject = user_id::subject(head, caller).map_err(nobody)?;
        // A body can come unannounced, as HTTP/2 allows.
        media_type::check(&head.parts.headers, !body.is_empty()).map_err(unsupported)?;
        let request = UserPassword::from_body(body).map_err(invalid)?;
        let (Some(old), Some(new)) = (request.old_password, request.password) else {
            return Err(fault());
        };
        Ok(Change {
            subject,
            caller: caller.clone(),
            authority: user_id::AUTHORITY,
            proof: Proof::OldPassword(old),
            otp: None,
            new_password: new,
            sessions: if self.keep_presenting_token {
                Sessions::KeepPresenting
            } else {
                Sessions::EndAll
            },
            context: Context::new(self.name()),
        })
    }

    fn write(
        &self,
        _head: &Head<'_>,
        _context: &Context,
        result: Result<&Changed, &ChangeError>,
    ) -> Reply {
        let Err(error) = result else {
            return reply::empty(StatusCode::OK);
        };
        if let Some(after) = error.unavailable() {
            return reply::with_retry_after(unavailable(), after);
        }
        match error {
            ChangeError::WrongPassword => {
                operation(StatusCode::BAD_REQUEST, "Old password is incorrect.")
            }
            ChangeError::Rejected(violations) => rejected(violations),
            ChangeError::TooManyAttempts { retry_after } => reply::with_retry_after(
                operation(
                    StatusCode::TOO_MANY_REQUESTS,
                    "Too many failed attempts. Please try again later.",
                ),
                *retry_after,
            ),
            ChangeError::Forbidden => denied(),
            _ => fault(),
        }
    }

    fn refuse(&self, head: &Head<'_>, refusal: Refusal<'_>) -> Reply {
        match refusal {
            Refusal::NotFound => failure(
                StatusCode::NOT_FOUND,
                &Failure::http(format!(
                    "No HTTP resource was found that matches the request URI '{}'.",
                    header::absolute_uri(head)
                )),
            ),
            Refusal::MethodNotAllowed { allow } => reply::with_allow(
                failure(
                    StatusCode::METHOD_NOT_ALLOWED,
                    &Failure::http(format!(
                        "The requested resource does not support http method '{}'.",
                        reply::quoted(head.parts.method.as_str())
                    )),
                ),
                allow,
            ),
            Refusal::Unauthenticated(Demand::Key(_)) => {
                failure(StatusCode::FORBIDDEN, &Failure::application_key())
            }
            Refusal::Unauthenticated(Demand::AccessToken) => denied(),
            Refusal::UnsupportedEncoding => unsupported(
                "The request entity's content encoding is not supported for this resource."
                    .to_owned(),
            ),
            Refusal::BodyTooLarge => {
                operation(StatusCode::PAYLOAD_TOO_LARGE, "The request body is too large.")
            }
            Refusal::BodyIncomplete => {
                operation(StatusCode::REQUEST_TIMEOUT, "The request body did not arrive in full.")
            }
            Refusal::Unavailable { retry_after } => {
                reply::with_retry_after(unavailable(), retry_after)
            }
            _ => fault(),
        }
    }
}

fn failure(status: StatusCode, failure: &Failure) -> Reply {
    reply::json(status, CONTENT_TYPE, failure)
}

fn operation(status: StatusCode, error: &str) -> Reply {
    failure(status, &Failure::operation(status, vec![error.to_owned()]))
}

fn rejected(violations: &[Violation]) -> Reply {
    let errors = violations.iter().map(ToString::to_string).collect();
    failure(StatusCode::CONFLICT, &Failure::operation(StatusCode::CONFLICT, errors))
}

fn nobody(error: UserIdError) -> Reply {
    match error {
        UserIdError::Malformed => {
            failure(StatusCode::BAD_REQUEST, &Failure::http("The request is invalid."))
        }
        UserIdError::Denied => denied(),
    }
}

/// Names the scheme too, as RFC 9110, 15.5.2 demands of every 401.
fn denied() -> Reply {
    let mut reply = failure(StatusCode::UNAUTHORIZED, &Failure::denied());
    reply.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    reply
}

fn unsupported(message: String) -> Reply {
    failure(StatusCode::UNSUPPORTED_MEDIA_TYPE, &Failure::http(message))
}

fn invalid(state: ModelState) -> Reply {
    failure(StatusCode::UNPROCESSABLE_ENTITY, &Failure::invalid(state))
}

fn unavailable() -> Reply {
    failure(StatusCode::SERVICE_UNAVAILABLE, &Failure::fault())
}

fn fault() -> Reply {
    failure(StatusCode::INTERNAL_SERVER_ERROR, &Failure::fault())
}
