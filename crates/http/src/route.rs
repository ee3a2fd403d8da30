use std::sync::Arc;

use http::StatusCode;
use http::request::Parts;
use repass_spec::{Call, Head, Reply, RouteMatch, reply};

use crate::mount::Mount;
use crate::panics::{Panicked, guard};

/// The mount that a request is routed to, and the outcome there.
pub(crate) struct Routed {
    pub(crate) mount: Arc<Mount>,
    pub(crate) outcome: RouteOutcome,
}

pub(crate) enum RouteOutcome {
    /// The mount accepts the request.
    Matched(Box<dyn Call>),
    /// No mount accepts the method.
    MethodNotAllowed(Reply),
    /// No mount has the path.
    NotFound(Reply),
    /// The mount panicked.
    Panicked(Panicked),
}

/// Finds the mount for a request. `mounts` are sorted by the length of their prefixes, longest
/// first, then by the order of configuration.
///
/// The first mount that accepts the request gets it. If none does, the reply comes from the first
/// mount that has the path with another method, then from the first whose prefix matches, then from
/// `fallback`.
pub(crate) fn find(
    mounts: &[Arc<Mount>],
    fallback: &Arc<Mount>,
    parts: &Parts,
    head: &Head<'_>,
) -> Routed {
    let path = parts.uri.path();
    let mut allowed = None;
    for mount in mounts.iter().filter(|mount| mount.prefix().covers(path)) {
        let head = head.with_path(mount.below_prefix(path)).with_realm(mount.realm());
        match guard(|| mount.spec().begin(&head)) {
            Ok(RouteMatch::Match(call)) => return routed(mount, RouteOutcome::Matched(call)),
            Ok(RouteMatch::MethodNotAllowed { allow }) => {
                let (_, methods) = allowed.get_or_insert((mount, Vec::new()));
                if !methods.contains(&allow) {
                    methods.push(allow);
                }
            }
            Ok(RouteMatch::NoMatch) => {}
            Err(panicked) => return routed(mount, RouteOutcome::Panicked(panicked)),
        }
    }
    if let Some((mount, methods)) = allowed {
        let head = head.with_path(mount.below_prefix(path)).with_realm(mount.realm());
        // `Allow` lists the methods of all mounts that have the path (RFC 9110, 15.5.6).
        let answer = guard(|| mount.spec().method_not_allowed(&head, &methods.join(", ")));
        return answered(mount, answer, RouteOutcome::MethodNotAllowed);
    }
    let nearest = mounts.iter().find(|mount| mount.prefix().covers(path)).unwrap_or(fallback);
    let head = head.with_path(nearest.below_prefix(path)).with_realm(nearest.realm());
    answered(nearest, guard(|| nearest.spec().not_found(&head)), RouteOutcome::NotFound)
}

fn answered(
    mount: &Arc<Mount>,
    answer: Result<Reply, Panicked>,
    outcome: fn(Reply) -> RouteOutcome,
) -> Routed {
    routed(mount, answer.map_or_else(RouteOutcome::Panicked, outcome))
}

fn routed(mount: &Arc<Mount>, outcome: RouteOutcome) -> Routed {
    Routed { mount: Arc::clone(mount), outcome }
}

/// The reply when the vendor's code cannot write one.
pub(crate) fn empty_500() -> Reply {
    reply::empty(StatusCode::INTERNAL_SERVER_ERROR)
}
