//! `/password`: the change with the current password.

use axum::Extension;
use axum::extract::State as Shared;
use axum::response::Response;
use repass_core::Proof;

use crate::change::{Body, Form};
use crate::page::{Field, PageKind, Problem};
use crate::state::State;
use crate::visit::Visit;

pub(crate) async fn show(
    Shared(state): Shared<State>,
    Extension(visit): Extension<Visit>,
) -> Response {
    state.show(PageKind::Password, &visit)
}

pub(crate) async fn done(
    Shared(state): Shared<State>,
    Extension(visit): Extension<Visit>,
) -> Response {
    state.show(PageKind::PasswordDone, &visit)
}

pub(crate) async fn submit(
    Shared(state): Shared<State>,
    Extension(visit): Extension<Visit>,
    Extension(body): Body,
) -> Response {
    match change(&state, &visit, &body).await {
        Ok(response) | Err(response) => response,
    }
}

async fn change(state: &State, visit: &Visit, body: &[u8]) -> Result<Response, Response> {
    let Form { mut fields, mut page } = state.read_form(PageKind::Password, visit, body)?;
    let current = fields.take_secret(Field::CurrentPassword.id());
    let missing = [
        (Field::Username, page.username.is_empty(), "missing-name"),
        (Field::CurrentPassword, current.is_empty(), "missing-current"),
        (Field::NewPassword, fields.is_empty(Field::NewPassword.id()), "missing-new"),
    ];
    for (field, _, message) in missing.into_iter().filter(|(_, is_missing, _)| *is_missing) {
        page.problems.push(Problem::new(field, page.text(message)));
    }
    let page = state.check(page)?;
    let username = page.username.clone();
    let subject = state.subject(&username);
    Ok(state.change(visit, page, subject, Proof::OldPassword(current), fields).await)
}
