use std::sync::Arc;

use http::StatusCode;
use http::request::Parts;
use repass_spec::{Call, Head, Reply, RouteMatch, reply};

use crate::mount::Mount;
use crate::panics::{Panicked, guard};

/// Which mount a request goes to, and what became of it there.
pub(crate) struct Routed {
    pub(crate) mount: Arc<Mount>,
    pub(crate) outcome: RouteOutcome,
}

pub(crate) enum RouteOutcome {
    /// The request is the mount's.
    Begun(Box<dyn Call>),
    /// The request is no mount's; this is the answer, and its outcome in the log.
    Answered(Reply, &'static str),
    /// The mount panicked.
    Panicked(Panicked),
}

/// Finds the mount that a request goes to. `mounts` stand in the order of their prefixes' lengths, the
/// longest first, and of equals in the order of the configuration.
///
/// The first mount whose request it is takes it. A request that is no mount's is answered by the first
/// that has the path but not the method; else by the first whose prefix the path has; else by the first
/// of the configuration, which is `fallback`.
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
            Ok(RouteMatch::Match(call)) => return routed(mount, RouteOutcome::Begun(call)),
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
        // What the path takes at all, by whichever mount (RFC 9110, 15.5.6).
        let answer = guard(|| mount.spec().method_not_allowed(&head, &methods.join(", ")));
        return answered(mount, answer, "method-not-allowed");
    }
    let nearest = mounts.iter().find(|mount| mount.prefix().covers(path)).unwrap_or(fallback);
    let head = head.with_path(nearest.below_prefix(path)).with_realm(nearest.realm());
    answered(nearest, guard(|| nearest.spec().not_found(&head)), "not-found")
}

fn answered(mount: &Arc<Mount>, answer: Result<Reply, Panicked>, outcome: &'static str) -> Routed {
    routed(
        mount,
        match answer {
            Ok(reply) => RouteOutcome::Answered(reply, outcome),
            Err(panicked) => RouteOutcome::Panicked(panicked),
        },
    )
}

fn routed(mount: &Arc<Mount>, outcome: RouteOutcome) -> Routed {
    Routed { mount: Arc::clone(mount), outcome }
}

/// The answer where not even a vendor's can be written.
pub(crate) fn bare_fault() -> Reply {
    reply::empty(StatusCode::INTERNAL_SERVER_ERROR)
}
