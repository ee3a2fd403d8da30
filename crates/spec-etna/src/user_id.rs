//! The path, and the user that it names.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use repass_core::{Authority, Caller, Subject};
use repass_spec::Head;

/// Whose passwords a caller may change: not even an administrator may change another user's.
pub(crate) const AUTHORITY: Authority = Authority::SelfOnly;

/// What the path calls the caller.
const CALLER: &str = "@me";

/// How many segments the path has.
const SEGMENTS: usize = 5;

const VERSIONS: [&str; 2] = ["v1.0", "v1"];

/// Why a path names nobody whose password the caller may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UserIdError {
    #[error("the user id is neither @me nor a 32-bit integer")]
    Malformed,
    #[error("the user id is not the caller's")]
    Denied,
}

/// The `{userID}` of `path`, decoded, when it is this API's path. The other segments count in any
/// case, and one slash may follow, as with ASP.NET.
pub(crate) fn segment(path: &str) -> Option<Cow<'_, str>> {
    let path = path.strip_prefix('/')?;
    let segments: Vec<Cow<'_, str>> = path
        .strip_suffix('/')
        .unwrap_or(path)
        .split('/')
        .take(SEGMENTS + 1)
        .map(|part| percent_decode_str(part).decode_utf8_lossy())
        .collect();
    let [version, users, user, password, change] =
        <[Cow<'_, str>; SEGMENTS]>::try_from(segments).ok()?;
    let fixed = [(users, "users"), (password, "password"), (change, "change")];
    let matches = VERSIONS.iter().any(|known| version.eq_ignore_ascii_case(known))
        && fixed.iter().all(|(segment, name)| segment.eq_ignore_ascii_case(name))
        && !user.is_empty();
    matches.then_some(user)
}

/// How near `path` comes to this API's, for [`repass_spec::Route::Elsewhere`].
pub(crate) fn affinity(path: &str) -> usize {
    let user = path.split('/').filter(|part| !part.is_empty()).nth(2).unwrap_or(CALLER);
    let own = |version| format!("/{version}/users/{user}/password/change");
    VERSIONS
        .map(|version| repass_spec::affinity(path, &own(version)))
        .into_iter()
        .max()
        .unwrap_or(0)
}

/// The account that the request's path names, which is the caller's own or nobody's.
///
/// # Errors
/// When the path names no user, or another one.
pub(crate) fn subject(head: &Head<'_>, caller: &Caller) -> Result<Subject, UserIdError> {
    let holder = caller.token.as_ref().ok_or(UserIdError::Denied)?;
    let user = segment(head.path).ok_or(UserIdError::Malformed)?;
    let user_id = if user == CALLER {
        holder.user_id.as_str().to_owned()
    } else {
        let id: i32 = user.parse().map_err(|_| UserIdError::Malformed)?;
        if holder.user_id.as_str().parse() == Ok(id) {
            holder.user_id.as_str().to_owned()
        } else {
            id.to_string()
        }
    };
    let subject = Subject::new(head.realm.clone(), user_id);
    if AUTHORITY.allows(caller, &subject) { Ok(subject) } else { Err(UserIdError::Denied) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_in_any_case_with_either_version() {
        for (path, user) in [
            ("/v1.0/users/@me/password/change", "@me"),
            ("/v1/users/%40me/password/change", "@me"),
            ("/V1.0/Users/17/PASSWORD/Change/", "17"),
            ("/v1.0/users/%2D1/password/change", "-1"),
            ("/v1.0/users/%FF/password/change", "\u{FFFD}"),
        ] {
            assert_eq!(segment(path).as_deref(), Some(user), "{path}");
        }
    }

    #[test]
    fn other_paths_are_not_ours() {
        for path in [
            "",
            "/",
            "v1.0/users/1/password/change",
            "/v2/users/1/password/change",
            "/v1.0/users//password/change",
            "/v1.0/users/1/password",
            "/v1.0/users/1/password/change//",
            "/v1.0/users/1/password/change/x",
            "//v1.0/users/1/password/change",
        ] {
            assert_eq!(segment(path), None, "{path}");
        }
    }

    #[test]
    fn affinity_counts_any_user() {
        assert_eq!(affinity("/v1/changePassword"), 1);
        assert_eq!(affinity("/V1.0/users/5/password/forget"), 4);
        assert_eq!(affinity("/api/users"), 0);
    }
}
