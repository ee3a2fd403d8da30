use http::StatusCode;
use http::header::{HeaderValue, WWW_AUTHENTICATE};
use repass_core::{
    Authority, Caller, Change, ChangeError, Changed, Context, KeyKind, Plaintext, Proof, Realm,
    Sessions, Subject,
};
use repass_spec::{Call, Credential, Rejection, Reply, reply};

use crate::sentence::Sentence;
use crate::{EcomSpec, Language, PATH, PasswordChange, RequestError, RequestProblem};

/// One request.
pub(crate) struct EcomCall {
    pub(crate) spec: EcomSpec,
    pub(crate) realm: Realm,
    pub(crate) key: Option<Plaintext>,
    pub(crate) is_json: bool,
    /// The language of the answer, after the body is read.
    pub(crate) language: Language,
}

impl EcomCall {
    fn unreadable(&self, error: &RequestError) -> Reply {
        let bad = StatusCode::BAD_REQUEST;
        let (status, sentence) = match &error.problem {
            RequestProblem::Malformed(_) => (bad, Sentence::Malformed),
            RequestProblem::Missing(fields) => (bad, Sentence::Missing(fields)),
            RequestProblem::ConfirmationDiffers => {
                (self.spec.user_error_status(bad), Sentence::ConfirmationDiffers)
            }
        };
        self.spec.answer(status, error.language, sentence)
    }

    fn failed(&self, error: &ChangeError) -> Reply {
        let say = |status, sentence| self.spec.answer(status, self.language, sentence);
        if let Some(after) = error.unavailable() {
            let reply = say(StatusCode::SERVICE_UNAVAILABLE, Sentence::Unavailable);
            return reply::with_retry_after(reply, after);
        }
        match error {
            ChangeError::WrongPassword => {
                say(self.spec.user_error_status(StatusCode::FORBIDDEN), Sentence::WrongPassword)
            }
            ChangeError::Rejected(violations) => say(
                self.spec.user_error_status(StatusCode::BAD_REQUEST),
                Sentence::Rejected(violations),
            ),
            ChangeError::TooManyAttempts { retry_after } => {
                let reply = say(StatusCode::TOO_MANY_REQUESTS, Sentence::TooManyAttempts);
                reply::with_retry_after(reply, *retry_after)
            }
            _ => say(StatusCode::INTERNAL_SERVER_ERROR, Sentence::Fault),
        }
    }
}

impl Call for EcomCall {
    fn route(&self) -> &'static str {
        PATH
    }

    fn credentials(&mut self) -> Vec<Credential> {
        vec![Credential::Key(KeyKind::Service, self.key.take())]
    }

    fn authorize(&mut self, _: &Caller) -> Result<(), Reply> {
        if self.is_json {
            return Ok(());
        }
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        Err(self.spec.answer(status, Language::default(), Sentence::UnsupportedMediaType))
    }

    fn read(&mut self, body: &[u8], caller: Caller) -> Result<Change, Reply> {
        let request = PasswordChange::from_body(body).map_err(|error| self.unreadable(&error))?;
        let language = request.language.as_deref().and_then(Language::from_code);
        self.language = language.unwrap_or_default();
        let context = Context {
            display_name: request.display_name(),
            channel: request.channel,
            language: request.language,
            ..Context::default()
        };
        let subject = Subject::new(self.realm.clone(), request.user_id);
        let authorization = Authority::AnyoneWithProof.decide(caller, subject);
        let proof = Proof::OldPassword(request.old_password);
        // The caller is the bot, which presents no access token of the user.
        Ok(Change::new(authorization, proof, request.new_password)
            .with_sessions(Sessions::EndAll)
            .with_context(context.bounded()))
    }

    fn respond(&self, result: Result<&Changed, &ChangeError>) -> Reply {
        match result {
            Ok(_) => self.spec.answer(StatusCode::OK, self.language, Sentence::Changed),
            Err(error) => self.failed(error),
        }
    }

    fn reject(&self, rejection: Rejection) -> Reply {
        let say = |status, sentence| self.spec.answer(status, Language::default(), sentence);
        match rejection {
            Rejection::Unauthenticated(_) => {
                let mut reply = say(StatusCode::UNAUTHORIZED, Sentence::Unauthenticated);
                let scheme = HeaderValue::from_static("Bearer");
                reply.headers_mut().insert(WWW_AUTHENTICATE, scheme);
                reply
            }
            Rejection::UnsupportedEncoding => {
                say(StatusCode::UNSUPPORTED_MEDIA_TYPE, Sentence::UnsupportedMediaType)
            }
            Rejection::BodyTooLarge => say(StatusCode::PAYLOAD_TOO_LARGE, Sentence::BodyTooLarge),
            Rejection::BodyIncomplete => say(StatusCode::REQUEST_TIMEOUT, Sentence::BodyIncomplete),
            Rejection::Unavailable { retry_after } => {
                let reply = say(StatusCode::SERVICE_UNAVAILABLE, Sentence::Unavailable);
                reply::with_retry_after(reply, retry_after)
            }
            _ => say(StatusCode::INTERNAL_SERVER_ERROR, Sentence::Fault),
        }
    }
}
