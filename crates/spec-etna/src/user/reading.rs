use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use repass_core::{Realm, Subject, TokenIdentity};

use super::{InvalidUser, User};

/// The number of segments of the path.
const SEGMENTS: usize = 5;

const VERSIONS: [&str; 2] = ["v1.0", "v1"];

/// Reads the user from `path`. `None` if it is not a path of this API. As in ASP.NET, the other
/// segments are compared without case, and one slash may follow.
pub(crate) fn from_path(path: &str) -> Option<Result<User, InvalidUser>> {
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
    matches.then(|| user.parse())
}

impl User {
    /// Returns the account of this user, where `holder` makes the request.
    pub(crate) fn subject(self, realm: Realm, holder: &TokenIdentity) -> Subject {
        match self {
            Self::Id(id) if holder.user_id.as_str().parse() != Ok(id) => {
                Subject::new(realm, id.to_string())
            }
            _ => Subject::new(realm, holder.user_id.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path;

    /// Proves ETNA-1, ETNA-2.
    #[test]
    fn paths_match_in_any_case_with_either_version() {
        for (path, user) in [
            ("/v1.0/users/@me/password/change", Ok(User::Me)),
            ("/v1/users/%40me/password/change", Ok(User::Me)),
            ("/V1.0/Users/17/PASSWORD/Change/", Ok(User::Id(17))),
            ("/v1.0/users/%2D1/password/change", Ok(User::Id(-1))),
            ("/v1.0/users/%FF/password/change", Err(InvalidUser)),
        ] {
            assert_eq!(from_path(path), Some(user), "{path}");
        }
    }

    #[test]
    fn other_paths_do_not_match() {
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
            assert_eq!(from_path(path), None, "{path}");
        }
    }

    /// Proves E12.
    #[test]
    fn e12_the_server_reads_the_clients_path() {
        for user in [User::Me, User::Id(i32::MIN), User::Id(17)] {
            assert_eq!(from_path(&path(user)), Some(Ok(user)));
        }
    }
}
