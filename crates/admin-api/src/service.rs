use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::middleware;
use axum::response::Response;
use axum::routing::RouterIntoService;
use bytes::Bytes;
use http_body::Body as HttpBody;
use repass_core::Engine;
use repass_http::BoxError;
use tokio_util::task::TaskTracker;
use tower_service::Service;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::problem::Problem;
use crate::state::{Options, State};
use crate::{
    accounts, audit, description, import, keys, otp, outbox, passwords, policy, resets, respond,
    tokens,
};

/// The admin API. It is cheap to clone, always ready and never fails.
#[derive(Clone)]
pub struct AdminApi {
    router: RouterIntoService<Body>,
    tasks: TaskTracker,
}

impl AdminApi {
    /// Creates the service.
    pub fn new(engine: Engine, options: Options) -> Self {
        let tasks = TaskTracker::new();
        let state = State { engine, options: Arc::new(options), tasks: tasks.clone() };
        let (calls, document) = router().split_for_parts();
        let router = calls
            .merge(description::router(&document))
            .fallback(|| async { Problem::new("not-found", "see /admin/v1/docs") })
            .method_not_allowed_fallback(|| async {
                Problem::new("method-not-allowed", "see the header Allow")
            })
            .layer(middleware::from_fn_with_state(state.clone(), respond::respond))
            .with_state(state);
        Self { router: router.into_service(), tasks }
    }

    /// Ends the answers without end, which follow the audit trail, within a second.
    ///
    /// For a shutdown: call this before the server waits for the open connections.
    pub fn end_streams(&self) {
        self.tasks.close();
    }

    /// Waits until every running call has ended, including those whose clients have disconnected.
    ///
    /// For a shutdown: call this after the last request and before the store is closed.
    pub async fn drain(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Returns all calls with their description.
pub(crate) fn router() -> OpenApiRouter<State> {
    let calls = OpenApiRouter::new()
        .merge(accounts::router())
        .merge(import::router())
        .merge(passwords::router())
        .merge(tokens::router())
        .merge(resets::router())
        .merge(otp::router())
        .merge(policy::router())
        .merge(audit::router())
        .merge(outbox::router())
        .merge(keys::router());
    OpenApiRouter::with_openapi(OpenApi::default()).nest("/admin/v1/realms/{realm}", calls)
}

impl fmt::Debug for AdminApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminApi(..)")
    }
}

impl<B> Service<http::Request<B>> for AdminApi
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
