use http::StatusCode;
use serde_json::Value;

use crate::{Head, Reply, RouteMatch, reply};

/// One vendor's password-change API.
pub trait Spec: Send + Sync + 'static {
    /// The API's name in logs and in the audit trail.
    fn name(&self) -> &'static str;

    /// Matches the head of a request. If the request is for this API, the call keeps all that it
    /// needs of the head.
    fn begin(&self, head: &Head<'_>) -> RouteMatch;

    /// Returns the API, with its options, as an OpenAPI 3.1 document. Its paths are below the
    /// mount's prefix. The names of its components begin with the name of the API, so that several
    /// documents can be combined. `None`, the default, if it is not described.
    fn openapi(&self) -> Option<Value> {
        None
    }

    /// Returns whether callers may have to present an access token, so that the issuers of tokens can
    /// be configured. The default is `true`.
    fn takes_access_tokens(&self) -> bool {
        true
    }

    /// Answers a request for an unknown path. The default is 404 without a body.
    fn not_found(&self, head: &Head<'_>) -> Reply {
        let _ = head;
        reply::empty(StatusCode::NOT_FOUND)
    }

    /// Answers a request for a path of this API with another method. The default is 405 without a
    /// body. `allow` is the value of the `Allow` header.
    fn method_not_allowed(&self, head: &Head<'_>, allow: &str) -> Reply {
        let _ = head;
        reply::with_allow(reply::empty(StatusCode::METHOD_NOT_ALLOWED), allow)
    }
}
