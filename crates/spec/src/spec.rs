use http::StatusCode;

use crate::{Head, Reply, RouteMatch, reply};

/// One vendor's password-change API.
pub trait Spec: Send + Sync + 'static {
    /// The API's name in logs and in the audit trail.
    fn name(&self) -> &'static str;

    /// Begins a request, if it is this API's: reads from its head all that is needed of it later.
    fn begin(&self, head: &Head<'_>) -> RouteMatch;

    /// Answers a request for a path that no API has; by 404 without a body unless implemented.
    fn not_found(&self, head: &Head<'_>) -> Reply {
        let _ = head;
        reply::empty(StatusCode::NOT_FOUND)
    }

    /// Answers a request for a path of this API by a method that it does not take; by 405 without a
    /// body unless implemented. `allow` is for the `Allow` header.
    fn method_not_allowed(&self, head: &Head<'_>, allow: &str) -> Reply {
        let _ = head;
        reply::with_allow(reply::empty(StatusCode::METHOD_NOT_ALLOWED), allow)
    }
}
