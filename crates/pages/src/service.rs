use std::convert::Infallible;
use std::fmt;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{RouterIntoService, get, post};
use axum::{Extension, Router, middleware};
use bytes::Bytes;
use http_body::Body as HttpBody;
use repass_core::Engine;
use repass_http::BoxError;
use tower_service::Service;

use crate::base_url::BaseUrl;
use crate::options::Options;
use crate::page::PageKind;
use crate::state::State;
use crate::visit::Visit;
use crate::{assets, evaluate, forgot, password, reset, respond, well_known};

/// The pages. Cheap to clone, always ready and never fails: errors are pages.
#[derive(Clone)]
pub struct Pages {
    router: RouterIntoService<Body>,
    state: State,
}

impl Pages {
    /// Creates the pages for the accounts of a realm. New passwords are evaluated by the engine's
    /// policy, which the pages also show.
    pub fn new(engine: Engine, options: Options) -> Self {
        let state = State::new(engine, options);
        let prefix = state.shared.options.base_url.prefix();
        let at = |path: &str| format!("{prefix}{path}");
        let mut router = Router::new()
            .route(prefix, get(well_known::change_password))
            .route(&at("/password"), get(password::show).post(password::submit))
            .route(&at("/password/done"), get(password::done))
            .route(&at("/reset"), get(reset::show).post(reset::submit))
            .route(&at("/reset/done"), get(reset::done))
            .route(&at("/reset/check"), post(reset::check))
            .route(&at("/policy/evaluate"), post(evaluate::evaluate))
            .route(&at("/assets/style.css"), get(assets::style_sheet))
            .route(&at("/assets/script.js"), get(assets::script))
            .route(&at("/assets/icon.svg"), get(assets::icon))
            .route(well_known::CHANGE_PASSWORD, get(well_known::change_password));
        if state.shared.options.mails_resets {
            router = router
                .route(&at("/forgot"), get(forgot::show).post(forgot::submit))
                .route(&at("/forgot/sent"), get(forgot::sent));
        }
        if state.shared.options.logo.is_some() {
            router = router.route(&at("/assets/logo"), get(assets::logo));
        }
        let router = router
            .fallback(not_found)
            .layer(middleware::from_fn_with_state(state.clone(), respond::respond))
            .with_state(state.clone());
        Self { router: router.into_service(), state }
    }

    /// The URL of the pages.
    pub fn base_url(&self) -> &BaseUrl {
        &self.state.shared.options.base_url
    }

    /// Waits until every running call has ended, including those whose clients have disconnected.
    ///
    /// For a shutdown: call this after the last request and before the store is closed.
    pub async fn drain(&self) {
        self.state.tasks.close();
        self.state.tasks.wait().await;
    }
}

async fn not_found(Shared(state): Shared<State>, Extension(visit): Extension<Visit>) -> Response {
    let page = state.page(PageKind::NotFound, &visit);
    state.answer(StatusCode::NOT_FOUND, "not-found", &page)
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").field("options", &self.state.shared.options).finish_non_exhaustive()
    }
}

impl<B> Service<http::Request<B>> for Pages
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = <RouterIntoService<Body> as Service<http::Request<Body>>>::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<http::Request<Body>>::poll_ready(&mut self.router, context)
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        self.router.call(request.map(Body::new))
    }
}
