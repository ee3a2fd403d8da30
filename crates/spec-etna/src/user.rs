//! The path, and the user that it names.

#[cfg(feature = "server")]
mod reading;

use std::fmt;
use std::str::FromStr;

#[cfg(feature = "server")]
pub(crate) use reading::from_path;

/// The template of the path, for the log.
#[cfg(feature = "server")]
pub(crate) const TEMPLATE: &str = "/v1.0/users/{user}/password/change";

/// The name of the holder of the access token in a path.
const ME: &str = "@me";

/// The user that a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum User {
    /// `@me`: the holder of the access token.
    Me,
    /// A user by id.
    Id(i32),
}

/// The text is neither `@me` nor a 32-bit integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the user id is neither @me nor a 32-bit integer")]
pub struct InvalidUser;

impl FromStr for User {
    type Err = InvalidUser;

    fn from_str(text: &str) -> Result<Self, InvalidUser> {
        if text == ME { Ok(Self::Me) } else { text.parse().map(Self::Id).map_err(|_| InvalidUser) }
    }
}

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Me => f.write_str(ME),
            Self::Id(id) => write!(f, "{id}"),
        }
    }
}

/// Returns the path below the mount's prefix.
pub fn path(user: User) -> String {
    format!("/v1.0/users/{user}/password/change")
}
