//! `/policy/evaluate`: what the policy refuses in a password that is being typed.

use axum::Extension;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::Response;
use repass_core::{ContextWords, PolicyContext};
use repass_messages::violation;
use serde_json::json;

use crate::change::Body;
use crate::fields::Fields;
use crate::page::{Field, PageKind};
use crate::reset;
use crate::state::State;
use crate::visit::Visit;

/// Evaluates a password. No account is looked up: only the name that was typed counts as a
/// context-specific word, and neither the current nor earlier passwords are compared, since that
/// would be a way to guess them. Passwords from breaches are not looked up, since anyone can call
/// this; the change looks them up after the proof.
pub(crate) async fn evaluate(
    Shared(state): Shared<State>,
    Extension(visit): Extension<Visit>,
    Extension(body): Body,
) -> Response {
    let mut fields = match state.read_script_call(&visit, &body) {
        Ok(fields) => fields,
        Err(refused) => return refused,
    };
    let candidate = fields.take_secret(Field::NewPassword.id());
    let name = Some(fields.text(Field::Username.id()));
    let words = match name.filter(|name| !name.is_empty()) {
        Some(email) if email.contains('@') => {
            ContextWords { email: Some(email), ..ContextWords::default() }
        }
        user_id => ContextWords { user_id, ..ContextWords::default() },
    };
    let context = PolicyContext { words, ..PolicyContext::default() };
    let violations: Vec<_> = state
        .shared
        .policy
        .evaluate(&candidate, &context)
        .iter()
        .map(|own| json!({ "code": own.code(), "message": violation(visit.language, own) }))
        .collect();
    reset::json(&json!({ "violations": violations }))
}

impl State {
    /// Reads a call of the script of our pages, within its limit.
    pub(crate) fn read_script_call(&self, visit: &Visit, body: &[u8]) -> Result<Fields, Response> {
        let now = self.engine.administration().now();
        self.shared.script.check(visit.peer, now).map_err(|delay| {
            let (page, status) = (self.page(PageKind::Error, visit), StatusCode::TOO_MANY_REQUESTS);
            self.wait(page, status, "too-many-requests", "too-many", delay)
        })?;
        self.read_fields(visit, body)
    }
}
