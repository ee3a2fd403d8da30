//! The well-known URL for changing passwords (W3C, A Well-Known URL for Changing Passwords).

use axum::extract::State as Shared;
use axum::response::Response;

use crate::state::{State, see_other};

pub(crate) const CHANGE_PASSWORD: &str = "/.well-known/change-password";

/// The path by which password managers find out whether a server answers 404 for paths that do not
/// exist.
pub(crate) const RELIABILITY: &str =
    "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200";

pub(crate) async fn change_password(Shared(state): Shared<State>) -> Response {
    see_other(&format!("{}/password", state.shared.options.base_url.prefix()))
}
