//! The stylesheet, the script and the logo.

use axum::extract::{RawQuery, State as Shared};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

use crate::accent::Accent;
use crate::respond::Code;
use crate::state::State;

pub(crate) const SCRIPT: &str = include_str!("../templates/script.js");

const STYLE: &str = include_str!("../templates/style.css");

/// A padlock in the accent color, without which browsers ask for `/favicon.ico`.
pub(crate) const ICON: &str = include_str!("../templates/icon.svg");

/// For the URL of a page, which changes with the content.
const CACHED: &str = "public, max-age=31536000, immutable";

/// An SVG that is opened by itself runs nothing.
const INERT: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/// Returns the stylesheet with these colors.
pub(crate) fn style(accent: &Accent) -> String {
    STYLE
        .replace("/* light accent */ #000", &accent.on_light())
        .replace("/* dark accent */ #fff", &accent.on_dark())
}

pub(crate) async fn style_sheet(Shared(state): Shared<State>, query: RawQuery) -> Response {
    asset(&state, &query, "text/css; charset=utf-8", state.shared.style.clone())
}

pub(crate) async fn script(Shared(state): Shared<State>, query: RawQuery) -> Response {
    asset(&state, &query, "text/javascript; charset=utf-8", SCRIPT)
}

pub(crate) async fn icon(Shared(state): Shared<State>, query: RawQuery) -> Response {
    let icon = ICON.replace("#000", &state.shared.options.accent.on_light());
    inert(asset(&state, &query, "image/svg+xml", icon))
}

pub(crate) async fn logo(Shared(state): Shared<State>, query: RawQuery) -> Response {
    let Some(logo) = &state.shared.options.logo else {
        return StatusCode::NOT_FOUND.into_response();
    };
    inert(asset(&state, &query, logo.content_type, logo.image.clone()))
}

fn inert(mut response: Response) -> Response {
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(INERT));
    response
}

fn asset(
    state: &State,
    RawQuery(query): &RawQuery,
    content_type: &'static str,
    content: impl Into<Bytes>,
) -> Response {
    let mut response = ([(CONTENT_TYPE, content_type)], content.into()).into_response();
    // During an upgrade, a page of another version may ask for it, whose content is not this.
    if query.as_deref().and_then(|query| query.strip_prefix("v=")) == Some(&state.shared.version) {
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(CACHED));
    }
    response.extensions_mut().insert(Code("ok"));
    response
}
