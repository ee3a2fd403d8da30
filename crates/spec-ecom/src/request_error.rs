use std::fmt;

use repass_spec::json::JsonError;

use crate::Language;

/// The reason why a body cannot be read as a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the body is not a request to change a password")]
#[non_exhaustive]
pub struct RequestError {
    /// The language of the request, or English if it could not be read.
    pub language: Language,
    /// The problem.
    #[source]
    pub problem: RequestProblem,
}

/// The problem with a body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestProblem {
    /// It is not JSON, or a member that must be an object is not.
    #[error(transparent)]
    Malformed(#[from] JsonError),
    /// Required members are missing, empty or of a wrong type.
    #[error("required members are missing")]
    Missing(Vec<Field>),
    /// The new password and its confirmation differ.
    #[error("the new password and its confirmation differ")]
    ConfirmationDiffers,
}

/// A required member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Field {
    /// The account.
    Uid,
    /// The current password.
    OldPassword,
    /// The new password.
    NewPassword,
    /// The new password again.
    ConfirmPassword,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Uid => "uid",
            Self::OldPassword => "oldPassword",
            Self::NewPassword => "newPassword",
            Self::ConfirmPassword => "confirmPassword",
        })
    }
}
