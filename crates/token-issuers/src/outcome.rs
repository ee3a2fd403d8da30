//! The outcome of the verification of a token.

use std::error::Error;

use repass_core::SignedTokenError;

/// Why a token is not accepted.
#[derive(Debug)]
pub(crate) enum VerifyError {
    /// The token is not valid.
    Refused(Refusal),
    /// The issuer cannot be asked.
    Unavailable(Box<dyn Error + Send + Sync>),
}

impl<R: Into<Refusal>> From<R> for VerifyError {
    fn from(refusal: R) -> Self {
        Self::Refused(refusal.into())
    }
}

/// The reason for the log why a token is refused. It quotes nothing of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(transparent)]
    Token(#[from] SignedTokenError),
    #[error("the type of the token (`typ`) is neither at+jwt nor JWT")]
    Type,
    #[error("the token is bound to a key of its client (`cnf`), whose possession is not checked")]
    Bound,
    #[error("the claim that names the user is missing or is no user id")]
    UserId,
    #[error("the issuer says that the token is not active")]
    Inactive,
    #[error("the account of the token does not exist")]
    UnknownAccount,
    #[error("the account of the token is inactive")]
    InactiveAccount,
}
