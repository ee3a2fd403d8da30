use std::sync::Arc;

use http::StatusCode;
use repass_core::Randomness;
use repass_spec::{Head, Reply, RouteMatch, Spec, header, reply};
use serde_json::Value;

use crate::call::EcomCall;
use crate::sentence::Sentence;
use crate::{AnswerBody, Language, METHOD, PATH, response_id};

const CONTENT_TYPE: &str = "application/json";

/// The ecom API.
#[derive(Debug, Clone)]
pub struct EcomSpec {
    randomness: Arc<dyn Randomness>,
    errors_as_ok: bool,
}

impl EcomSpec {
    /// Creates the API with its default options. `randomness` is for the identifiers of answers.
    pub fn new(randomness: Arc<dyn Randomness>) -> Self {
        Self { randomness, errors_as_ok: false }
    }

    /// Sets whether errors that the user can correct (wrong password, policy, confirmation) are
    /// answered with 200, for bots that drop the text of any other answer. The default is `false`.
    #[must_use]
    pub fn with_errors_as_ok(mut self, as_ok: bool) -> Self {
        self.errors_as_ok = as_ok;
        self
    }

    pub(crate) fn answer(
        &self,
        status: StatusCode,
        language: Language,
        sentence: Sentence<'_>,
    ) -> Reply {
        let body =
            AnswerBody::new(response_id::generate(&*self.randomness), sentence.text(language));
        reply::json(status, CONTENT_TYPE, &body)
    }

    /// Returns the status for an error that the user can correct.
    pub(crate) fn user_error_status(&self, status: StatusCode) -> StatusCode {
        if self.errors_as_ok { StatusCode::OK } else { status }
    }
}

impl Spec for EcomSpec {
    fn name(&self) -> &'static str {
        "ecom"
    }

    fn begin(&self, head: &Head<'_>) -> RouteMatch {
        let headers = &head.parts.headers;
        RouteMatch::at(head, METHOD, PATH, || EcomCall {
            spec: self.clone(),
            realm: head.realm.clone(),
            key: header::bearer(headers),
            is_json: header::media_type(headers).as_deref() == Some(CONTENT_TYPE),
            language: Language::default(),
        })
    }

    fn openapi(&self) -> Option<Value> {
        serde_json::from_str(include_str!("../openapi.json")).ok()
    }

    fn takes_access_tokens(&self) -> bool {
        false
    }

    fn not_found(&self, _: &Head<'_>) -> Reply {
        self.answer(StatusCode::NOT_FOUND, Language::default(), Sentence::NotFound)
    }

    fn method_not_allowed(&self, _: &Head<'_>, allow: &str) -> Reply {
        let status = StatusCode::METHOD_NOT_ALLOWED;
        let reply = self.answer(status, Language::default(), Sentence::MethodNotAllowed);
        reply::with_allow(reply, allow)
    }
}
