//! `/reset`: a new password, with the link or the code of a mail.

use axum::Extension;
use axum::extract::State as Shared;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use repass_core::{AdministrationError, Plaintext, Proof, Subject, UserId, token};

use crate::change::{Body, Form};
use crate::page::{Field, PageKind, Problem};
use crate::respond::Code;
use crate::state::State;
use crate::visit::Visit;

pub(crate) async fn show(
    Shared(state): Shared<State>,
    Extension(visit): Extension<Visit>,
) -> Response {
    state.show_after_link(PageKind::Reset, &visit)
}

pub(crate) async fn done(
    Shared(state): Shared<State>,
    Extension(visit): Extension<Visit>,
) -> Response {
    state.show(PageKind::ResetDone, &visit)
}

pub(crate) async fn submit(
    Shared(state): Shared<State>,
    Extension(visit): Extension<Visit>,
    Extension(body): Body,
) -> Response {
    match reset(&state, &visit, &body).await {
        Ok(response) | Err(response) => response,
    }
}

async fn reset(state: &State, visit: &Visit, body: &[u8]) -> Result<Response, Response> {
    let Form { fields, mut page } = state.read_form(PageKind::Reset, visit, body)?;
    let code = fields.text(Field::Code.id()).to_owned();
    page.code = Plaintext::new(code).into();
    let missing = [
        (Field::Username, page.username.is_empty(), "missing-name"),
        (Field::Code, page.code.is_empty(), "missing-code"),
        (Field::NewPassword, fields.is_empty(Field::NewPassword.id()), "missing-new"),
    ];
    for (field, _, message) in missing.into_iter().filter(|(_, is_missing, _)| *is_missing) {
        page.problems.push(Problem::new(field, page.text(message)));
    }
    let page = state.check(page)?;
    let (username, token) = (page.username.clone(), read_token(&page.code));
    let subject = subject(state, &username, read_token(&page.code));
    Ok(state.change(visit, page, subject, Proof::ResetToken(token), fields).await)
}

/// Returns the token that was typed, or that the script has taken from the link.
fn read_token(code: &Plaintext) -> Plaintext {
    token::read_code(code).unwrap_or_else(|| Plaintext::from(code.expose()))
}

/// Returns the account of a valid token, if the name is one of it, so that several accounts can have
/// the e-mail address; otherwise that of the name.
async fn subject(
    state: &State,
    username: &str,
    token: Plaintext,
) -> Result<Subject, AdministrationError> {
    let administration = state.engine.administration();
    if let Some(reset) = administration.valid_reset(&token).await?
        && let Some(account) = administration.store().account(reset.account).await?
        && account.realm == state.shared.options.realm
        && (account.has_email(username)
            || username.parse::<UserId>().is_ok_and(|user_id| account.user_id == user_id))
    {
        return Ok(Subject::new(account.realm, account.user_id.as_str()));
    }
    state.subject(username).await
}

/// Tells the script whether the token of a link is valid, without redeeming it, so that people learn
/// of a dead link before they choose a password. It does not name the account, and a token cannot be
/// guessed.
pub(crate) async fn check(
    Shared(state): Shared<State>,
    Extension(visit): Extension<Visit>,
    Extension(body): Body,
) -> Response {
    let fields = match state.read_script_call(&visit, &body) {
        Ok(fields) => fields,
        Err(refused) => return refused,
    };
    let token = read_token(&Plaintext::from(fields.text(Field::Code.id())));
    match state.engine.administration().valid_reset(&token).await {
        Ok(found) => json(&serde_json::json!({ "valid": found.is_some() })),
        Err(error) => state.failed(&visit, state.page(PageKind::Error, &visit), &error),
    }
}

/// Returns an answer to the script.
pub(crate) fn json(answer: &serde_json::Value) -> Response {
    let mut response = ([(CONTENT_TYPE, "application/json")], answer.to_string()).into_response();
    response.extensions_mut().insert(Code("ok"));
    response
}
