use std::sync::Arc;

use http::Method;
use repass_spec::Route;

use crate::mount::Mount;
use crate::panics::{Panicked, guard};

/// A mount together with its API's name, asked for once.
#[derive(Debug)]
pub(crate) struct Mounted {
    pub(crate) name: &'static str,
    pub(crate) mount: Mount,
}

/// Which mount answers a request, and with what.
#[derive(Debug)]
pub(crate) struct Routed {
    pub(crate) mounted: Arc<Mounted>,
    /// How many bytes of the path are the mount's prefix; 0 when the path is below no mount.
    pub(crate) prefix_length: usize,
    pub(crate) verdict: Verdict,
}

#[derive(Debug)]
pub(crate) enum Verdict {
    Here,
    OtherMethod { allow: String },
    NotFound,
    Panicked(Panicked),
}

/// Finds who answers; `None` only when there are no mounts at all.
///
/// Of the mounts whose prefix the path has, one whose route it is wins; then one that knows the path
/// but not the method; then the longest prefix, then the highest affinity. When the path is below no
/// mount, the highest affinity to the whole path decides. Whatever is still equal goes to the mount
/// that was mounted first.
pub(crate) fn find(mounts: &[Arc<Mounted>], path: &str, method: &Method) -> Option<Routed> {
    let mut candidates = Vec::new();
    for mounted in mounts.iter().filter(|mounted| mounted.mount.prefix.covers(path)) {
        let prefix_length = mounted.mount.prefix.as_str().len();
        match ask(mounted, below(path, prefix_length), method) {
            Ok(route) => candidates.push(Candidate { mounted, prefix_length, route }),
            Err(panicked) => return Some(failed(mounted, prefix_length, panicked)),
        }
    }
    if candidates.is_empty() {
        return nearest(mounts, path, method);
    }
    let allow = allowed(&candidates);
    let best = first_max(candidates, |candidate| {
        (Standing::of(&candidate.route), candidate.prefix_length, affinity(&candidate.route))
    })?;
    let verdict = match best.route {
        Route::Here => Verdict::Here,
        Route::OtherMethod { .. } => Verdict::OtherMethod { allow },
        Route::Elsewhere { .. } => Verdict::NotFound,
    };
    Some(Routed { mounted: Arc::clone(best.mounted), prefix_length: best.prefix_length, verdict })
}

/// The path below a prefix of so many bytes, always with its leading slash.
pub(crate) fn below(path: &str, prefix_length: usize) -> &str {
    path.get(prefix_length..).filter(|rest| rest.starts_with('/')).unwrap_or("/")
}

struct Candidate<'a> {
    mounted: &'a Arc<Mounted>,
    prefix_length: usize,
    route: Route,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    Elsewhere,
    OtherMethod,
    Here,
}

impl Standing {
    const fn of(route: &Route) -> Self {
        match route {
            Route::Here => Self::Here,
            Route::OtherMethod { .. } => Self::OtherMethod,
            Route::Elsewhere { .. } => Self::Elsewhere,
        }
    }
}

/// Who answers a path that is below no mount: it gets the answer of the API it looks most like.
fn nearest(mounts: &[Arc<Mounted>], path: &str, method: &Method) -> Option<Routed> {
    let mut candidates = Vec::new();
    for mounted in mounts {
        match ask(mounted, below(path, 0), method) {
            Ok(route) => candidates.push((mounted, affinity(&route))),
            Err(panicked) => return Some(failed(mounted, 0, panicked)),
        }
    }
    let (mounted, _) = first_max(candidates, |(_, affinity)| *affinity)?;
    Some(Routed { mounted: Arc::clone(mounted), prefix_length: 0, verdict: Verdict::NotFound })
}

fn ask(mounted: &Mounted, path: &str, method: &Method) -> Result<Route, Panicked> {
    guard(|| mounted.mount.spec.route(path, method))
}

fn failed(mounted: &Arc<Mounted>, prefix_length: usize, panicked: Panicked) -> Routed {
    Routed { mounted: Arc::clone(mounted), prefix_length, verdict: Verdict::Panicked(panicked) }
}

fn affinity(route: &Route) -> usize {
    match route {
        Route::Elsewhere { affinity } => *affinity,
        Route::Here | Route::OtherMethod { .. } => usize::MAX,
    }
}

/// What the path takes at all, wherever it is known (RFC 9110, 15.5.6).
fn allowed(candidates: &[Candidate<'_>]) -> String {
    let mut methods: Vec<&str> = Vec::new();
    for candidate in candidates {
        if let Route::OtherMethod { allow } = candidate.route {
            for method in allow.split(',').map(str::trim) {
                if !methods.contains(&method) {
                    methods.push(method);
                }
            }
        }
    }
    methods.join(", ")
}

/// The greatest, and of equals the first (`max_by_key` takes the last).
fn first_max<T, K: Ord>(items: Vec<T>, key: impl Fn(&T) -> K) -> Option<T> {
    items.into_iter().reduce(|best, next| if key(&next) > key(&best) { next } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_below_a_prefix_keeps_its_slash() {
        assert_eq!(below("/shop/v1", 5), "/v1");
        assert_eq!(below("/shop", 5), "/");
        assert_eq!(below("/shop/", 5), "/");
        assert_eq!(below("*", 0), "/");
        assert_eq!(below("", 0), "/");
    }

    #[test]
    fn of_equals_the_first_is_taken() {
        assert_eq!(first_max(vec![(1, 'a'), (2, 'b'), (2, 'c')], |item| item.0), Some((2, 'b')));
    }
}
