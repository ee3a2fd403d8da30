use std::time::Duration;

use repass_core::KeyKind;

/// Why a request of an API never became a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejection {
    /// The required key or token is missing, unknown, expired or revoked.
    Unauthenticated(RequiredCredential),
    /// The body has a content coding such as gzip; the server reads plain bodies alone (RFC 9110,
    /// 15.5.16). The server adds `Accept-Encoding`.
    UnsupportedEncoding,
    /// The body is larger than the server reads.
    BodyTooLarge,
    /// The body did not arrive in time, or broke off.
    BodyIncomplete,
    /// The server cannot serve at the moment.
    Unavailable {
        /// After how long another try can succeed.
        retry_after: Duration,
    },
    /// The server failed.
    Fault,
}

impl Rejection {
    /// The outcome in logs and metrics; never changes.
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

/// What an API requires of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequiredCredential {
    /// A key of this kind.
    Key(KeyKind),
    /// An access token.
    AccessToken,
}
