//! `/forgot`: the request for a mail with a reset link.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::Response;
use repass_core::SignInName;

use crate::change::{Body, Form};
use crate::page::{Field, PageKind, Problem};
use crate::state::{State, see_other};
use crate::visit::Visit;

pub(crate) async fn show(
    Shared(state): Shared<State>,
    Extension(visit): Extension<Visit>,
) -> Response {
    state.show_after_link(PageKind::Forgot, &visit)
}

pub(crate) async fn sent(
    Shared(state): Shared<State>,
    Extension(visit): Extension<Visit>,
) -> Response {
    state.show(PageKind::Sent, &visit)
}

pub(crate) async fn submit(
    Shared(state): Shared<State>,
    Extension(visit): Extension<Visit>,
    Extension(body): Body,
) -> Response {
    match request(&state, &visit, &body) {
        Ok(response) | Err(response) => response,
    }
}

fn request(state: &State, visit: &Visit, body: &[u8]) -> Result<Response, Response> {
    let Form { mut page, .. } = state.read_form(PageKind::Forgot, visit, body)?;
    if page.username.is_empty() {
        page.problems.push(Problem::new(Field::Username, page.text("missing-name")));
    }
    let page = state.check(page)?;
    let administration = state.engine.administration().clone();
    if let Err(delay) = state.shared.forgot.check(visit.peer, administration.now()) {
        let status = StatusCode::TOO_MANY_REQUESTS;
        return Err(state.wait(page, status, "too-many-requests", "too-many", delay));
    }
    let Ok(place) = Arc::clone(&state.shared.mailing).try_acquire_owned() else {
        return Err(state.busy(page, "busy", Duration::from_secs(1)));
    };
    let administration = administration.acting_for("anonymous", visit.context());
    let (state_of, visit_of, name) = (state.clone(), visit.clone(), page.username.clone());
    // The answer does not wait, so that its time does not show whether there is such an account.
    state.tasks.spawn(async move {
        let _place = place;
        let options = &state_of.shared.options;
        let (per_hour, lifetime) = (options.mails_per_hour, options.reset_lifetime);
        let requested = async {
            let subject = state_of.subject(&name).await?;
            let name = match subject.user_id.is_empty() {
                true => SignInName::Email(name),
                false => SignInName::UserId(subject.user_id),
            };
            administration.request_reset(&options.realm, &name, per_hour, lifetime).await
        };
        if let Err(error) = requested.await {
            state_of.log_fault(&visit_of, &error);
        }
    });
    Ok(see_other(&page.link("/forgot/sent")))
}
