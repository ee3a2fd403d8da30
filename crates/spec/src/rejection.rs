use std::time::Duration;

use repass_core::KeyKind;

/// The reason why the server rejects a request before it becomes a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejection {
    /// The required key or token is missing, unknown, expired or revoked.
    Unauthenticated(RequiredCredential),
    /// The body has a content coding such as gzip; the server reads only plain bodies (RFC 9110,
    /// 15.5.16). The server adds `Accept-Encoding`.
    UnsupportedEncoding,
    /// The body is larger than the server reads.
    BodyTooLarge,
    /// The body did not arrive in time, or the connection was closed.
    BodyIncomplete,
    /// The server is overloaded, or its database cannot be reached.
    Unavailable {
        /// The time after which a retry can succeed.
        retry_after: Duration,
    },
    /// The server failed.
    Fault,
}

impl Rejection {
    /// Returns the code for logs and metrics. It never changes.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unauthenticated(_) => "unauthenticated",
            Self::UnsupportedEncoding => "unsupported-encoding",
            Self::BodyTooLarge => "too-large",
            Self::BodyIncomplete => "incomplete",
            Self::Unavailable { .. } => "unavailable",
            Self::Fault => "fault",
        }
    }
}

/// A credential that an API requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequiredCredential {
    /// A key of this kind.
    Key(KeyKind),
    /// An access token.
    AccessToken,
}
