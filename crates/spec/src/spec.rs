use crate::{Head, Reply, RouteMatch};

/// One vendor's password-change API.
pub trait Spec: Send + Sync + 'static {
    /// The API's name in logs and in the audit trail.
    fn name(&self) -> &'static str;

    /// Begins a request, if it is this API's: reads from its head all that is needed of it later.
    fn begin(&self, head: &Head<'_>) -> RouteMatch;

    /// Answers a request for a path that no API has.
    fn not_found(&self, head: &Head<'_>) -> Reply;

    /// Answers a request for a path of this API by a method that it does not take. `allow` is for the
    /// `Allow` header.
    fn method_not_allowed(&self, head: &Head<'_>, allow: &str) -> Reply;
}
