use std::sync::Arc;

use http::header::{HeaderValue, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use repass_core::{
    Authority, Caller, Change, ChangeError, Changed, Context, KeyKind, Proof, Randomness, Sessions,
    Subject,
};
use repass_spec::{Credential, Head, Refusal, Reply, Route, Spec, header, reply};

use crate::sentence::Sentence;
use crate::{Answer, Language, PasswordChange, RequestError, RequestProblem, response_id};

/// The path that the middleware calls, in the vendor's own spelling.
pub const PATH: &str = "/api/rest/v1/ecom/integrations/updateUserChangePasswrod";

const METHOD: &str = "POST";
const CONTENT_TYPE: &str = "application/json";

/// The ecom API, to be mounted on one realm.
#[derive(Debug, Clone)]
pub struct EcomSpec {
    randomness: Arc<dyn Randomness>,
    errors_as_ok: bool,
}

impl EcomSpec {
    /// The API with its default options. `randomness` makes the identifiers of answers.
    pub fn new(randomness: Arc<dyn Randomness>) -> Self {
        Self { randomness, errors_as_ok: false }
    }

    /// Whether failures that are the user's to mend (wrong password, policy, confirmation) are
    /// answered by 200, for bots that drop the text of any other answer. `false` unless said
    /// otherwise.
    #[must_use]
    pub fn with_errors_as_ok(mut self, as_ok: bool) -> Self {
        self.errors_as_ok = as_ok;
        self
    }

    fn answer(&self, status: StatusCode, language: Language, sentence: Sentence<'_>) -> Reply {
        let answer = Answer::new(response_id::fresh(&*self.randomness), sentence.text(language));
        reply::json(status, CONTENT_TYPE, &answer)
    }

    /// The status of a failure that is the user's to mend.
    fn business(&self, status: StatusCode) -> StatusCode {
        if self.errors_as_ok { StatusCode::OK } else { status }
    }

    fn unreadable(&self, error: &RequestError) -> Reply {
        let bad = StatusCode::BAD_REQUEST;
        let (status, sentence) = match &error.problem {
            RequestProblem::Malformed(_) => (bad, Sentence::Malformed),
            RequestProblem::Missing(fields) => (bad, Sentence::Missing(fields)),
            RequestProblem::ConfirmationDiffers => {
                (self.business(bad), Sentence::ConfirmationDiffers)
            }
        };
        self.answer(status, error.language, sentence)
    }

    fn failed(&self, language: Language, error: &ChangeError) -> Reply {
        if let Some(after) = error.unavailable() {
            let reply =
                self.answer(StatusCode::SERVICE_UNAVAILABLE, language, Sentence::Unavailable);
            return reply::with_retry_after(reply, after);
        }
        match error {
            ChangeError::WrongPassword => {
                let status = self.business(StatusCode::FORBIDDEN);
                self.answer(status, language, Sentence::WrongPassword)
            }
            ChangeError::Rejected(violations) => {
                let status = self.business(StatusCode::BAD_REQUEST);
                self.answer(status, language, Sentence::Rejected(violations))
            }
            ChangeError::TooManyAttempts { retry_after } => {
                let status = StatusCode::TOO_MANY_REQUESTS;
                let reply = self.answer(status, language, Sentence::TooManyAttempts);
                reply::with_retry_after(reply, *retry_after)
            }
            _ => self.answer(StatusCode::INTERNAL_SERVER_ERROR, language, Sentence::Fault),
        }
    }
}

impl Spec for EcomSpec {
    fn name(&self) -> &'static str {
        "ecom"
    }

    fn route(&self, path: &str, method: &Method) -> Route {
        let is_own = path.strip_suffix('/').unwrap_or(path) == PATH;
        Route::of_resource(is_own, path, PATH, method, METHOD)
    }

    fn credentials(&self, head: &Head<'_>) -> Vec<Credential> {
        vec![Credential::Key(KeyKind::Service, header::bearer(&head.parts.headers))]
    }

    fn admit(&self, head: &Head<'_>, _caller: &Caller) -> Result<(), Reply> {
        if header::media_type(&head.parts.headers).as_deref() == Some("application/json") {
            Ok(())
        } else {
            Err(self.answer(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                Language::default(),
                Sentence::UnsupportedMediaType,
            ))
        }
    }

    fn read(&self, head: &Head<'_>, body: &[u8], caller: &Caller) -> Result<Change, Reply> {
        let request = PasswordChange::from_body(body).map_err(|error| self.unreadable(&error))?;
        let context = Context {
            channel: request.channel.clone(),
            display_name: request.display_name(),
            language: request.language.clone(),
            ..Context::new(self.name())
        };
        Ok(Change {
            subject: Subject::new(head.realm.clone(), request.user_id),
            caller: caller.clone(),
            authority: Authority::AnyoneWithProof,
            proof: Proof::OldPassword(request.old_password),
            otp: None,
            new_password: request.new_password,
            // The caller is the bot, which has no session of the user's to keep.
            sessions: Sessions::EndAll,
            context: context.bounded(),
        })
    }

    fn write(
        &self,
        _head: &Head<'_>,
        context: &Context,
        result: Result<&Changed, &ChangeError>,
    ) -> Reply {
        let language = context.language.as_deref().map(Language::of_code).unwrap_or_default();
        match result {
            Ok(_) => self.answer(StatusCode::OK, language, Sentence::Changed),
            Err(error) => self.failed(language, error),
        }
    }

    fn refuse(&self, _head: &Head<'_>, refusal: Refusal<'_>) -> Reply {
        let say = |status, sentence| self.answer(status, Language::default(), sentence);
        match refusal {
            Refusal::NotFound => say(StatusCode::NOT_FOUND, Sentence::NotFound),
            Refusal::MethodNotAllowed { allow } => {
                let reply = say(StatusCode::METHOD_NOT_ALLOWED, Sentence::MethodNotAllowed);
                reply::with_allow(reply, allow)
            }
            Refusal::Unauthenticated(_) => {
                let mut reply = say(StatusCode::UNAUTHORIZED, Sentence::Unauthenticated);
                let scheme = HeaderValue::from_static("Bearer");
                reply.headers_mut().insert(WWW_AUTHENTICATE, scheme);
                reply
            }
            Refusal::UnsupportedEncoding => {
                say(StatusCode::UNSUPPORTED_MEDIA_TYPE, Sentence::UnsupportedMediaType)
            }
            Refusal::BodyTooLarge => say(StatusCode::PAYLOAD_TOO_LARGE, Sentence::BodyTooLarge),
            Refusal::BodyIncomplete => say(StatusCode::REQUEST_TIMEOUT, Sentence::BodyIncomplete),
            Refusal::Unavailable { retry_after } => {
                let reply = say(StatusCode::SERVICE_UNAVAILABLE, Sentence::Unavailable);
                reply::with_retry_after(reply, retry_after)
            }
            _ => say(StatusCode::INTERNAL_SERVER_ERROR, Sentence::Fault),
        }
    }
}
